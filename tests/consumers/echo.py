"""A handler for tests with one effect for each event."""

from datetime import UTC, datetime

from codegen.models.activity_count.v1 import ActivityCount
from codegen.models.user_action.v2 import UserAction
from consumers.effects import Produce
from consumers.record import Record


def echo(event: UserAction, record: Record) -> list[Produce]:
    """One record for each event, which says whose it is."""
    place = f"echo/{record.partition}/{record.offset}"
    return [
        Produce(
            ActivityCount(
                bucket=place,
                source_topic="echo",
                source_partition=record.partition,
                window_start=datetime(2026, 1, 2, tzinfo=UTC),
                action=event.action.value,
                count=1,
                next_offset=record.offset,
            )
        )
    ]
