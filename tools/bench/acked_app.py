"""The least that a service does which answers behind the broker's acknowledgement: no check, no schema, ready bytes.

The bare application, but a POST becomes a record of BENCH_TOPIC, with the API's own producer properties, and is
answered when its delivery report comes. What this needs beyond the bare one is Kafka's and the client library's.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from itertools import chain, cycle
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from producer_api.settings import read_settings
from tools.bench import bare_app
from tools.bench.events import versions
from tools.bench.producing import ready_batches

_POLL_S: Final = 0.1


class _Acked:
    def __init__(self) -> None:
        self._topic = os.environ["BENCH_TOPIC"]
        self._records = cycle(chain.from_iterable(ready_batches(versions()[-1], int(os.environ["BENCH_SCHEMA_ID"]))))
        self._producer = Producer(dict(read_settings().kafka))
        self.stopped = threading.Event()  # for tests: a server's process ends with all of its threads
        threading.Thread(target=self._poll, daemon=True).start()

    def _poll(self) -> None:
        while not self.stopped.is_set():
            self._producer.poll(_POLL_S)

    async def produce(self) -> None:
        """Return when the record is acknowledged. Raises RuntimeError where it was not."""
        loop = asyncio.get_running_loop()
        acked: asyncio.Future[None] = loop.create_future()

        def report(error: KafkaError | None, _message: Message) -> None:
            loop.call_soon_threadsafe(_settle, acked, error)

        self._producer.produce(self._topic, **next(self._records), on_delivery=report)
        await acked


def _settle(acked: asyncio.Future[None], error: KafkaError | None) -> None:
    if not acked.done():
        acked.set_result(None) if error is None else acked.set_exception(RuntimeError(error.str()))


_acked: Final[list[_Acked]] = []


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    async def send_behind(message: Any) -> None:
        if message["type"] == "http.response.start" and scope["method"] == "POST":
            if not _acked:
                _acked.append(_Acked())  # in the worker, which has its own client
            await _acked[0].produce()
        await send(message)

    await bare_app.app(scope, receive, send_behind if scope["type"] == "http" else send)
