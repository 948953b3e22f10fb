"""What a handler would do with the span: its effects are written down and never carried out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from consumers.counts.windows import Window, Windows, minute_of
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.effects import Produce
from consumers.faults import RecordFault
from consumers.function import FunctionHandler
from consumers.loop.attempts import Attempts
from consumers.on_call.replay.span import Stretch
from consumers.record import Record
from consumers.running.tally import text_of


@dataclass(slots=True)
class Told:
    """What was met in the span. `missing` are offsets without a record: compacted away, or marks of transactions."""

    read: int = 0
    passed_over: int = 0
    missing: int = 0
    by_version: Counter[str] = field(default_factory=Counter)
    given_up: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    last_read: dict[int, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, int | dict[str, int]]:
        counted = {"by_version": self.by_version, "given_up": self.given_up, "effects": self.effects}
        numbers = {"read": self.read, "passed_over": self.passed_over, "missing": self.missing}
        return {**numbers, **{name: dict(sorted(counts.items())) for name, counts in counted.items()}}


@dataclass(slots=True)
class ShadowCounts:
    """The counts consumer's aggregate, in memory."""

    time_attribute: str
    value_attribute: str
    windows: Windows = field(default_factory=Windows)

    def take(self, decoded: Decoded) -> tuple[Produce, ...]:
        value, record = decoded.value, decoded.record
        if value is not None:
            minute = minute_of(getattr(value, self.time_attribute))
            window = Window(record.partition, minute, text_of(getattr(value, self.value_attribute)))
            self.windows.add(window, record.offset)
        return ()


@dataclass(slots=True)
class ShadowFunction:
    """A function of the user's; retried as in a consumer, which waits `sleep` seconds between two attempts."""

    handler: FunctionHandler
    sleep: Callable[[float], None] = time.sleep

    def take(self, decoded: Decoded) -> tuple[Produce, ...]:
        """Raises Unhandled where the record would be dead-lettered, Unavailable and ConsumerError."""
        attempts = Attempts()
        while True:
            try:
                return tuple(self.handler.handle(decoded) or ())
            except Exception as error:  # noqa: BLE001 - whatever a person's function raises is judged, as in the loop
                wait_s = attempts.wait_after(error)
            self.sleep(wait_s)


@dataclass(slots=True)
class Shadow:
    """Decodes and hands over each record of `span`, and keeps count."""

    deserializer: Deserializer
    handler: ShadowCounts | ShadowFunction
    span: Mapping[int, Stretch]
    told: Told = field(default_factory=Told)

    def take(self, record: Record) -> None:
        """Raises RegistryUnavailable, and what the handler raises as a dependency's or a person's affair."""
        told, number = self.told, record.partition
        told.read += 1
        told.missing += record.offset - self._next(number)
        told.last_read[number] = record.offset
        try:
            decoded = self.deserializer.read(record)
            effects = self.handler.take(decoded)
        except RecordFault as fault:
            told.given_up[f"{fault.stage}: {fault.error_class}"] += 1
            return
        if decoded.value is None or decoded.writer is None:
            told.passed_over += 1
        else:
            told.by_version[decoded.writer.label] += 1
        for effect in effects:
            told.effects[type(effect.value).FULL_NAME] += 1

    def end(self) -> None:
        """All was read: what is lacking behind the last record counts as missing, too."""
        for number, stretch in self.span.items():
            self.told.missing += stretch.end - self._next(number)

    def _next(self, number: int) -> int:
        last = self.told.last_read.get(number)
        return self.span[number].begin if last is None else last + 1
