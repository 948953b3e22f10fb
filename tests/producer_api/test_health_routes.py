"""Health: a real question, asked by one thread at a time and remembered for a moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError

from producer_api.health import BrokerWatch, Probe

OpenApi = Callable[..., Awaitable[Any]]


async def test_all_is_well(api: Any) -> None:
    response = await api.client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "kafka": "ok", "registry": "ok"})
    for path in ("/health/live", "/health/ready"):
        response = await api.client.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_broker_that_is_away(open_api: OpenApi, api: Any) -> None:
    producer = type(api.producer)()
    producer.away = True
    broken = await open_api(producer=producer)
    response = await broken.client.get("/health")
    assert response.status_code == 503
    assert response.json() == {
        "status": "degraded", "kafka": "the brokers do not answer (_TRANSPORT)", "registry": "ok",
    }  # fmt: skip
    assert (await broken.client.get("/health/ready")).status_code == 503
    assert (await broken.client.get("/health/live")).status_code == 200


async def test_a_registry_that_goes_away_later_degrades_and_stops_nothing(api: Any) -> None:
    api.registry.away = True
    response = await api.client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["registry"] == "the registry does not answer (ConnectError)"
    assert (await api.client.get("/health/ready")).status_code == 200


async def test_a_missing_topic_is_named(open_api: OpenApi, api: Any) -> None:
    producer = type(api.producer)()
    producer.topics = {}
    lacking = await open_api(producer=producer)
    response = await lacking.client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["reason"] == "missing topics: events; run `pipeline topics create`"


async def test_many_ask_and_one_thread_answers_without_blocking_the_loop(api: Any) -> None:
    asked: list[str] = []
    released = threading.Event()
    now = [0.0]

    def question() -> str:
        asked.append(threading.current_thread().name)
        released.wait(5)
        return "ok"

    probe = Probe(question, ttl_s=1.0, clock=lambda: now[0])
    waiting = [asyncio.create_task(probe.check()) for _ in range(5)]
    await api.until(lambda: asked)
    waiting.pop(0).cancel()  # the one that asked first goes away
    released.set()
    assert await asyncio.gather(*waiting) == ["ok"] * 4
    assert await probe.check() == "ok"
    assert len(asked) == 1
    assert asked[0] != threading.main_thread().name
    now[0] = 1.5
    await probe.check()
    assert len(asked) == 2


async def test_while_the_broker_is_away_events_are_refused_at_once(open_api: OpenApi, event: dict[str, Any]) -> None:
    api = await open_api()
    api.producer.away = True
    api.producer.report_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    await api.until(lambda: api.service.watch.away)
    response = await api.post("{}")
    assert response.status_code == 503
    assert response.json()["detail"] == "the brokers do not answer (_TRANSPORT)"
    assert api.totals()["requests_refused"] == {"kafka_away": 1}
    assert api.totals()["received"] == 0


@pytest.mark.parametrize("answer", ["ok", "missing topics: events"])
async def test_the_watch_goes_on_until_the_brokers_are_back(answer: str) -> None:
    answers = iter(["away", "away", answer])
    seen: list[str] = []

    async def pause(_seconds: float) -> None:
        seen.append(watch.away)

    watch = BrokerWatch(Probe(lambda: next(answers), ttl_s=0.0), pause)
    watch.suspect()
    watch.suspect()
    assert watch._task is not None
    await watch._task
    assert (seen, watch.away) == (["away", "away"], "")


async def test_a_suspicion_during_a_question_is_followed_up() -> None:
    answers = iter(["ok", "away", "ok"])
    seen: list[str] = []

    def question() -> str:
        if not seen:
            watch.suspect()  # while the first question is under way
        return next(answers)

    async def pause(_seconds: float) -> None:
        seen.append(watch.away)

    watch = BrokerWatch(Probe(question, ttl_s=60.0), pause)
    watch.suspect()
    assert watch._task is not None
    await watch._task
    assert seen == ["", "away"]


async def test_a_question_anew_does_not_take_an_answer_from_before() -> None:
    released = threading.Event()
    asked: list[int] = []

    def question() -> str:
        asked.append(1)
        released.wait(5)
        return str(len(asked))

    probe = Probe(question, ttl_s=60.0)
    first = asyncio.create_task(probe.check())
    await asyncio.sleep(0)
    second = asyncio.create_task(probe.check(anew=True))
    await asyncio.sleep(0)
    released.set()
    assert (await first, await second) == ("1", "2")
