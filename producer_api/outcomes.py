"""What became of each of several events, as it stands in their answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from producer_api.errors import Fault
    from producer_api.preparation import Columns
    from producer_api.receipts import Receipt

_partition: Final = attrgetter("partition")
_offset: Final = attrgetter("offset")


class Accepted(msgspec.Struct, gc=False):
    """An event that the broker has; `event_id` is left out where the contract has none."""

    index: int
    status: str
    event_id: str | msgspec.UnsetType
    partition: int
    offset: int


def accepted_of(part: Columns, receipts: Sequence[Receipt]) -> Iterator[Accepted]:
    """The outcomes of events that were all delivered; made by columns, since there are thousands each second."""
    identities: Sequence[Any] = part.event_ids
    if None in identities:
        identities = [msgspec.UNSET if identity is None else identity for identity in identities]
    columns = (part.indexes, repeat("accepted"), identities, map(_partition, receipts), map(_offset, receipts))
    return map(Accepted, *columns)


def described(index: int, outcome: Accepted | Fault) -> Accepted | dict[str, Any]:
    """The outcome of one event, as it is written."""
    return outcome if isinstance(outcome, Accepted) else {"status": "refused", **outcome.describe(index)}
