"""The API that is asked for three times as much as it can do."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from producer_api.settings import read_settings
from tests.faults.consumer_drills import check_faust
from tests.faults.flood import Plan, Sent, run_flood
from tests.faults.ledger import Ledger
from tests.faults.poison import CONTRACT
from tests.faults.site import Site
from tools.stack import CONSUMERS

_BATCH = 100
_PADDING = 600  # an event has about 850 bytes
_MEASURED_S = 4.0
_AT_A_TIME = 24
_TIMES = 3.0
# Of those that are refused last, so many come again when they are told: half a second's work, all at a time.
_AGAIN_S = 0.5
_numbers = itertools.count(1)


@dataclass
class _Floods:
    """One after the other, with one ledger. Every event has a number of its own."""

    site: Site
    ledger: Ledger
    folder: Path

    def send(self, connections: int, seconds: float, rate: float = 0.0, again: int = 0) -> list[Sent]:
        # The number of the site's port and of the flood tells its events from all others of the topic.
        run = (self.site.stack.api_port << 16) + next(_numbers)
        url = self.site.stack.api_url + CONTRACT.path
        # Of today: Faust would drop the windows of long ago, and nobody could say whether it counted them.
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        plan = Plan(url, run, at, _BATCH, connections, seconds, rate, again, _PADDING)
        return run_flood(plan, self.folder, self.ledger)

    def measure(self) -> float:
        """Requests a second, with as many at a time as keep the API busy; the first second does not count."""
        sent = self.send(_AT_A_TIME, _MEASURED_S + 1)
        begin = sent[0].due + 1
        done = [each for each in sent if each.status == 202 and begin <= each.done < begin + _MEASURED_S]
        return len(done) / _MEASURED_S


def overload(site: Site, for_s: float = 10.0) -> None:
    """Three times the capacity: a bounded wait for what is taken, an honest 503 for the rest, then full speed."""
    site.stack.stop_consumers()  # they would take the processor from the client, whose part is to ask for too much
    settings = read_settings(site.stack.environment)
    # Its turn, and then the brokers; each may be noticed as late again as it may be long.
    bound_s = 2 * (settings.max_busy_s + settings.max_wait_s)
    with tempfile.TemporaryDirectory(prefix="flood-") as folder, site.books() as ledger:
        floods = _Floods(site, ledger, Path(folder))
        capacity = floods.measure()
        rate = _TIMES * capacity
        site.say(f"    capacity {capacity * _BATCH:,.0f} events a second; now {rate * _BATCH:,.0f} for {for_s:.0f} s")
        connections = math.ceil(rate * bound_s)
        sent = floods.send(connections, for_s, rate, again=math.ceil(capacity * _AGAIN_S))
        after = floods.measure()
    site.stack.start_consumers()
    behind_s = site.wait_caught_up(*CONSUMERS, within_s=900)
    site.say(f"    all consumers had caught up {behind_s:.0f} s after they were started")
    first = [each for each in sent if not each.is_again]
    taken = sorted(each.wait_s for each in first if each.status == 202)
    refused = sorted(each.wait_s for each in first if each.status == 503)
    late = sorted(each.sent - each.due for each in first)
    site.say(
        f"    sent {len(first):,} requests, {_at(late, 0.99):.3f} s late (99 %); accepted {len(taken):,} = "
        f"{len(taken) / for_s / capacity:.0%} of the capacity"
    )
    site.say(
        f"    accepted in {_at(taken, 0.5):.2f} s (median), {_at(taken, 0.99):.2f} s (99 %), {_at(taken, 1):.2f} s "
        f"(at most), of {bound_s:g} s allowed"
    )
    site.say(f"    refused in {_at(refused, 0.5):.2f} s (median), {_at(refused, 0.99):.2f} s (99 %)")
    again = [each for each in sent if each.is_again]
    told = sorted({each.retry_after for each in first if each.status == 503} - {None}, key=str)
    site.say(
        f"    Retry-After said {', '.join(map(str, told))}; those that came again when they were told: "
        f"{dict(Counter(each.status for each in again))}; a second after: {after * _BATCH:,.0f} events a second"
    )
    assert len(taken) + len(refused) == len(first), "there was another answer than 202 and 503"
    assert refused, "nothing was refused: that was no overload"
    assert all(each.retry_after for each in first if each.status == 503), "a 503 without Retry-After"
    assert _at(taken, 0.99) < bound_s
    assert len(taken) / for_s > 0.6 * capacity, "refusing took the time that the work needed"
    assert all(each.status == 202 for each in again), "whoever waited as told was refused"
    assert after > 0.6 * capacity
    site.check_counts()
    check_faust(site)


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0
