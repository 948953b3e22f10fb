"""The gate's answer in the form that was asked for: each form is a module of `tools.compatibility.formats`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final, TextIO

from tools.compatibility.findings import CheckResult

# What a user may ask for, and the module that makes it.
FORMATS: Final = {"text": "text", "json": "json_report", "github": "github", "sarif": "sarif", "junit": "junit"}


def write_report(result: CheckResult, root: Path, format_: str, out: TextIO) -> None:
    """Write `result` of the project at `root` to `out`, in one of FORMATS."""
    module = import_module(f"tools.compatibility.formats.{FORMATS[format_]}")
    out.writelines(module.report(result, root))
