"""Fixtures for every room: an embedded broker, and an environment that says nothing.

Hypothesis: `HYPOTHESIS_PROFILE=long` tries thousands of examples, the default a modest number; `first` shows what fails
as it was drawn. In CI the examples are the same each time, because it judges a change; a person's run looks further.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

from tools.broker import EmbeddedBroker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "short", max_examples=40, deadline=None, suppress_health_check=_SLOW, derandomize="CI" in os.environ
)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("first", parent=settings.get_profile("long"), phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    """One broker for all tests of a worker: give your topics and groups names of their own."""
    with EmbeddedBroker() as embedded:
        yield embedded


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable of ours is set and no `.env` is near; the current folder, an empty one, is returned."""
    for name in list(os.environ):
        if name.startswith(("KAFKA_", "SCHEMA_REGISTRY_", "READER_", "WRITER_", "CALF_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
