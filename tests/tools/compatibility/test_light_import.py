"""The gate costs little to import, and a cold command loads nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("fastavro", "confluent_kafka", "dataclasses_avroschema", "pydantic", "fastapi", "click", "codegen.models")


COMMANDS = ("compare", "diff", "new_version", "plan", "history", "comment", "formats.sarif", "formats.junit")


@pytest.mark.parametrize(
    "module",
    [
        "tools.compatibility",
        "tools.compatibility.gate",
        "tools.register",
        *(f"tools.compatibility.{command}" for command in COMMANDS),
    ],
)
def test_nothing_heavy_is_loaded(module: str) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []


# What only findings, other commands and defaults of rare types need; also what costs much in the standard library.
LATER = (
    "codegen.proof",
    "codegen.resolving.report",
    "codegen.decoding.decoder",
    "codegen.leaves",
    "codegen.duration",
    "codegen.nanos",
    "tools.compatibility.consequences",
    "tools.compatibility.deprecation",
    "tools.compatibility.deprecated_uses",
    "tools.compatibility.likeness",
    "tools.compatibility.verdict",
    "tools.compatibility.changes",
    "tools.compatibility.lint",
    "tools.compatibility.rollout",
    "tools.compatibility.registry_versions",
    "tools.compatibility.formats.json_report",
    "tools.compatibility.formats.sarif",
    "tools.compatibility.formats.junit",
    "dataclasses",
    "decimal",
    "difflib",
    "shutil",
    "uuid",
)
RENDERING = (
    "codegen.generate",
    "codegen.render",
    "codegen.output",
    "codegen.rendering.encoders",
    "codegen.rendering.type_names",
)


def loaded_by_a_check(*, is_proved: bool) -> list[str]:
    """By the whole command on this very project, with its generator, in one process."""
    code = (
        "import sys, tools.cli\n"
        "from tools.compatibility import drift_stamp\n"
        "from tools.project import this_code\n"
        f"drift_stamp.is_proved = lambda *_: {is_proved}\n"
        "sys.argv = ['pipeline', '--root', str(this_code()), 'schema', 'check']\n"
        "try:\n    tools.cli.main()\nfinally:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "holds: " in done.stdout
    return done.stdout.splitlines()[-1].split()


def test_the_look_at_drift_loads_nothing_heavy() -> None:
    loaded = loaded_by_a_check(is_proved=False)
    assert "codegen.generate" in loaded
    assert [name for name in loaded if name.startswith(HEAVY) and not name.startswith("click")] == []


@pytest.mark.parametrize("is_proved", [False, True])
def test_a_check_that_holds_loads_nothing_that_findings_need(is_proved: bool) -> None:
    assert [name for name in loaded_by_a_check(is_proved=is_proved) if name in LATER] == []


def test_files_that_are_proved_to_be_the_same_are_not_rendered() -> None:
    assert [name for name in loaded_by_a_check(is_proved=True) if name in RENDERING] == []


def test_a_cold_check_loads_nothing_heavy_either(tmp_path: Path) -> None:
    """The whole command, on a project without a generator: what it loads is what a person waits for."""
    folder = tmp_path / "schemas" / "users"
    folder.mkdir(parents=True)
    (folder / "v1.avsc").write_text('{"type": "record", "name": "User", "fields": []}')
    code = (
        "import sys, tools.cli\n"
        f"sys.argv = ['pipeline', '--root', {str(tmp_path)!r}, 'schema', 'check']\n"
        "try:\n    tools.cli.main()\nfinally:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "tools.compatibility.gate" in loaded
    heavy = (*HEAVY, "http", "ssl", "sqlite3", "asyncio", "rich", "xml", "unittest")
    assert [name for name in loaded if name.split(".")[0] in heavy and name != "click" and "click" not in name] == []
