"""Records that must be safe in a topic before something else may go on: produced now, confirmed later, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka import KafkaException

from consumers.faults import ConsumerError, DeliveryUnconfirmed
from consumers.record import Header
from tools.config.client_errors import client_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

# Codes that trying again cannot mend (kafka protocol, "Error codes").
_HOPELESS = frozenset(
    {
        3,  # UNKNOWN_TOPIC_OR_PART
        10,  # MSG_SIZE_TOO_LARGE
        17,  # TOPIC_EXCEPTION: no legal name
        29,  # TOPIC_AUTHORIZATION_FAILED
        31,  # CLUSTER_AUTHORIZATION_FAILED
        44,  # POLICY_VIOLATION
        -188,  # _UNKNOWN_TOPIC
    }
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`token` comes back to the owner when the record is confirmed."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]
    token: Any = None


class Produces(Protocol):
    """As much of confluent_kafka.Producer as is asked for here."""

    def produce(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Any,
        on_delivery: Callable[[KafkaError | None, Message], None],
    ) -> None: ...

    def poll(self, timeout_s: float, /) -> int: ...

    def flush(self, timeout_s: float, /) -> int: ...


class Outbox:
    """Hands records to an idempotent producer with acks=all and waits for the broker's word on each.

    A delivery that fails for a passing cause is produced again by the next `confirm`, unless `retry` is False: then
    the owner, who knows better, puts its newest state again, or the transaction around it is taken back.
    """

    def __init__(
        self, producer: Produces, *, retry: bool = True, on_confirmed: Callable[[Any], None] | None = None
    ) -> None:
        self._producer = producer
        self._retry = retry
        self._on_confirmed = on_confirmed
        self._in_flight = 0
        self._failed: list[tuple[Outgoing, KafkaError]] = []
        self._error: KafkaError | None = None

    @property
    def unconfirmed(self) -> int:
        return self._in_flight + len(self._failed)

    def put(self, outgoing: Outgoing) -> None:
        """Produce; a full local queue is waited out for a moment. Raises DeliveryUnconfirmed, and nothing is kept.

        What the client itself refuses is told by the next `confirm`, as what the broker refuses.
        """
        for last in (False, True):
            try:
                self._producer.produce(
                    outgoing.topic,
                    key=outgoing.key,
                    value=outgoing.value,
                    headers=list(outgoing.headers),
                    on_delivery=lambda error, message: self._delivered(outgoing, error, message),
                )
            except BufferError as error:
                if last:
                    raise DeliveryUnconfirmed(f"the queue towards {outgoing.topic} is full") from error
                self._poll(1.0)
            except KafkaException as refusal:
                self._failed.append((outgoing, refusal.args[0]))
                break
            else:
                self._in_flight += 1
                break
        self._poll(0)

    def confirm(self, timeout_s: float) -> None:
        """Return when the broker has confirmed every record.

        Raises DeliveryUnconfirmed when some are not after `timeout_s` seconds, and ConsumerError where trying again
        cannot help. Either way they stay in the outbox: whoever asks once more hears it once more.
        """
        _refuse_hopeless(self._failed)
        again, self._failed = self._failed, []
        for position, (outgoing, _) in enumerate(again if self._retry else ()):
            try:
                self.put(outgoing)
            except DeliveryUnconfirmed:
                self._failed.extend(again[position:])
                raise
        if self._in_flight:
            with _fatal_errors_named():
                self._producer.flush(timeout_s)
        _refuse_hopeless(self._failed)
        if self.unconfirmed:
            error = f" ({self._error.str()})" if self._error is not None else ""
            raise DeliveryUnconfirmed(f"the broker has not confirmed {self.unconfirmed} records{error}")

    def _poll(self, timeout_s: float) -> None:
        with _fatal_errors_named():
            self._producer.poll(timeout_s)

    def _delivered(self, outgoing: Outgoing, error: KafkaError | None, _message: Message) -> None:
        self._in_flight -= 1
        self._error = error
        if error is not None:
            self._failed.append((outgoing, error))
        elif self._on_confirmed is not None:
            self._on_confirmed(outgoing.token)


def _refuse_hopeless(failed: Iterable[tuple[Outgoing, KafkaError]]) -> None:
    for outgoing, failure in failed:
        if failure.fatal():
            raise _unusable(failure)
        if failure.code() in _HOPELESS:
            raise ConsumerError(
                f"a record cannot be written to {outgoing.topic} ({failure.str()}); the source offset stays where "
                f"it is: create or open that topic (`pipeline topics create`), or raise its message size"
            )


def _unusable(error: KafkaError) -> ConsumerError:
    return ConsumerError(
        f"the producer cannot go on ({error.str()}); nothing was committed that is not confirmed: start again"
    )


@contextmanager
def _fatal_errors_named() -> Iterator[None]:
    """An idempotent producer that met a fatal error raises it from every poll, and is of no more use."""
    try:
        yield
    except (KafkaException, SystemError) as error:
        raise _unusable(client_error(error)) from error
