"""Events → records → answers, for one contract.

A 2xx answer is given when the broker has acknowledged; every other event is named with its stage and whether to retry.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from producer_api.bounds import Overloaded
from producer_api.errors import (
    INVALID_EVENT,
    INVALID_EVENTS,
    OVERLOADED,
    REFUSED_RECORD,
    UNDELIVERED,
    Answer,
    Fault,
    Stage,
    answer_fault,
    problem_answer,
)
from producer_api.outcomes import Accepted, accepted_of, described
from producer_api.preparation import Columns, Preparation, Prepared
from producer_api.receipts import Delivered, Headers, Receipt, Record, Undelivered
from producer_api.shapes import AcceptedShapes, InvalidEvent

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract
    from producer_api.metrics import ContractMetrics
    from producer_api.publisher import Publisher
    from producer_api.rejects import Rejects
    from producer_api.serializer import Serializer

_CHUNK_EVENTS: Final = 256  # a few milliseconds of validation, then other requests get their turn


class _Call(NamedTuple):
    """A part of a request that is under way, and the receipts to come."""

    part: Columns
    future: asyncio.Future[list[Receipt]]


class Ingestion:
    """Takes the events of one contract. Its methods belong to the event loop of the publisher."""

    def __init__(
        self,
        contract: GeneratedContract,
        shapes: AcceptedShapes,
        serializer: Serializer,
        publisher: Publisher,
        metrics: ContractMetrics,
        *,
        rejects: Rejects | None = None,
        retry_after_s: Callable[[], int] = lambda: 1,
        go_on: Callable[[int], Awaitable[None]] | None = None,
        max_event_bytes: int = 1_000_000,
        on_undelivered: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_undelivered` is called when the broker did not acknowledge in time.

        `go_on` is awaited in the midst of a large request, with the bytes that are left of it.
        """
        self._topic = contract.topic
        self._preparation = Preparation(contract, shapes, serializer, max_event_bytes)
        self._serializer = serializer
        self._publisher = publisher
        self._metrics = metrics
        self._rejects = rejects
        self._retry_after_s = retry_after_s
        self._go_on = go_on or _give_way
        self._on_undelivered = on_undelivered
        self._template = b""
        # A part that is larger than the bound would never find room.
        self._chunk_events = min(_CHUNK_EVENTS, publisher.bound.max_records)

    async def accept_one(self, data: bytes, headers: Headers | None) -> Answer:
        """One event; 202, or a problem document that names all its faults."""
        self._metrics.received.inc()
        try:
            prepared = self._preparation.prepare(data)
        except InvalidEvent as error:
            return self._refuse_event(error, data, headers)
        started = perf_counter()
        try:
            (receipt,) = await self._publisher.produce(Record(self._topic, prepared.key, prepared.value), headers)
        except Overloaded as error:
            return self._refuse_one(error, data, headers)
        return self._answer_one(prepared, receipt, data, headers, started)

    def begin_one(self, data: bytes, reply: Callable[[Answer], None]) -> None:
        """The same for an event without headers, without a task: `reply` gets the answer, in a later turn."""
        try:
            prepared = self._preparation.prepare(data)
        except InvalidEvent as error:
            self._metrics.received.inc()
            answer = self._refuse_event(error, data, None)
            asyncio.get_running_loop().call_soon(reply, answer)
            return
        started = perf_counter()

        def finish(receipts: list[Receipt]) -> None:
            try:
                answer = self._answer_one(prepared, receipts[0], data, None, started)
            except Exception as error:  # noqa: BLE001 - the client gets an answer, and all others theirs
                answer = answer_fault(error, "an acknowledged event could not be answered")
            reply(answer)

        # Before it is taken: what raised afterwards would send it the long way as well, and so twice.
        self._metrics.received.inc()
        try:
            self._publisher.collect(self._topic, prepared.key, prepared.value, finish)
        except Overloaded as error:
            asyncio.get_running_loop().call_soon(reply, self._refuse_one(error, data, None))

    def _refuse_event(self, error: InvalidEvent, data: bytes, headers: Headers | None) -> Answer:
        self._refuse(error.faults[0], data, headers)
        return _one_problem(INVALID_EVENT, error.faults)

    def _refuse_one(self, error: Overloaded, data: bytes, headers: Headers | None) -> Answer:
        fault = self._refuse(Fault(Stage.QUEUE, "", str(error), retryable=True), data, headers)
        return _one_problem(OVERLOADED, [fault], self._retry())

    def _answer_one(
        self, prepared: Prepared, receipt: Receipt, data: bytes, headers: Headers | None, started: float
    ) -> Answer:
        self._metrics.produce_seconds.observe(perf_counter() - started)
        if isinstance(receipt, Delivered):
            self._metrics.accepted.inc()
            self._metrics.shapes[prepared.shape].inc()
            return Answer(202, self._fill_template(prepared.event_id, receipt))
        fault = self._refuse_undelivered(receipt, data, headers)
        if fault.retryable:
            return _one_problem(UNDELIVERED, [fault], self._retry())
        return _one_problem(REFUSED_RECORD, [fault])

    async def accept_many(self, slices: list[bytes], headers: Headers | None) -> Answer:
        """Several events: 202 if all are accepted, 207 if some, else 422, or 503 if a retry may help."""
        self._metrics.received.inc(len(slices))
        outcomes: list[Any] = [None] * len(slices)  # an Accepted or a Fault for each
        pending: list[_Call] = []
        rest = sum(map(len, slices)) if len(slices) > self._chunk_events else 0
        started = perf_counter()

        def refuse(index: int, error: InvalidEvent) -> None:
            outcomes[index] = self._refuse(error.faults[0], slices[index], headers)

        for start in range(0, len(slices), self._chunk_events):
            if start:
                rest -= sum(map(len, slices[start - self._chunk_events : start]))
                await self._go_on(rest)
            stop = min(start + self._chunk_events, len(slices))
            ready = self._preparation.prepare_many(slices, start, stop, refuse)
            # produce_batch takes no headers, so records that have some go one by one.
            for part in [ready] if headers is None else ready.singly():
                try:
                    if part.indexes:
                        pending.append(await self._queue(part, headers, pending))
                except Overloaded as error:
                    fault = Fault(Stage.QUEUE, "", str(error), retryable=True)
                    for index in part.indexes:
                        outcomes[index] = self._refuse(fault, slices[index], headers)
        accepted = 0
        for call in pending:
            accepted += self._settle(call.part, await call.future, outcomes, slices, headers)
        self._metrics.produce_seconds.observe(perf_counter() - started)
        return self._answer_many(outcomes, accepted)

    async def _queue(self, part: Columns, headers: Headers | None, pending: Sequence[_Call]) -> _Call:
        """Produce a part of a request. Where there is no room, that of its own earlier parts may come free."""
        try:
            return _Call(part, self._produce(part, headers))
        except Overloaded:
            if not pending:
                raise
            await asyncio.wait([call.future for call in pending])
        return _Call(part, self._produce(part, headers))

    def _produce(self, part: Columns, headers: Headers | None) -> asyncio.Future[list[Receipt]]:
        if headers is None:
            return self._publisher.produce_many(self._topic, part.keys, part.values)
        return self._publisher.produce(Record(self._topic, part.keys[0], part.values[0]), headers)

    def _settle(
        self,
        part: Columns,
        receipts: Sequence[Receipt],
        outcomes: list[Any],
        slices: Sequence[bytes],
        headers: Headers | None,
    ) -> int:
        """Write down what became of a part of a request; how many of its events are accepted."""
        if set(map(type, receipts)) == {Delivered}:
            return self._accept(part, receipts, outcomes)
        accepted = 0
        for single, receipt in zip(part.singly(), receipts, strict=True):
            if isinstance(receipt, Delivered):
                accepted += self._accept(single, [receipt], outcomes)
            else:
                (index,) = single.indexes
                outcomes[index] = self._refuse_undelivered(receipt, slices[index], headers)
        return accepted

    def _accept(self, part: Columns, receipts: Sequence[Receipt], outcomes: list[Any]) -> int:
        """Write down that all of a part are acknowledged; how many they are."""
        for index, accepted in zip(part.indexes, accepted_of(part, receipts), strict=True):
            outcomes[index] = accepted
        self._metrics.accepted.inc(len(receipts))
        for shape, count in Counter(part.shapes).items():
            self._metrics.shapes[shape].inc(count)
        return len(receipts)

    def _refuse_undelivered(self, receipt: Undelivered, data: bytes, headers: Headers | None) -> Fault:
        if receipt.retryable:
            self._on_undelivered()
        return self._refuse(Fault(receipt.stage, "", receipt.message, receipt.retryable), data, headers)

    def _refuse(self, fault: Fault, data: bytes, headers: Headers | None) -> Fault:
        """Count the refusal; an event that no retry can save is kept, where that is wanted."""
        self._metrics.refused[Stage(fault.stage)].inc()
        if self._rejects is not None and not fault.retryable:
            self._rejects.keep(data, fault, headers)
        return fault

    def _fill_template(self, event_id: str | None, place: Delivered) -> bytes:
        if not self._template:
            self._template = self._make_template()
        if not self._preparation.has_event_id:
            return self._template % (place.partition, place.offset)
        return self._template % (msgspec.json.encode(event_id), place.partition, place.offset)

    def _make_template(self) -> bytes:
        identity = "" if not self._preparation.has_event_id else '"event_id":%b,'
        return (
            f'{{"status":"accepted",{identity}"topic":"{self._topic}","partition":%d,"offset":%d,'
            f'"schema_id":{self._serializer.schema_id},"schema_version":{self._serializer.version}}}'
        ).encode()

    def _answer_many(self, outcomes: Sequence[Accepted | Fault], accepted: int) -> Answer:
        if not accepted:
            return self._none_accepted([outcome for outcome in outcomes if isinstance(outcome, Fault)])
        is_all = accepted == len(outcomes)
        body = {
            "status": "accepted" if is_all else "partial",
            "topic": self._topic,
            "schema_id": self._serializer.schema_id,
            "schema_version": self._serializer.version,
            "accepted": accepted,
            "refused": len(outcomes) - accepted,
            "results": outcomes if is_all else [described(index, entry) for index, entry in enumerate(outcomes)],
        }
        return Answer(202 if is_all else 207, msgspec.json.encode(body))

    def _none_accepted(self, faults: Sequence[Fault]) -> Answer:
        errors = [fault.describe(index) for index, fault in enumerate(faults)]
        retryable = [fault for fault in faults if fault.retryable]
        if not retryable:
            return problem_answer(INVALID_EVENTS, f"none of {len(faults)} events was accepted", errors)
        problem = OVERLOADED if retryable[0].stage == Stage.QUEUE else UNDELIVERED
        detail = f"none of {len(faults)} events was accepted; {len(retryable)} of them may be sent again"
        return problem_answer(problem, detail, errors, headers=self._retry())

    def _retry(self) -> dict[str, str]:
        return {"retry-after": str(self._retry_after_s())}


async def _give_way(_rest: int) -> None:
    await asyncio.sleep(0)


def _one_problem(problem: Any, faults: Sequence[Fault], headers: dict[str, str] | None = None) -> Answer:
    first = faults[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    if len(faults) > 1:
        detail += f" (and {len(faults) - 1} more)"
    return problem_answer(problem, detail, [fault.describe(0) for fault in faults], headers=headers)
