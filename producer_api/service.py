"""The parts of one API process, put together, started and stopped in order."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any, Final

from codegen.models import CONTRACTS
from producer_api.body import BodyLimits
from producer_api.bounds import Bound
from producer_api.health import BrokerWatch, Health, kafka_probe, registry_probe
from producer_api.ingest import Ingestion
from producer_api.metrics import ContractMetrics, Metrics
from producer_api.pace import Pace, StandingQueue
from producer_api.publisher import Publisher
from producer_api.registry import RegistryClient, SchemaIds, make_client
from producer_api.rejects import Rejects
from producer_api.routes import ContractEndpoint, Gate
from producer_api.serializer import Serializer
from producer_api.shapes import AcceptedShapes
from tools.config.tracing import stop_tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.sdk.trace import TracerProvider

    from codegen.catalog import GeneratedContract
    from producer_api.producer import ProducerLike
    from producer_api.publisher import FlushReport
    from producer_api.settings import Settings

APP: Final = "producer_api"  # the name under which contracts pin what this application writes
_log: Final = logging.getLogger(__name__)


class UnknownContract(ValueError):
    """API_CONTRACTS names what is no contract, or none that takes events over HTTP."""


class Service:
    """Everything behind the routes. Made without connecting; `start` and `stop` belong to the event loop."""

    def __init__(
        self,
        settings: Settings,
        contracts: Mapping[str, GeneratedContract] = CONTRACTS,
        *,
        make_producer: Callable[[dict[str, Any]], ProducerLike] | None = None,
        client: RegistryClient | None = None,
        tracing: TracerProvider | None = None,
    ) -> None:
        """Raises UnknownContract, codegen.catalog.UnknownVersion, and what the registry's client says of its settings.

        `make_producer` and `client` take the place of what the settings describe. `tracing` makes the spans, and is
        stopped with the service; None, there are none.
        """
        self.tracing = tracing
        self.settings = settings
        self.contracts = choose_contracts(settings, contracts)
        self.pins = {
            contract.name: settings.writer_version or contract.writer_version(APP) for contract in self.contracts
        }
        self.shapes = {contract.name: AcceptedShapes(contract, self.pins[contract.name]) for contract in self.contracts}
        self.serializers = [
            Serializer(contract.subject, self.pins[contract.name], self.shapes[contract.name].model.AVSC)
            for contract in self.contracts
        ]
        in_flight = Bound("records in flight", settings.max_in_flight_records, settings.max_in_flight_bytes)
        self.publisher = _publisher_class(tracing)(
            settings.kafka,
            in_flight,
            on_connection_lost=self._suspect_kafka,
            make_producer=make_producer,
            queue=StandingQueue(settings.max_wait_s),
            patience=settings.patience,
        )
        self._open_requests = Bound("open requests", 0, settings.max_open_request_bytes)
        self.metrics = Metrics((self.publisher.bound, self._open_requests), settings.metrics_dir)
        self._client = client or make_client(settings.registry)
        self._ids = SchemaIds(self._client, self.serializers)
        topics = sorted({contract.topic for contract in self.contracts})
        kafka = kafka_probe(self.publisher, topics, settings.probe_timeout_s)
        self.watch = BrokerWatch(kafka)
        registry = registry_probe(self._client, self.serializers[0].subject if self.serializers else "")
        self.health = Health(kafka, registry, self.serializers)
        self._gate = Gate(
            self.watch,
            settings.retry_after_s,
            max(settings.retry_after_s, math.ceil(settings.patience.answer_s)),
            pace=Pace(settings.max_busy_s),
            queue=self.publisher.queue,
            brokers_wait_s=self.publisher.wait_s,
            is_silent=self.publisher.is_silent,
        )
        self.endpoints = {
            contract.path: self._make_endpoint(contract, serializer)
            for contract, serializer in zip(self.contracts, self.serializers, strict=True)
        }

    async def start(self) -> None:
        """Connect. Without a broker or a registry the service starts as well, and refuses until they are there."""
        self.publisher.start()
        self.watch.suspect()
        await self._ids.start(self.settings.start_patience_s)

    async def stop(self) -> FlushReport:
        """Take no more, flush, and say what became of the records."""
        self._gate.closing = self.health.closing = True
        await self._ids.stop()
        await self.watch.stop()
        report = await self.publisher.close(self.settings.flush_timeout_s)
        self.metrics.close()
        if self.tracing is not None:
            await asyncio.to_thread(stop_tracing, self.tracing)
        return report

    def _suspect_kafka(self) -> None:
        self.watch.suspect()

    def _make_endpoint(self, contract: GeneratedContract, serializer: Serializer) -> ContractEndpoint:
        settings, shapes = self.settings, self.shapes[contract.name]
        metrics = ContractMetrics(self.metrics, contract.name, serializer.version, shapes.versions)
        rejects = None
        if settings.keep_rejects:
            rejects = Rejects(self.publisher, contract.name, contract.topic, metrics)
        ingestion = Ingestion(
            contract,
            shapes,
            serializer,
            self.publisher,
            metrics,
            rejects=rejects,
            retry_after_s=self._gate.retry_after_s,
            go_on=self._gate.pace.go_on,
            max_event_bytes=settings.max_event_bytes,
            on_undelivered=self._suspect_kafka,
        )
        limits = BodyLimits(
            settings.max_body_bytes, settings.max_decompressed_bytes, settings.max_records, settings.body_timeout_s
        )
        return ContractEndpoint(
            ingestion,
            serializer,
            self._gate,
            limits,
            self._open_requests,
            metrics,
            rejects,
            cloudevents=settings.cloudevents,
        )


def _publisher_class(tracing: TracerProvider | None) -> type[Publisher]:
    if tracing is None:
        return Publisher
    from producer_api.tracing import TracedPublisher

    return TracedPublisher


def choose_contracts(settings: Settings, contracts: Mapping[str, GeneratedContract]) -> list[GeneratedContract]:
    """The contracts that this process takes: all that say `ingest`, or those that the settings name."""
    offered = {name: contract for name, contract in contracts.items() if contract.ingest}
    if settings.contracts is None:
        return list(offered.values())
    for name in settings.contracts:
        if name not in offered:
            known = ", ".join(offered) or "none"
            raise UnknownContract(f"API_CONTRACTS names {name!r}; the contracts that take events are: {known}")
    return [offered[name] for name in settings.contracts]
