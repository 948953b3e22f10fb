"""The drills on Apache Kafka: three brokers, the registry, the API and all consumers. See docs/faults.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.drills import DRILLS, Drill
from tests.faults.site import Site, open_site

pytestmark = [pytest.mark.faults, pytest.mark.kafka]


@pytest.fixture(scope="module")
def site(java_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all drills: each of them leaves it as it found it."""
    folder: Path = tmp_path_factory.mktemp("site")
    with open_site(folder, print) as opened:
        yield opened


@pytest.mark.timeout(600)
@pytest.mark.parametrize("drill", [drill for drill in DRILLS if drill.short], ids=lambda drill: drill.name)
def test_a_promise_holds(drill: Drill, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n-- {drill.name}")
        try:
            drill.run(site)
        except Exception:
            site.heal()  # the next drill begins with everything up
            raise
