"""The table of the Faust app: events per minute and value, kept by the partition that they came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from consumers.decoding.deserializer import Decoded
from consumers.handler import Stateless
from consumers.running.tally import attribute_of, text_of

if TYPE_CHECKING:
    from consumers.running.runner import Setup

WINDOW_S: Final = 60.0
# Longer than any late event is expected: Faust deletes a window this long after its end, by the wall clock.
WINDOW_EXPIRES_S: Final = 7 * 86_400.0
# There is a changelog record for each source record, and Faust reads back some 5,000 a second; but the last of each key
# is enough. Brokers compact closed segments only, which by their defaults are of 1 GiB or a week.
_CHANGELOG: Final = {
    "segment.bytes": 4 * 1024 * 1024,
    "segment.ms": 600_000,
    "min.cleanable.dirty.ratio": 0.1,
}


def make_table(app: Any, count_field: str) -> Any:
    """A tumbling window a minute long."""
    return app.Table(
        f"{count_field}_per_minute", default=int, key_type=str, value_type=int, extra_topic_configs=_CHANGELOG
    ).tumbling(WINDOW_S, expires=WINDOW_EXPIRES_S)


def totals_of(table: Any) -> dict[str, int]:
    """Value -> count, over all partitions and windows that are held."""
    totals: dict[str, int] = {}
    for (key, _window), count in table.items():
        value = key.partition("|")[2]
        totals[value] = totals.get(value, 0) + count
    return dict(sorted(totals.items()))


class CountInTable(Stateless):
    """The handler that counts, by `count(partition, moment, value)`; it runs on Faust's event loop, as the table."""

    def __init__(self, count: Callable[[int, datetime, str], None], setup: Setup) -> None:
        self._count = count
        self._time_attribute = attribute_of(setup.deserializer.model, setup.options.time_field)
        self._value_attribute = attribute_of(setup.deserializer.model, setup.options.count_field)

    def handle(self, decoded: Decoded) -> None:
        if decoded.value is not None:
            value = text_of(getattr(decoded.value, self._value_attribute))
            self._count(decoded.record.partition, getattr(decoded.value, self._time_attribute), value)
