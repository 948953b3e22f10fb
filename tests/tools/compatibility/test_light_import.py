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


def test_the_look_at_drift_loads_nothing_heavy() -> None:
    """The whole command on this very project, with its generator, in one process."""
    code = (
        "import sys, tools.cli\n"
        "from tools.project import this_code\n"
        "sys.argv = ['pipeline', '--root', str(this_code()), 'schema', 'check']\n"
        "try:\n    tools.cli.main()\nfinally:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    loaded = done.stdout.splitlines()[-1].split()
    assert "codegen.generate" in loaded
    assert [name for name in loaded if name.startswith(HEAVY) and not name.startswith("click")] == []


def test_a_cold_check_loads_nothing_heavy_either(tmp_path: Path) -> None:
    """The whole command, on a project without a generator: what it loads is what a person waits for."""
    folder = tmp_path / "schemas" / "users"
    folder.mkdir(parents=True)
    (folder / "v1.avsc").write_text('{"type": "record", "name": "User", "fields": []}')
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "cli.py").touch()
    code = (
        "import sys, pathlib, tools.cli\n"
        f"tools.cli.this_code = lambda: pathlib.Path({str(tmp_path)!r})\n"
        f"sys.argv = ['pipeline', '--root', {str(tmp_path)!r}, 'schema', 'check']\n"
        "try:\n    tools.cli.main()\nfinally:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "tools.compatibility.gate" in loaded
    heavy = (*HEAVY, "http", "ssl", "sqlite3", "asyncio", "rich", "xml", "unittest")
    assert [name for name in loaded if name.split(".")[0] in heavy and name != "click" and "click" not in name] == []
