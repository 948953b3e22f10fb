"""The load generator: `wrk`, a compiled one, with the script beside this module, and what it reports.

It corrects latencies for coordinated omission (a server that stalls keeps requests from being sent, which then seem
never to have waited): for an answer that took longer than the interval at which its connection sends, the ones that
were due meanwhile are added. At a fixed rate the script gives each request its place in a schedule, so that a stall is
caught up with.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

from tools.bench.case import NotHere
from tools.errors import UserError
from tools.project import this_code

_SCRIPT: Final = Path(__file__).with_name("load.lua")
_HOME: Final = this_code() / ".pipeline" / "bench" / "wrk"
_PACKAGES: Final = ("wrk", "libluajit-5.1-2")
_PATIENCE_S: Final = 60.0
WARM_UP_S: Final = 3.0
_MISSING: Final = (
    "the load over HTTP needs the generator wrk, which this machine has not: install it (on Debian and Ubuntu: apt-get "
    "install wrk; on macOS: brew install wrk)"
)


class LoadFailed(UserError):
    """The load generator did not run, or the server refused what it sent: the figure is void."""


class Target(NamedTuple):
    """What is asked for: a POST of the file `body`, or of one of its lines each; without a body a GET."""

    url: str
    body: Path | None = None
    lines: bool = False
    content_type: str = "application/json"


class Report(NamedTuple):
    """Requests answered well a second, latencies in milliseconds, and how many others there were.

    `refused` were answered, but not with 2xx; `broken` had no answer.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    refused: int
    broken: int

    @property
    def failed(self) -> int:
        return self.refused + self.broken


def find_generator() -> tuple[Path, dict[str, str]]:
    """The program and its environment: the system's, or Debian's package unpacked here. Raises NotHere."""
    installed = shutil.which("wrk")
    if installed is not None:
        return Path(installed), {}
    if not (_HOME / "usr" / "bin" / "wrk").exists():
        _unpack()
    libraries = sorted({str(found.parent) for found in _HOME.glob("usr/lib/**/libluajit*.so*")})
    return _HOME / "usr" / "bin" / "wrk", {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def _unpack() -> None:
    """Debian's own package, which apt has checked; neither that nor unpacking needs rights. Raises NotHere."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotHere(_MISSING)
    packages = _HOME.with_name("packages")
    packages.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["apt-get", "download", *_PACKAGES],  # noqa: S607 - as found
        cwd=packages,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotHere(f"{_MISSING}; fetching it failed: {done.stderr.strip().splitlines()[-1]}")
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, _HOME], check=True)  # noqa: S607 - as found


def run_load(target: Target, connections: int, seconds: float, *, rate: float = 0.0, may_fail: bool = False) -> Report:
    """Load for some seconds, whole ones: as fast as the answers come, or at a fixed rate. Raises LoadFailed.

    Answers other than 2xx make the figure void, unless they may be (`may_fail`).
    """
    program, environment = find_generator()
    whole = math.ceil(seconds)
    command = [str(program), "-t1", f"-c{connections}", f"-d{whole}s", "--timeout", f"{whole + 30}s"]
    command += ["-s", str(_SCRIPT), target.url, "--", target.content_type, "lines" if target.lines else "whole"]
    command += [str(target.body or "-"), f"{rate:g}"]
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=whole + _PATIENCE_S,
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise LoadFailed(f"the load generator failed: {done.stderr.strip()[-600:] or done.stdout.strip()[-600:]}")
    report = read_report(json.loads(done.stdout.splitlines()[-1]))
    if not report.rate and not may_fail:
        raise LoadFailed(f"{target.url} answered nothing within {whole} s of load, so there is no figure")
    if report.failed and not may_fail:
        raise LoadFailed(
            f"of the requests to {target.url}, {report.refused} were not answered with 2xx and {report.broken} broke, "
            f"so the figure is void"
        )
    return report


def read_report(document: dict[str, Any]) -> Report:
    """What the script's last line says."""
    p50, p99, p999 = (document[name] / 1000 for name in ("p50_us", "p99_us", "p999_us"))
    refused, broken = document["refused"], document["broken"]
    good = document["requests"] - refused
    return Report(1e6 * good / document["duration_us"], p50, p99, p999, refused, broken)
