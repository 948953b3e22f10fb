"""The API as a process, on the embedded broker and registry."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.models import CONTRACTS
from codegen.models.user_action.v2 import UserAction
from producer_api.bounds import Bound
from producer_api.publisher import Delivered, Publisher, Record
from producer_api.settings import read_settings
from tests.producer_api.sent_and_read import read_record, says, unambiguous
from tests.producer_api.spoiled_events import events, spoiled
from tools.broker import EmbeddedBroker, child_environment
from tools.ports import free_port
from tools.registry.server import EmbeddedRegistry

pytestmark = pytest.mark.integration

CONTRACT = CONTRACTS["user_action"]
# org.apache.kafka.common.utils.UtilsTest, testMurmur2: what Java clients compute for these keys.
JAVA_MURMUR2 = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.fixture(scope="module")
def registry() -> Iterator[EmbeddedRegistry]:
    """A registry that has every version of the contract that the API takes."""
    with EmbeddedRegistry() as embedded:
        with SchemaRegistryClient({"url": embedded.url}) as client:
            for version in CONTRACT.versions:
                client.register_schema(CONTRACT.subject, Schema(CONTRACT.avsc(version), "AVRO"))
        yield embedded


@contextmanager
def serve(broker_port: int, registry_url: str, *arguments: str, **environ: str) -> Iterator[tuple[str, Any]]:
    """uvicorn as a child process; its URL, and the process."""
    port = free_port()
    registry_port = int(registry_url.rpartition(":")[2])
    child = subprocess.Popen(
        [sys.executable, "-m", "producer_api", "--port", str(port),
         "--log-level", "warning", *arguments],
        env={**child_environment(broker_port, registry_port), "API_REPORT": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}", child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def wait_for(url: str, status: int = 200, limit_s: float = 60.0) -> httpx.Response:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            response = httpx.get(url)
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code == status:
            return response
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer {status}")


def stop(child: Any) -> tuple[list[dict[str, Any]], str]:
    """The reports of the workers, and what they said on stderr."""
    child.send_signal(signal.SIGTERM)
    out, errors = child.communicate(timeout=60)
    return [json.loads(line)["api"] for line in out.splitlines() if line.startswith('{"api"')], errors


def make_event(user: str) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "user_id": user,
        "action": "click",
        "page": "/x",
        "occurred_at": "2026-01-31T08:15:30.125Z",
    }


def read_back(servers: str, topic: str, places: dict[tuple[int, int], Any]) -> dict[tuple[int, int], Any]:
    """The records at `places` (partition and offset)."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in {place[0] for place in places}])
    found: dict[tuple[int, int], Any] = {}
    deadline = time.monotonic() + 30
    while len(found) < len(places) and time.monotonic() < deadline:
        record = consumer.poll(0.2)
        place = (record.partition() or 0, record.offset() or 0) if record is not None else (-1, -1)
        if place in places:
            found[place] = record
    consumer.close()
    return found


def test_events_arrive_as_answered_with_two_workers(
    broker: EmbeddedBroker, registry: EmbeddedRegistry, tmp_path: Path
) -> None:
    _create_topic(broker, "events")
    with serve(broker.port, registry.url, "--workers", "2", PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) as (url, child):
        wait_for(f"{url}/health/ready")
        trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
        places: dict[tuple[int, int], Any] = {}
        for number in range(20):
            event = make_event(f"user-{number}")
            answer = httpx.post(f"{url}/events", json=event, headers=trace if number % 2 else {}).json()
            places[answer["partition"], answer["offset"]] = (event, number % 2)
        with SchemaRegistryClient({"url": registry.url}) as client:
            schema_id = client.get_version(CONTRACT.subject, 2).schema_id or 0
        many = [make_event(f"user-{number}") for number in range(600)]
        results = httpx.post(f"{url}/events", json=many).json()["results"]
        places.update({(each["partition"], each["offset"]): (many[each["index"]], 0) for each in results})
        assert len(places) == 620
        found = read_back(broker.bootstrap_servers, "events", places)
        assert found.keys() == places.keys()
        for place, (event, traced) in places.items():
            record = found[place]
            assert record.key() == event["user_id"].encode()
            assert record.value()[:5] == b"\0" + schema_id.to_bytes(4, "big")
            assert str(UserAction.deserialize(record.value()[5:]).event_id) == event["event_id"]
            assert record.headers() == ([("traceparent", trace["traceparent"].encode())] if traced else None)
        # Whichever worker answers, it tells the sum of both.
        metrics = httpx.get(f"{url}/metrics").text
        assert 'api_events_accepted_total{contract="user_action",version="2"} 620.0' in metrics
        reports, _ = stop(child)
    assert len(reports) == 2
    assert sum(report["received"] for report in reports) == 620
    assert sum(report["accepted"] for report in reports) == 620
    assert sum(report["produced"] for report in reports) == 620
    assert sum(report["shapes"].get("1", 0) for report in reports) == 620


