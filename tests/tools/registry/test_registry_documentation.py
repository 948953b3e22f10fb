"""docs/registry.md lists what is there, and a project that uses the fixtures as it says gets a registry."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.registry import errors
from tools.registry.app import create_app
from tools.registry.errors import RegistryError
from tools.registry.snapshot_text import FORMAT

_ROOT = Path(__file__).resolve().parents[3]
_TEXT = (_ROOT / "docs" / "registry.md").read_text(encoding="utf-8")


def test_every_endpoint_is_listed() -> None:
    listed = {
        (path, method.strip())
        for path, methods in re.findall(r"^\| `(/\S*)`[^|]*\| ([A-Z, ]+) \|$", _TEXT, re.MULTILINE)
        for method in methods.split(",")
    }
    there = {(route.path, method) for route in create_app().routes for method in route.methods}  # type: ignore[attr-defined]
    assert listed == {(path, method) for path, method in there if method != "HEAD"}


def test_every_code_is_listed() -> None:
    raised = {int(code) for code in re.findall(r"RegistryError\(\d+, (\d+)", inspect.getsource(errors))}
    table = _TEXT[_TEXT.index("## Codes") : _TEXT.index("## What it promises")]
    assert raised <= set(map(int, re.findall(r"\b\d{3,5}\b", table)))
    assert isinstance(errors.unauthorized(), RegistryError)


def test_the_format_of_an_export_is_named() -> None:
    assert f"`{FORMAT}`" in _TEXT


@pytest.mark.integration
def test_the_fixtures_work_in_another_project(tmp_path: Path) -> None:
    (line,) = re.findall(r'`(pytest_plugins = \[".*"\])`', _TEXT)
    (tmp_path / "conftest.py").write_text(line + "\n")
    (tmp_path / "test_it.py").write_text(
        "from urllib.request import urlopen\n\n"
        "def test_both(schema_registry, shared_schema_registry):\n"
        "    assert schema_registry.url != shared_schema_registry.url\n"
        "    for registry in (schema_registry, shared_schema_registry):\n"
        "        with urlopen(registry.url + '/subjects') as answer:\n"
        "            assert answer.read() == b'[]'\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        str(tmp_path),
    ]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
