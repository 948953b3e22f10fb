"""The load generator: `oha`, a compiled one, from crates.io in one pinned version, and what it reports.

At a fixed rate its latencies count from the moment at which a request was due (`--latency-correction`), so that a
server that stalls cannot hide the requests that it kept from being sent: coordinated omission.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

from tools.errors import UserError
from tools.project import this_code

VERSION: Final = "1.16.0"
_HOME: Final = this_code() / ".pipeline" / "bench" / f"oha-{VERSION}"
_PATIENCE_S: Final = 60.0


class LoadFailed(UserError):
    """The load generator is missing, did not run, or the server refused what it sent: the figure is void."""


class Target(NamedTuple):
    """What is asked for: a POST of the file `body`, or of one of its lines each; without a body a GET."""

    url: str
    body: Path | None = None
    lines: bool = False
    content_type: str = "application/json"


class Report(NamedTuple):
    """Requests answered 2xx a second, latencies in milliseconds, and how many were not answered 2xx."""

    rate: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    failed: int


def find_generator() -> Path:
    """The program: built once with cargo, below `.pipeline/bench`. Raises LoadFailed."""
    program = _HOME / "bin" / "oha"
    if not program.exists():
        _build()
    return program


def _build() -> None:
    cargo = shutil.which("cargo")
    if cargo is None:
        raise LoadFailed(
            "the load over HTTP needs the generator oha, which is built with cargo, and this machine has no cargo: "
            "install Rust (on Debian: apt-get install cargo), or run the rows that need none (--help lists them)"
        )
    # --locked takes the versions and the hashes from the package's own lock file.
    options = ["--locked", "--version", VERSION, "--no-default-features", "--root", str(_HOME), "oha"]
    done = subprocess.run([cargo, "install", "--quiet", *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadFailed(f"cargo could not build oha {VERSION}: {done.stderr.strip()[-600:]}")


def run_load(
    target: Target,
    connections: int,
    seconds: float,
    *,
    rate: float | None = None,
    may_fail: bool = False,
) -> Report:
    """Load for some seconds: as fast as the answers come, or at a fixed rate. Raises LoadFailed.

    Answers other than 2xx make the figure void, unless they may be (`may_fail`).
    """
    command = [str(find_generator()), "--no-tui", "--output-format", "json", "-z", f"{seconds:g}s"]
    command += ["-c", str(connections), *_rate_options(rate), *_body_options(target), target.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + _PATIENCE_S)
    if done.returncode != 0:
        raise LoadFailed(f"the load generator failed: {done.stderr.strip()[-600:] or done.stdout.strip()[-600:]}")
    report = read_report(json.loads(done.stdout))
    if report.failed and not may_fail:
        raise LoadFailed(f"{report.failed} requests to {target.url} were not answered 2xx, so the figure is void")
    return report


def _rate_options(rate: float | None) -> list[str]:
    return [] if rate is None else ["-q", f"{max(1, round(rate))}", "--latency-correction"]


def _body_options(target: Target) -> list[str]:
    if target.body is None:
        return []
    return ["-m", "POST", "-T", target.content_type, "-Z" if target.lines else "-D", str(target.body)]


def read_report(document: dict[str, Any]) -> Report:
    """What oha's JSON says. A request that the end of the run cut off is no failure."""
    statuses = {int(status): count for status, count in document["statusCodeDistribution"].items()}
    errors = {text: count for text, count in document["errorDistribution"].items() if "deadline" not in text}
    good = sum(count for status, count in statuses.items() if 200 <= status < 300)
    latencies = document["latencyPercentiles"]
    p50, p99, p999 = (1000 * (latencies[name] or 0.0) for name in ("p50", "p99", "p99.9"))
    failed = sum(statuses.values()) - good + sum(errors.values())
    return Report(good / document["summary"]["total"], p50, p99, p999, failed)