def test_spoiled_events_read_back_from_the_topic_as_they_were_sent(
    broker: EmbeddedBroker, registry: EmbeddedRegistry
) -> None:
    """As test_fuzz_events, with a process, a socket and a broker between what is sent and what is read."""
    _create_topic(broker, "events")
    places: dict[tuple[int, int], bytes] = {}
    with serve(broker.port, registry.url) as (url, child), httpx.Client(base_url=url) as client:
        wait_for(f"{url}/health/ready")

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(st.data(), events(UserAction))
        def check(draw: st.DataObject, event: Any) -> None:
            text = draw.draw(spoiled(event))
            response = client.post("/events", content=text, headers={"content-type": "application/json"})
            assert response.status_code in (202, 207, 422), response.text
            if response.status_code == 202 and "results" not in response.json():
                places[response.json()["partition"], response.json()["offset"]] = text

        check()
        reports, errors = stop(child)
    assert places
    assert "Traceback" not in errors
    assert "ERROR" not in errors
    assert reports[0]["undelivered"] == reports[0]["unknown"] == 0
    found = read_back(broker.bootstrap_servers, "events", places)
    assert found.keys() == places.keys()
    avsc = CONTRACT.avsc(2)
    for place, text in places.items():
        _, read = read_record(avsc, found[place].value())
        assert says(json.loads(avsc), unambiguous(text), read), (text, read)


def _create_topic(broker: EmbeddedBroker, topic: str, partitions: int = 3) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    for future in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        future.exception()  # it may be there already


def test_without_broker_and_registry_it_starts_and_says_so() -> None:
    with serve(free_port(), f"http://127.0.0.1:{free_port()}") as (url, child):
        wait_for(f"{url}/health/live")
        response = httpx.post(f"{url}/events", json=make_event("u"))
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        health = wait_for(f"{url}/health", 503).json()
        assert health["status"] == "degraded"
        assert "do not answer" in health["kafka"]
        assert "cannot be reached" in health["registry"]
        reports, errors = stop(child)
    assert "Traceback" not in errors
    assert reports[0]["requests_refused"] == {"no_schema_id": 1}


def test_a_broker_that_dies_is_503_and_nothing_is_lost(registry: EmbeddedRegistry) -> None:
    with (
        EmbeddedBroker() as own,
        serve(own.port, registry.url, API_ANSWER_TIMEOUT_S="1", API_FLUSH_TIMEOUT_S="1") as (url, child),
    ):
        _create_topic(own, "events")
        wait_for(f"{url}/health/ready")
        assert httpx.post(f"{url}/events", json=make_event("u")).status_code == 202
        own.stop()
        refused = httpx.post(f"{url}/events", json=make_event("u"), timeout=30)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] in ("1", "2"), "by then all who wait have their answer"
        wait_for(f"{url}/health", 503)
        reports, _ = stop(child)
    (report,) = reports
    assert report["accepted"] == 1
    assert report["received"] + sum(report["requests_refused"].values()) == 2
    assert report["received"] == report["accepted"] + sum(report["refused"].values())
    assert report["unknown"] == 0


@pytest.mark.parametrize("many", [False, True])
async def test_partitions_are_those_of_java_clients(broker: EmbeddedBroker, many: bool) -> None:
    topic, partitions = f"murmur2-{uuid.uuid4()}", 7
    _create_topic(broker, topic, partitions)
    settings = read_settings({"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers})
    publisher = Publisher(settings.kafka, Bound("records", 100, 100_000))
    publisher.start()
    keys = [key.encode() for key in JAVA_MURMUR2]
    if many:
        receipts = await publisher.produce_many(topic, keys, [b"v"] * len(keys))
    else:
        receipts = [receipt for key in keys for receipt in await publisher.produce(Record(topic, key, b"v"))]
    await publisher.close(10.0)
    found = [receipt.partition for receipt in receipts if isinstance(receipt, Delivered)]
    # Java: Utils.toPositive(Utils.murmur2(key)) % partitions; toPositive clears the sign bit.
    assert found == [(number & 0x7FFFFFFF) % partitions for number in JAVA_MURMUR2.values()]


async def test_a_shutdown_delivers_what_was_queued(broker: EmbeddedBroker) -> None:
    topic = f"flush-{uuid.uuid4()}"
    _create_topic(broker, topic)
    settings = read_settings({"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "KAFKA_LINGER_MS": "5000"})
    publisher = Publisher(settings.kafka, Bound("records", 1000, 1_000_000))
    publisher.start()
    future = publisher.produce_many(topic, [b"k"] * 500, [b"v"] * 500)
    report = await publisher.close(10.0)
    assert report == (500, 0, 0)
    assert all(isinstance(receipt, Delivered) for receipt in await future)


def test_the_final_line_of_a_wrong_setting_is_one_sentence() -> None:
    child = subprocess.run(
        [sys.executable, "-m", "uvicorn", "producer_api.app:app", "--port", str(free_port())],
        env={**os.environ, "API_MAX_RECORDS": "lots"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode != 0
    assert "error: API_MAX_RECORDS='lots'" in child.stderr
    assert "Traceback" not in child.stderr
