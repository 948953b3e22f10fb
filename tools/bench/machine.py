"""What a run was made on: the machine and the versions of all that takes part."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

from codegen.native.build import library_path
from tools.bench.load import find_generator
from tools.project import this_code

_PACKAGES: Final = (
    "confluent-kafka",
    "fastapi",
    "fastavro",
    "httptools",
    "msgspec",
    "pydantic",
    "uvicorn",
    "uvloop",
)


def describe_machine() -> dict[str, str]:
    """Names and values, for a table. Call it before a run: the load of others is among them."""
    found = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _said(["git", "-C", str(this_code()), "describe", "--always", "--dirty"]),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "Java": _first(r'version "([^"]+)"', _said(["java", "-version"])),
        "load generator": _generator(),
        "transcoder": "compiled" if library_path().exists() else "pure Python",
    }
    return {**found, **{name: metadata.version(name) for name in _PACKAGES}}


def _processor() -> str:
    """The model's name where the system tells it (proc(5), cpuinfo)."""
    file = Path("/proc/cpuinfo")
    text = file.read_text("utf-8", errors="replace") if file.exists() else ""
    return _first(r"model name\s*:\s*(.+)", text) or platform.processor() or "unknown"


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _generator() -> str:
    """wrk tells its version only in what it prints about itself."""
    try:
        program, environment = find_generator()
    except Exception as error:  # noqa: BLE001 - a table says so; the rows that need it fail by themselves
        return str(error)
    return _first(r"(wrk \S+)", _said([str(program), "-v"], environment))


def _said(command: list[str], environment: dict[str, str] | None = None) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).strip()


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1].strip() if found else ""
