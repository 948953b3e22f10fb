"""Whether the generated models are still what the contracts say: `python -m codegen --check` of the project.

A process of its own, because the generator is heavy and the gate is not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from codegen.json_source import Position
from tools.compatibility.findings import Finding, Place, Rule
from tools.project import project_environment

_TIMEOUT_S: Final = 300
_HOLDS, _DRIFT = 0, 1
_DIFFERENT: Final = re.compile(r"^\+\+\+ b/(\S+)", re.MULTILINE)
_ORPHAN: Final = re.compile(r"^(.+\.py): no contract makes this file", re.MULTILINE)


def check_drift(root: Path) -> list[Finding]:
    """A finding for each generated file that differs, is missing or is orphaned; none where there is no generator."""
    models = root / "codegen" / "models"
    if not (root / "codegen" / "__main__.py").is_file():
        return []
    command = [sys.executable, "-P", "-m", "codegen", "--check"]
    places = ["--schemas", str(root / "schemas"), "--out", str(models)]
    try:
        done = subprocess.run(
            [*command, *places],
            cwd=root,
            env=project_environment(root),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return [_finding(models, f"python -m codegen --check did not end within {_TIMEOUT_S} s", "run it by hand")]
    if done.returncode == _HOLDS:
        return []
    if done.returncode == _DRIFT:
        return list(_drifted(models, done.stdout))
    said = next((line for line in done.stderr.splitlines() if line.strip()), f"exit code {done.returncode}")
    return [_finding(models, f"the models cannot be made: {said}", "run `python -m codegen` and mend what it names")]


def _drifted(models: Path, diff: str) -> Iterator[Finding]:
    for name in _DIFFERENT.findall(diff):
        path = models / name
        what = "differs from what the contracts make" if path.is_file() else "is not made yet"
        yield _finding(path, f"{name} {what}", "run `python -m codegen`, and commit what it writes")
    for name in _ORPHAN.findall(diff):
        yield _finding(Path(name), f"{Path(name).name} is made by no contract", "run `python -m codegen --clean`")


def _finding(path: Path, message: str, hint: str) -> Finding:
    parts = path.parts
    contract = parts[parts.index("models") + 1] if "models" in parts[:-2] else ""
    return Finding(Rule.DRIFT, contract, Place(path, Position(1, 1), "", ""), message, hint)
