"""How long the registry takes to answer, and what it takes: `python -m tools.registry.figures`.

Takes a new file each time, the least time of some starts, and the memory after 200 registrations. On a machine that is
busy the CPU time tells more than the clock.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tools.registry.remote import Remote
from tools.registry.server import EmbeddedRegistry

_STARTS: Final = 5
_REGISTRATIONS: Final = 200
_KIB_PER_MIB: Final = 1024


def measure_start() -> tuple[float, float]:
    """Seconds from the start of the process to its first answer, by the clock; and the CPU time of its whole life."""
    with tempfile.TemporaryDirectory() as folder:
        before = _children_cpu_s()
        started = time.perf_counter()
        with EmbeddedRegistry(Path(folder) / "registry.db"):
            ready_s = time.perf_counter() - started
        return ready_s, _children_cpu_s() - before


def measure_memory() -> float:
    """Resident memory in MiB, after some registrations."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedRegistry(Path(folder) / "registry.db") as registry:
        remote = Remote(registry.url)
        for number in range(_REGISTRATIONS):
            fields = [{"name": "f", "type": "int"}]
            schema = json.dumps({"type": "record", "name": f"R{number}", "fields": fields})
            remote.post(f"/subjects/s{number}/versions", {"schema": schema})
        asked = ["ps", "-o", "rss=", "-p", str(registry.pid)]
        return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout) / _KIB_PER_MIB


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    starts = [measure_start() for _ in range(_STARTS)]
    print(f"ready after {min(ready for ready, _ in starts):.2f} s (least of {_STARTS} starts)")
    print(f"CPU time {min(cpu for _, cpu in starts):.2f} s, start and end")
    print(f"memory {measure_memory():.0f} MiB after {_REGISTRATIONS} registrations")
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
