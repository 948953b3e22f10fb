"""Refused events kept whole in `<topic>.rejects`: their bytes as they came, and headers that say why."""

from __future__ import annotations

import asyncio
from typing import Final

from producer_api.bounds import Overloaded
from producer_api.errors import Fault
from producer_api.metrics import ContractMetrics
from producer_api.publisher import Publisher
from producer_api.receipts import Delivered, Headers, Receipt, Record

REJECTS_SUFFIX: Final = ".rejects"


class Rejects:
    """Keeps what one contract refused for good. An answer does not wait for it: kept or lost is counted."""

    def __init__(self, publisher: Publisher, contract: str, topic: str, metrics: ContractMetrics) -> None:
        self._publisher = publisher
        self._contract = contract
        self._topic = topic + REJECTS_SUFFIX
        self._metrics = metrics

    def keep(self, data: bytes, fault: Fault, trace: Headers | None = None) -> None:
        """Send `data` to the rejects topic with the headers `contract`, `stage`, `field` and `reason`."""
        headers: Headers = [
            ("contract", self._contract.encode()),
            ("stage", fault.stage.encode()),
            ("field", fault.field.encode()),
            ("reason", fault.message.encode()),
            *(trace or ()),
        ]
        try:
            future = self._publisher.produce(Record(self._topic, None, data), headers)
        except Overloaded:
            self._metrics.rejects_lost.inc()
        else:
            future.add_done_callback(self._count)

    def _count(self, future: asyncio.Future[list[Receipt]]) -> None:
        kept = not future.cancelled() and isinstance(future.result()[0], Delivered)
        (self._metrics.rejects_kept if kept else self._metrics.rejects_lost).inc()
