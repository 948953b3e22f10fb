"""pytest fixtures for other projects: `pytest_plugins = ["tools.registry.testing"]` in a `conftest.py`.

Both give a `tools.registry.server.EmbeddedRegistry`, which is a context manager for tests without pytest; its `url` is
what a client needs. They keep nothing, listen on the loopback address alone, and end with the test process.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.registry.server import EmbeddedRegistry


@pytest.fixture
def schema_registry() -> Iterator[EmbeddedRegistry]:
    """An empty registry for one test."""
    with EmbeddedRegistry() as running:
        yield running


@pytest.fixture(scope="session")
def shared_schema_registry() -> Iterator[EmbeddedRegistry]:
    """One registry for all tests of a process: give your subjects names of their own."""
    with EmbeddedRegistry() as running:
        yield running
