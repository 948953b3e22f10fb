"""Whether the broker and the registry answer: asked in a thread, one question at a time, remembered for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException

from producer_api.publisher import Publisher
from producer_api.serializer import Serializer

OK: Final = "ok"
_PAUSE_S: Final = 0.5
_KAFKA_TTL_S: Final = 1.0
_REGISTRY_TTL_S: Final = 5.0
_MISSING: Final = "missing topics"  # the brokers answer, and events may be tried


class Probe:
    """A blocking question whose answer is `ok` or a reason. Many may ask; one thread at a time does."""

    def __init__(self, question: Callable[[], str], ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._question = question
        self._ttl_s = ttl_s
        self._clock = clock
        self._answer = ""
        self._answered_at = float("-inf")
        self._asking: asyncio.Task[str] | None = None

    async def check(self, *, anew: bool = False) -> str:
        """`ok`, or why not; `ttl_s` seconds old at most, or, `anew`, from a question that began after this call."""
        if anew and self._asking is not None:
            await asyncio.shield(self._asking)
        elif not anew and 0 <= self._clock() - self._answered_at < self._ttl_s:
            return self._answer
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        # Shielded: the client that asked first may go away, and others wait for the same answer.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> str:
        try:
            self._answer = await asyncio.to_thread(self._question)
        finally:
            self._answered_at = self._clock()
            self._asking = None
        return self._answer


def kafka_probe(publisher: Publisher, topics: Sequence[str], timeout_s: float) -> Probe:
    """A metadata request over the producer's own connection: a round trip that says which topics exist."""

    def ask() -> str:
        try:
            known = publisher.producer.list_topics(timeout=timeout_s).topics
        except KafkaException as error:
            return f"the brokers do not answer ({error.args[0].name()})"
        missing = [topic for topic in topics if topic not in known]
        if missing:
            return f"{_MISSING}: {', '.join(missing)}; run `pipeline topics create`"
        return OK

    return Probe(ask, _KAFKA_TTL_S)


def registry_probe(client: Any, subject: str) -> Probe:
    """Whether the registry answers at all; what it says of the schema ids is the serializers' matter."""

    def ask() -> str:
        try:
            client.get_versions(subject)
        except Exception as error:  # noqa: BLE001 - the client lets httpx, TLS and OAuth errors through as they are
            return f"the registry does not answer ({type(error).__name__})"
        return OK

    return Probe(ask, _REGISTRY_TTL_S)


class BrokerWatch:
    """Remembers that the brokers are away, so that requests are refused at once and not after the delivery time-out.

    A suspicion is proved by the probe before it counts, and the probe goes on until they are back.
    """

    def __init__(self, probe: Probe, pause: Callable[[float], Any] = asyncio.sleep) -> None:
        self.away = ""
        self._probe = probe
        self._pause = pause
        self._suspected = False
        self._task: asyncio.Task[None] | None = None

    def suspect(self) -> None:
        """Something failed; find out."""
        self._suspected = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="broker-watch")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            self._suspected = False
            answer = await self._probe.check(anew=True)
            self.away = "" if answer == OK or answer.startswith(_MISSING) else answer
            # A suspicion that came during the question may be younger than the answer.
            if not self.away and not self._suspected:
                return
            await self._pause(_PAUSE_S)


@dataclass(slots=True)
class Health:
    """What the health routes say."""

    kafka: Probe
    registry: Probe
    serializers: Sequence[Serializer]
    closing: bool = False

    async def describe(self) -> tuple[bool, dict[str, str]]:
        """Whether events can be taken, and the document of /health."""
        kafka, registry = await asyncio.gather(self.kafka.check(), self.registry.check())
        unresolved = self.unresolved()
        document = {
            "status": OK if kafka == OK and registry == OK and not unresolved and not self.closing else "degraded",
            "kafka": kafka,
            "registry": unresolved or registry,
        }
        return kafka == OK and not unresolved and not self.closing, document

    async def explain(self) -> str:
        """Why events cannot be taken; empty if they can. The registry is not needed once the schema ids are known."""
        if self.closing:
            return "the service is shutting down"
        kafka = await self.kafka.check()
        return self.unresolved() or ("" if kafka == OK else kafka)

    def unresolved(self) -> str:
        """Why a schema id is not known yet; empty if all are."""
        return "; ".join(serializer.reason for serializer in self.serializers if not serializer.ready)
