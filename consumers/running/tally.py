"""Counts what a consumer saw, for its progress lines: each source record once per process."""

from __future__ import annotations

from enum import Enum

from codegen.runtime import AvroModel
from consumers.decoding.deserializer import Decoded
from consumers.faults import ConsumerError
from consumers.record import Record
from consumers.running.progress import Progress


class Tally:
    """Keeps `progress`: a record that is delivered again to the same process counts as redelivered only."""

    def __init__(self, progress: Progress, attribute: str | None) -> None:
        self._progress = progress
        self._attribute = attribute

    def take_repeated(self, decoded: Decoded) -> None:
        """The event was there before, in another record."""
        if decoded.record.offset >= self._progress.positions.get(decoded.record.partition, 0):
            self._progress.repeated += 1
        self.take(decoded)

    def take(self, decoded: Decoded) -> None:
        progress = self._progress
        if not self._is_new(decoded.record):
            return
        if decoded.writer is None:
            progress.tombstones += 1
            return
        if decoded.value is None:
            progress.foreign += 1
            return
        progress.decoded += 1
        progress.by_schema_version[decoded.writer.label] += 1
        if self._attribute is not None:
            progress.totals[text_of(getattr(decoded.value, self._attribute))] += 1

    def take_dead(self, record: Record, stage: str) -> None:
        if self._is_new(record):
            self._progress.dead_letters_by_stage[stage] += 1

    def _is_new(self, record: Record) -> bool:
        progress = self._progress
        if record.offset < progress.positions.get(record.partition, 0):
            progress.redelivered += 1
            return False
        progress.positions[record.partition] = record.offset + 1
        progress.seen += 1
        progress.latency.add(record.timestamp_ms)
        return True


def text_of(value: object) -> str:
    """The name under which a value is counted: an enum's symbol, else its text."""
    return str(value.value) if isinstance(value, Enum) else str(value)


def attribute_of(model: type[AvroModel], field: str) -> str:
    """The model's attribute for the wire name `field`. Raises ConsumerError if it has none, or may not be counted."""
    if field in model.TAGS:
        tags = ", ".join(model.TAGS[field])
        raise ConsumerError(f"the field {field!r} of {model.FULL_NAME} is tagged {tags}: its values may not be shown")
    for attribute, wire in model.WIRE_NAMES.items():
        if wire == field:
            return attribute
    names = ", ".join(sorted(model.WIRE_NAMES.values()))
    raise ConsumerError(f"version {model.VERSION} of {model.FULL_NAME} has no field {field!r}; its fields are {names}")
