"""Whether the generated models are still what the contracts say: what `python -m codegen --check` compares.

The running code compares for its own project; another copy's generator may say something else, and is a process.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from codegen.contract import Contract
from codegen.reading.json_source import Position
from tools.compatibility.findings import Finding, Place, Rule
from tools.project import project_environment, this_code

_TIMEOUT_S: Final = 300
_HOLDS, _DRIFT, _REFUSED = 0, 1, 2
# Patterns are compiled when something drifts.
_DIFFERENT: Final = r"(?m)^\+\+\+ b/(\S+)"
_ORPHAN: Final = r"(?m)^(.+\.py): no contract makes this file"


def check_drift(root: Path, contracts: Sequence[Contract]) -> list[Finding]:
    """A finding for each generated file that differs, is missing or is orphaned; none where there is no generator.

    `contracts` are all of the project at `root`.
    """
    models = root / "codegen" / "models"
    if not (root / "codegen" / "__main__.py").is_file():
        return []
    try:
        code, diff, error = _compare_here(models, contracts) if root == this_code() else _compare_there(root, models)
    except subprocess.TimeoutExpired:
        return [_finding(models, f"python -m codegen --check did not end within {_TIMEOUT_S} s", "run it by hand")]
    if code == _HOLDS:
        return []
    if code == _DRIFT:
        return list(_drifted(models, diff))
    said = next((line for line in error.splitlines() if line.strip()), f"exit code {code}")
    return [_finding(models, f"the models cannot be made: {said}", "run `python -m codegen` and mend what it names")]


def _compare_here(models: Path, contracts: Sequence[Contract]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the comparison, without a process."""
    from tools.compatibility.drift_stamp import digest_of, is_proved, remember

    root = this_code()
    digest = digest_of(root, contracts)
    if digest is not None and is_proved(root, digest):
        return _HOLDS, "", ""
    answer = _render_and_compare(models, contracts)
    # A file that was changed meanwhile is in one of the two digests.
    if answer[0] == _HOLDS and digest is not None and digest_of(root, contracts) == digest:
        remember(root, digest)
    return answer


def _render_and_compare(models: Path, contracts: Sequence[Contract]) -> tuple[int, str, str]:
    from codegen.generate import UnsupportedContract, generate
    from codegen.output import compare_output

    diff = io.StringIO()
    try:
        return compare_output(models, generate(contracts), diff), diff.getvalue(), ""
    except (UnsupportedContract, OSError) as error:
        return _REFUSED, "", str(error)


def _compare_there(root: Path, models: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-P", "-m", "codegen", "--check"]
    places = ["--schemas", str(root / "schemas"), "--out", str(models)]
    done = subprocess.run(
        [*command, *places],
        cwd=root,
        env=project_environment(root),
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    return done.returncode, done.stdout, done.stderr


def _drifted(models: Path, diff: str) -> Iterator[Finding]:
    for name in re.findall(_DIFFERENT, diff):
        path = models / name
        what = "differs from what the contracts make" if path.is_file() else "is not made yet"
        yield _finding(path, f"{name} {what}", "run `python -m codegen`, and commit what it writes")
    for name in re.findall(_ORPHAN, diff):
        yield _finding(Path(name), f"{Path(name).name} is made by no contract", "run `python -m codegen --clean`")


def _finding(path: Path, message: str, hint: str) -> Finding:
    parts = path.parts
    contract = parts[parts.index("models") + 1] if "models" in parts[:-2] else ""
    return Finding(Rule.DRIFT, contract, Place(path, Position(1, 1), "", ""), message, hint)
