"""Clients that send again, and a consumer that takes each event once."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from uuid import uuid4

from tests.faults.handled import FILE, read_handled
from tests.faults.ledger import Ledger
from tests.faults.site import Site
from tests.faults.waiting import wait_until
from tools.child import Child


def retries_are_handled_once(site: Site) -> None:
    """The API and the consumer are killed; clients send again what is in doubt, and some of what was acknowledged."""
    group = f"drill-{uuid4()}"
    site.records.commit_end(group)
    with tempfile.TemporaryDirectory(prefix="handled-") as folder:
        file = Path(folder) / "handled.txt"
        child = _consumer(site, group, file)
        try:
            with site.load(batch=5, repeat_every=20) as load:
                for _ in range(2):
                    assert site.stack.api is not None
                    site.stack.api.kill()
                    child.kill()
                    time.sleep(0.3)
                    child = _consumer(site, group, file)
                    site.stack.start_api()
                    load.wait_acknowledged(300)
            wait_until(lambda: site.records.lag(group) == 0, "every record was to be passed", 120)
        finally:
            child.tell_to_stop()
            assert child.wait_stopped(), child.last_words()
        _check_handled(site, load.ledger, file)


def _consumer(site: Site, group: str, file: Path) -> Child:
    command = ["consume", "run", "tests.faults.handled:take", "--json", "--group", group, "--dedupe-field", "event_id"]
    return site.child("consumer of retries", command, {FILE: str(file)})


def _check_handled(site: Site, ledger: Ledger, file: Path) -> None:
    there, handled = ledger.places(), read_handled(file)
    passed_over = sum(len(places) - 1 for places in there.values())
    again = sum(len(places) - 1 for places in handled.values())
    site.say(
        f"    {len(handled):,} events handled, {passed_over:,} second copies passed over; the consumer's own crashes "
        f"brought {again:,} records again"
    )
    assert passed_over, "no client sent anything again"
    assert {event_id: set(places) for event_id, places in handled.items()} == {
        event_id: {min(places)} for event_id, places in there.items()
    }, "an event was handled at another record than its first, or at none"
