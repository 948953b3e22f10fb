"""The gate from a cold start, against a Python that does nothing but import fastavro."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.errors import UserError
from tools.project import this_code

CPU = Metric("cpu", "ms", more_is_better=False)
WALL = Metric("wall", "ms", more_is_better=False)
FASTAVRO = "python -c 'import fastavro'"
_RUNS = 3


def open_cases(scale: Scale) -> Generator[Case]:
    pipeline = str(Path(sys.executable).parent / "pipeline")
    runs = _RUNS * (3 if scale.full else 1)
    yield Case(
        "pipeline schema check",
        (CPU, WALL),
        (
            Contender("product", lambda: cold([pipeline, "schema", "check"], runs)),
            Contender(FASTAVRO, lambda: cold([sys.executable, "-c", "import fastavro"], runs)),
        ),
        (Aim(CPU.name, FASTAVRO, 3.0),),
        "the processor's time is that of the process and of all that it starts, such as git",
    )


def cold(command: Sequence[str], runs: int) -> Mapping[str, float]:
    """The quickest of some runs: what is above it is the machine's doing. Raises UserError if a run fails."""
    seen = [_run(command) for _ in range(runs)]
    return {CPU.name: min(cpu for cpu, _ in seen), WALL.name: min(wall for _, wall in seen)}


def _environment() -> dict[str, str]:
    """Bytecode is kept, as Python does unless told otherwise: pip has compiled fastavro, and nobody our code."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _run(command: Sequence[str]) -> tuple[float, float]:
    started = perf_counter()
    process = subprocess.Popen(
        list(command), cwd=this_code(), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with process:
        said = process.stdout.read() if process.stdout is not None else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise UserError(f"`{' '.join(command)}` failed, so it cannot be measured: {said.decode(errors='replace')}")
    return 1000 * (usage.ru_utime + usage.ru_stime), 1000 * wall
