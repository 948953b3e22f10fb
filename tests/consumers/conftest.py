"""Fixtures of the consumers' room."""

from __future__ import annotations

import pytest

from tests.consumers.fakes import Clock, FakeProducer, FakeRegistry


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def producer() -> FakeProducer:
    return FakeProducer()


@pytest.fixture
def clock() -> Clock:
    return Clock()
