"""The source that codegen writes, of golden schemas and of drawn ones: strictly typed, linted and formatted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from codegen.generate import UnsupportedContract
from tests.codegen.sample_contracts import module_text, record, transcoder_texts
from tests.codegen.schema_strategies import schemas

REPOSITORY = Path(__file__).parents[2]
DRAWN = 40


def drawn_sources() -> list[str]:
    """Modules and transcoders of drawn schemas, which are others in each run of a person's."""
    sources: list[str] = []

    phases = [Phase.explicit, Phase.generate]

    @settings(max_examples=DRAWN, phases=phases, suppress_health_check=list(HealthCheck), database=None)
    @given(schemas())
    @example(record({"name": "a", "type": "null", "default": None}))
    @example(record({"name": "a", "type": ["null"]}))
    def draw(schema: dict[str, Any]) -> None:
        try:
            sources.append(module_text(schema))
            sources.extend(transcoder_texts(schema))
        except UnsupportedContract:
            return

    draw()
    return sources


def run(*command: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)  # mypy, of everything anew
def test_every_module_is_strictly_typed_linted_and_formatted(tmp_path: Path) -> None:
    golden = {path.name.partition(".")[0]: path for path in (Path(__file__).parent / "golden").glob("*.py.txt")}
    sources = {name: path.read_text(encoding="utf-8") for name, path in golden.items()}
    sources |= {f"drawn{number}": source for number, source in enumerate(drawn_sources())}
    assert len(sources) > len(golden) + DRAWN // 2
    # Where a contract's modules stand, because the linter has rules of its own for that folder.
    models = tmp_path / "codegen" / "models"
    models.mkdir(parents=True)
    for name, source in sources.items():
        (models / f"{name}.py").write_text(source, encoding="utf-8")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("models", "__pycache__")
    shutil.copytree(REPOSITORY / "codegen", models.parent, ignore=ignored, dirs_exist_ok=True)
    files = [str(path) for path in sorted(models.glob("*.py"))]
    for command in (["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"]):
        run(*command, *files, folder=tmp_path)
    run("mypy", "--no-error-summary", *files, folder=tmp_path)
