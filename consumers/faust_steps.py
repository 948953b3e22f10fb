"""The steps of one record inside a Faust agent: the loop's own, awaited; nothing is ever raised into Faust."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from consumers.faults import ConsumerError, RecordFault, Unavailable
from consumers.loop.assignment import Item
from consumers.loop.attempts import Attempts
from consumers.loop.backoff import Backoff
from consumers.loop.lanes import Outcome, Work, outcome_of
from consumers.loop.steps import Steps
from consumers.options import ConsumerOptions
from consumers.record import Record
from consumers.running.progress import Progress, State

log = logging.getLogger(__name__)

_CONFIRM_S: Final = 5.0


@dataclass(slots=True)
class FaustSteps:
    """`in_thread`: the handler takes its time, and must not hold Faust's event loop up meanwhile.

    `handling_since` is when the handler that is at work began, by the monotonic clock.
    """

    steps: Steps
    options: ConsumerOptions
    progress: Progress
    in_thread: bool = False
    fault: ConsumerError | None = None
    handling_since: float | None = None
    _backoff: Backoff = field(default_factory=Backoff)

    async def take(self, record: Record) -> bool:
        """Bring one record to its end, however long a dependency is away; False if told to stop before that.

        What a person must mend is kept as `fault`, for whoever runs the app: Faust would log it, and go on.
        """
        item = Item(record, 0, Attempts(self.options.attempts))
        try:
            for step in (self._handle, self._settle, self._make_durable):
                if not await self._until_done(step, item):
                    return False
        except ConsumerError as fault:
            self.fault = fault
            return False
        self.progress.state = State.READY
        return True

    async def _until_done(self, step: Callable[[Item], Awaitable[None]], item: Item) -> bool:
        while True:
            try:
                await step(item)
            except Unavailable as reason:
                if self.options.stop.is_set():
                    return False
                if self.progress.state is not State.PAUSED:
                    log.warning("paused: %s", reason)
                self.progress.state = State.PAUSED
                self.progress.retries += 1
                await self._wait(self._backoff.next_s())
            else:
                self._backoff.reset()
                return not self.options.stop.is_set() or item.done

    async def _handle(self, item: Item) -> None:
        """Decode, and ask the handler until it has returned or the record is given up."""
        try:
            work = await self._prepare(item)
            while work is not None and not self.options.stop.is_set():
                outcome = await self._outcome(item, work)
                if outcome.error is None:
                    item.pending.extend(outcome.effects)
                    item.done = True
                    return
                if not isinstance(outcome.error, Exception):
                    raise outcome.error
                wait_s = self.steps.judge(item, outcome.error)
                self.progress.retries += 1
                await self._wait(wait_s)
            item.done = work is None
        except RecordFault as fault:
            item.fault, item.done = fault, True

    async def _prepare(self, item: Item) -> Work | None:
        if self.steps.dedupe is not None or self.steps.deserializer.needs_registry(item.record):
            work = await asyncio.to_thread(self.steps.prepare, item)
        else:
            work = self.steps.prepare(item)
        item.repeated = work is None
        return work

    async def _outcome(self, item: Item, work: Work) -> Outcome:
        self.handling_since = monotonic()
        try:
            return await asyncio.to_thread(outcome_of, item, work) if self.in_thread else outcome_of(item, work)
        finally:
            self.handling_since = None

    async def _settle(self, item: Item) -> None:
        if item.fault is not None:
            self.steps.dead_letter(item, item.fault)
        elif not item.repeated:
            self.steps.take(item, ())

    async def _make_durable(self, _item: Item) -> None:
        if self.steps.unconfirmed:
            await asyncio.to_thread(self.steps.make_durable, _CONFIRM_S)

    async def _wait(self, wait_s: float) -> None:
        await asyncio.to_thread(self.options.stop.wait, wait_s)
