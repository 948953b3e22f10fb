"""Ten kills on Apache Kafka; `make soak-kills` does two hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.consumers.running import world
from tests.faults.exactly_once import run_kills
from tools.kafka_broker import KafkaBroker

pytestmark = [pytest.mark.usefixtures("java_parts"), pytest.mark.faults, pytest.mark.timeout(600)]


def test_ten_kills_leave_every_count_exact(tmp_path: Path) -> None:
    with world(tmp_path, KafkaBroker()) as on:
        on.kafka = {}
        assert run_kills(on, kills=10, seed=9).total() == 10
