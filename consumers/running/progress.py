"""What a consumer has done so far, as one JSON line that programs read, or one sentence that people read."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TextIO

from consumers.running.latency import Latency

log = logging.getLogger(__name__)


class State(StrEnum):
    STARTING = "starting"
    """No partition has been assigned yet."""
    READY = "ready"
    """Partitions are assigned; records are read as they come."""
    PAUSED = "paused"
    """A dependency is away; polling goes on, nothing is read."""
    STOPPED = "stopped"
    """The last line of a process that stopped cleanly."""


@dataclass(slots=True)
class Progress:
    """Counts since this process started, but for `aggregate`.

    seen = decoded + tombstones + foreign + dead_lettered: each source record once per process, however often it was
    delivered; `redelivered` counts the deliveries beyond that, and `repeated` the decoded records whose event was there
    before in a record of its own, which were passed over. `late` counts the decoded records whose time did not fit the
    windows, and which were told in the topic for them. `foreign` are records of other contracts that share the
    topic. `totals` counts decoded records by the value of `counted_field`
    (None: that field is not there), `by_schema_version` by writer schema: its version in the contract, or `id:N`.
    `dead_letters_by_stage` says in which step records were given up (the header `dlq.stage`).
    `aggregate` is what the consumer's own state says by the same values, earlier processes included; None where it
    keeps none. `assigned` holds partitions, `positions` the offset of the next record by partition. `retries` counts
    attempts that failed for a passing cause: a dependency was away, or a handler said so. `lag` is records behind the
    end, by assigned partition; `latency` how old the records were when they were done. `restored` is how far Faust's
    table was read back before it is ready, as the sum of its changelog's offsets: while it grows, the app is starting.
    """

    consumer: str
    contract: str
    reader_version: int
    counted_field: str | None = None
    state: State = State.STARTING
    seen: int = 0
    decoded: int = 0
    tombstones: int = 0
    foreign: int = 0
    redelivered: int = 0
    repeated: int = 0
    late: int = 0
    retries: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    by_schema_version: Counter[str] = field(default_factory=Counter)
    dead_letters_by_stage: Counter[str] = field(default_factory=Counter)
    aggregate: dict[str, int] | None = None
    assigned: list[int] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    lag: dict[int, int] = field(default_factory=dict)
    latency: Latency = field(default_factory=Latency)
    restored: int = 0

    @property
    def dead_lettered(self) -> int:
        """Records that were given up, in whichever step."""
        return self.dead_letters_by_stage.total()

    def as_json(self, *, final: bool) -> str:
        """One line; the keys are the names of the fields, and `final` is true on the last line of a process."""
        line: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        line |= {"dead_lettered": self.dead_lettered, "latency": self.latency.as_json()}
        for name in ("totals", "by_schema_version", "dead_letters_by_stage", "positions", "lag"):
            line[name] = {str(key): value for key, value in sorted(line[name].items())}
        return json.dumps({**line, "final": final})

    def __str__(self) -> str:
        parts = [f"{self.state}: seen {self.seen}", f"decoded {self.decoded}", f"dead-lettered {self.dead_lettered}"]
        parts += [f"tombstones {self.tombstones}"] if self.tombstones else []
        parts += [f"repeated {self.repeated}"] if self.repeated else []
        parts += [f"late {self.late}"] if self.late else []
        parts += [f"of other contracts {self.foreign}"] if self.foreign else []
        parts += [", ".join(f"{value} {count}" for value, count in sorted(self.totals.items()))] if self.totals else []
        parts += [f"v{version}: {count}" for version, count in sorted(self.by_schema_version.items())]
        return "; ".join(parts)


@dataclass(slots=True)
class Reporter:
    """Reports at most once an interval, and whenever `report` is called; JSON goes to `out`, sentences to the log.

    `latest` is the last report's line, for whoever asks from another thread. `measure` is called before each report.
    """

    progress: Progress
    as_json: bool = False
    interval_s: float = 1.0
    out: TextIO = field(default_factory=lambda: sys.stdout)
    clock: Callable[[], float] = time.monotonic
    latest: str = "{}"
    measure: Callable[[], None] | None = None
    _due: float = 0.0
    _last: str = ""

    @property
    def due(self) -> bool:
        return self.clock() >= self._due

    def tick(self) -> None:
        """Report when the interval is over."""
        if self.due:
            self.report()

    def report(self, *, final: bool = False) -> None:
        """Report now; a sentence only when it says something new, or is the last."""
        self._due = self.clock() + self.interval_s
        if self.measure is not None:
            self.measure()
        self.latest = self.progress.as_json(final=final)
        if self.as_json:
            try:
                print(self.latest, file=self.out, flush=True)
            except BrokenPipeError:
                self.as_json = False  # nobody reads any more; the records still want to be read
        elif (text := str(self.progress)) != self._last or final:
            self._last = text
            log.info("%s", text)
