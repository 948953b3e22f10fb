"""Exactly once: what a handler wants in Kafka, its state's changelog and the offsets, in one transaction.

The producer is transactional, and the offsets go with the metadata of the group (KIP-447): the coordinator refuses
those of a member that is none any more, so that a process which was declared dead can commit nothing. A transaction
begins with the first record that is produced after the last one, and ends at the loop's next checkpoint. An error that
a transaction cannot survive takes back all of it, and its records are read again; a fatal one, as when another process
took over the same transactional id, ends the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from consumers.faults import ConsumerError, Unavailable
from consumers.loop.commits import TakenBack, missing_in
from tools.config.client_errors import client_error

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, Producer

    from consumers.record import Header

# Longest wait for the coordinator in one attempt.
_ANSWER_S: Final = 5.0


@dataclass(slots=True)
class Transactions:
    """Stands for the producer towards whoever produces, and for the commits towards the loop.

    `longest_s` is how long a transaction may be open before it is taken back: less than the brokers' patience
    (`transaction.timeout.ms`), which would end it in a way that costs the process.
    """

    producer: Producer
    topic: str
    longest_s: float = 10.0
    clock: Callable[[], float] = time.monotonic
    confirmed: dict[int, int] = field(default_factory=dict)
    in_flight: int = 0
    _open_since: float | None = None
    _committing: dict[int, int] | None = None
    _aborting: bool = False
    _spoiled: bool = False

    # ------------------------------------------------------------ towards whoever produces

    def produce(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header],
        on_delivery: Callable[[KafkaError | None, Message], None],
    ) -> None:
        """As Producer.produce, in the open transaction. Raises TakenBack where that can have no more records."""

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._spoiled = self._spoiled or error is not None
            on_delivery(error, message)

        self._begin()
        self.producer.produce(topic, key=key, value=value, headers=list(headers), on_delivery=delivered)

    def poll(self, timeout_s: float) -> int:
        return self.producer.poll(timeout_s)

    def flush(self, timeout_s: float) -> int:
        return self.producer.flush(timeout_s)

    # ------------------------------------------------------------ towards the loop

    def missing(self, done: Mapping[int, int]) -> dict[int, int]:
        return missing_in(self.confirmed, done)

    def forget(self, partitions: Collection[int]) -> None:
        for number in partitions:
            self.confirmed.pop(number, None)

    def send(self, consumer: Consumer, offsets: Mapping[int, int]) -> None:
        """Commit the open transaction with `offsets`. Raises Unavailable, TakenBack and ConsumerError."""
        from confluent_kafka import TopicPartition

        self._begin()
        places = [TopicPartition(self.topic, number, offset) for number, offset in offsets.items()]
        self._ask(
            lambda: self.producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata(), _ANSWER_S)
        )
        self._committing = dict(offsets)
        self._end_what_was_left()

    @property
    def overdue(self) -> bool:
        """Whether the open transaction has to be taken back now."""
        if self._open_since is None or self._committing is not None:
            return False
        return self._spoiled or self._aborting or self.clock() - self._open_since > self.longest_s

    def take_back(self) -> bool:
        """Abort the open transaction; whether there was one. Its records have to be read again.

        One whose commit was sent is left: it may have succeeded, which the next step finds out.
        """
        if self._open_since is None or self._committing is not None:
            return False
        self._aborting = True
        with suppress(Unavailable, ConsumerError):  # told by the next step, which has to end it first
            self._end_what_was_left()
        return True

    def rewind(self, consumer: Consumer, partitions: Mapping[int, int | None]) -> None:
        """Read on from where the group is; where it never was, from the offset that is given. Raises Unavailable."""
        from confluent_kafka import KafkaException, TopicPartition

        self._end_what_was_left()
        try:
            found = consumer.committed([TopicPartition(self.topic, each) for each in partitions], timeout=_ANSWER_S)
            for place in found:
                offset = place.offset if place.offset >= 0 else partitions[place.partition]
                if offset is not None:
                    consumer.seek(TopicPartition(self.topic, place.partition, offset))
        except KafkaException as error:
            raise Unavailable(f"the group's offsets could not be read again: {error.args[0].str()}") from error

    def close(self) -> None:
        """Leave no transaction open: readers of what is committed would wait for its end."""
        self._aborting = self._open_since is not None and self._committing is None
        with suppress(Unavailable, ConsumerError):
            self._end_what_was_left()

    # ------------------------------------------------------------ one transaction

    def _begin(self) -> None:
        self._end_what_was_left()
        if self._open_since is None:
            self._ask(self.producer.begin_transaction)
            self._open_since, self._spoiled = self.clock(), False

    def _end_what_was_left(self) -> None:
        """An end that was begun, and whose answer is missing: ask for it again."""
        if self._aborting:
            self._ask(lambda: self.producer.abort_transaction(_ANSWER_S))
        elif self._committing is not None:
            self._ask(lambda: self.producer.commit_transaction(_ANSWER_S))
            self.confirmed.update(self._committing)
        else:
            return
        self._open_since, self._committing, self._aborting = None, None, False

    def _ask(self, question: Callable[[], Any]) -> None:
        """Raises Unavailable where the same call may succeed, TakenBack where the transaction is spoiled, or
        ConsumerError."""
        from confluent_kafka import KafkaException

        try:
            question()
        except (KafkaException, SystemError) as exception:
            error = client_error(exception)
            if error.txn_requires_abort() and not error.fatal():
                self._aborting, self._committing = True, None
                raise TakenBack(f"a transaction was refused ({error.str()}): its records are read again") from exception
            if error.retriable() and not error.fatal():
                raise Unavailable(f"the coordinator of transactions does not answer: {error.str()}") from exception
            raise ConsumerError(
                f"the transactions cannot go on ({error.str()}); nothing of the open one counts: start again, and give "
                f"each process of a group an --instance of its own"
            ) from exception


def start_transactions(producer: Producer) -> None:
    """End what an earlier process with the same transactional id left open, and keep that one out from now on.

    Raises Unavailable, and ConsumerError where these brokers or this user have no transactions.
    """
    from confluent_kafka import KafkaException

    try:
        producer.init_transactions(_ANSWER_S)
    except KafkaException as exception:
        error = exception.args[0]
        if error.retriable() and not error.fatal():
            raise Unavailable(f"the coordinator of transactions does not answer: {error.str()}") from exception
        raise ConsumerError(
            f"exactly-once needs transactions, and the brokers refuse them ({error.str()}): let this user write with "
            f"its transactional id, which begins with the group's name, or leave --guarantee out"
        ) from exception
