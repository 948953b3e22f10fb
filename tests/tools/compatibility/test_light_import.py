"""The gate costs little to import, and a cold command loads nothing that it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("fastavro", "confluent_kafka", "dataclasses_avroschema", "pydantic", "fastapi", "click", "codegen.models")


@pytest.mark.parametrize("module", ["tools.compatibility", "tools.compatibility.gate", "tools.register"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []
