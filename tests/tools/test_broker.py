"""The embedded broker: up, down, and every way in which it does not come up."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

import tools.broker
from tools.broker import BrokerError, EmbeddedBroker, child_environment, embedded_client_conf, find_binary, run
from tools.ports import LOCALHOST, PortInUseError, check_port_free, free_port
from tools.topics import TopicSpec, create_topics

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


def _program(folder: Path, body: str) -> Path:
    program = folder / "tansu"
    program.write_text(f"#!{sys.executable}\nimport signal, sys, time\n{body}\n")
    program.chmod(0o755)
    return program


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOCALHOST, port)) == 0


def test_it_is_up_in_the_block_and_gone_after_it() -> None:
    with EmbeddedBroker() as broker:
        metadata = AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=5)
        assert [(b.host, b.port) for b in metadata.brokers.values()] == [(LOCALHOST, broker.port)]
        assert broker.is_alive()
        log, pid = broker.log_path, broker.pid
        assert log is not None
        assert pid is not None
        assert os.getsid(pid) != os.getsid(0)
        assert "tansu broker" in broker.last_words()
    assert not log.exists()
    assert not broker.is_alive()
    assert not _accepts(broker.port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    broker.stop()


def test_a_given_port_and_log_are_used_and_the_log_is_kept(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "logs" / "broker.log"
    with EmbeddedBroker(port, log_path=log) as broker:
        assert broker.bootstrap_servers == f"127.0.0.1:{port}"
    assert f"tcp://127.0.0.1:{port}" in log.read_text()


def test_it_stops_by_itself_while_clients_are_connected(broker: EmbeddedBroker) -> None:
    own = EmbeddedBroker()
    own.start()
    process = own._process
    assert process is not None
    consumer = Consumer({"bootstrap.servers": own.bootstrap_servers, "group.id": "g", "log_level": 0})
    try:
        consumer.assign([TopicPartition("stopping", 0, 0)])
        AdminClient({"bootstrap.servers": own.bootstrap_servers, "log_level": 0}).list_topics(timeout=5)
        own.stop(timeout_s=30)
    finally:
        consumer.close()
    assert process.returncode == 0
    assert broker.is_alive()


def test_a_program_that_ignores_the_signal_is_killed() -> None:
    body = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        broker = EmbeddedBroker()
        broker._process = process
        broker.stop(timeout_s=0.05)
        assert process.returncode == -signal.SIGKILL


def test_records_keep_order_headers_and_keys_and_offsets_are_committed(broker: EmbeddedBroker) -> None:
    """What the consumers rely on, with the properties that this profile gives them."""
    create_topics({"bootstrap.servers": broker.bootstrap_servers}, [TopicSpec("ordered", 2)])
    common = {"bootstrap.servers": broker.bootstrap_servers, "log_level": 0}
    producer = Producer({**common, "acks": "all", "enable.idempotence": True, "linger.ms": 5})
    delivered = []
    for number in range(200):
        producer.produce(
            "ordered",
            str(number).encode(),
            key=str(number % 7).encode(),
            headers=[("traceparent", b"00-1")],
            on_delivery=lambda error, record: delivered.append((error, record.partition(), record.offset())),
        )
    assert producer.flush(10) == 0
    assert all(error is None for error, _, _ in delivered)
    for partition in (0, 1):
        offsets = [offset for _, p, offset in delivered if p == partition]
        assert sorted(offsets) == list(range(len(offsets)))

    group = {**common, **embedded_client_conf(), "group.id": "ordered", "auto.offset.reset": "earliest"}
    consumer = Consumer({**group, "enable.auto.commit": False})
    seen: dict[bytes | None, list[int]] = {}
    try:
        consumer.subscribe(["ordered"])
        while sum(map(len, seen.values())) < 200:
            for record in consumer.consume(200, 0.5):
                assert record.error() is None
                assert record.headers() == [("traceparent", b"00-1")]
                seen.setdefault(record.key(), []).append(int(record.value() or b""))
        consumer.commit(asynchronous=False)
        committed = consumer.committed([TopicPartition("ordered", 0), TopicPartition("ordered", 1)], timeout=5)
    finally:
        consumer.close()
    assert sum(partition.offset for partition in committed) == 200
    assert seen == {str(k).encode(): list(range(k, 200, 7)) for k in range(7)}


def test_a_port_in_use_is_one_sentence_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind((LOCALHOST, 0))
        other.listen()
        port = other.getsockname()[1]
        broker = EmbeddedBroker(port)
        with pytest.raises(PortInUseError, match=f"port {port} on 127.0.0.1 is in use, .* --port") as caught:
            broker.start()
    assert caught.value.exit_code == 2
    assert broker.pid is None


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(PortInUseError, match="--broker-port a number from 1 to 65535"):
        check_port_free(port, "the broker", "--broker-port")


def test_a_port_that_somebody_takes_meanwhile_is_no_success(broker: EmbeddedBroker) -> None:
    late = EmbeddedBroker()
    with pytest.raises(PortInUseError):
        late._start_on(broker.port)
    assert late.pid is None
    assert broker.is_alive()


def test_a_free_port_is_tried_again_when_it_was_taken(broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = iter([broker.port, free_port()])
    monkeypatch.setattr(tools.broker, "free_port", lambda: next(ports))
    with EmbeddedBroker() as second:
        assert second.port != broker.port
        assert second.is_alive()


def test_a_program_that_dies_is_told_with_its_last_words(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _program(clean_environment, "print('first'); print('\\x1b[31mdisk on fire\\x1b[0m'); sys.exit(3)")
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))
    broker = EmbeddedBroker()
    with pytest.raises(BrokerError, match=r"ended at its start; its last words: first \| disk on fire$"):
        broker.start()
    assert broker.pid is None
    assert broker.log_path is None


def test_a_program_that_does_not_answer_is_ended(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", str(_program(clean_environment, "time.sleep(60)")))
    broker = EmbeddedBroker(start_timeout_s=0.3)
    with pytest.raises(BrokerError, match=r"did not answer within 0\.3 s"):
        broker.start()
    assert broker.pid is None


def test_a_missing_program_is_told(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", str(clean_environment / "nowhere"))
    with pytest.raises(BrokerError, match="program is missing: CALF_TANSU_BIN"):
        find_binary()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_cleanly_on_a_signal_also_as_a_background_job(number: signal.Signals) -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from tools.broker import run\nprint(run(0), flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
    told = re.match(r"broker listens on 127\.0\.0\.1:(\d+); .* memory only", first)
    assert told is not None
    assert rest == "broker stopped\n0\n"
    assert process.returncode == 0
    assert not _accepts(int(told[1]))


def test_run_tells_that_the_broker_died_and_restores_the_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    started: list[EmbeddedBroker] = []

    class Recorded(EmbeddedBroker):
        def start(self) -> None:
            super().start()
            started.append(self)

    def kill(_line: str) -> None:
        assert started[0].pid is not None
        os.kill(started[0].pid, signal.SIGKILL)

    monkeypatch.setattr(tools.broker, "EmbeddedBroker", Recorded)
    with pytest.raises(BrokerError, match="ended by itself"):
        run(free_port(), say=kill)
    assert signal.getsignal(signal.SIGTERM) is before


def test_children_see_the_embedded_services_and_no_other_cluster(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_environment / ".env").write_text("KAFKA_SASL_PASSWORD=secret\nSCHEMA_REGISTRY_PROXY=http://p:1\n")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "far.example:9093")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SESSION_TIMEOUT_MS", "6000")
    monkeypatch.setenv("KAFKA_LINGER_MS", "9")
    monkeypatch.setenv("OTHER", "kept")
    child = child_environment(1234, 5678)
    for name, value in child.items():
        monkeypatch.setenv(name, value)
    assert child["OTHER"] == "kept"
    assert child["KAFKA_SASL_PASSWORD"] == ""
    assert tools.broker.config.kafka_conf() == {
        "bootstrap.servers": "127.0.0.1:1234",
        "session.timeout.ms": "6000",
        "heartbeat.interval.ms": "1000",
        "linger.ms": "9",
    }
    assert tools.broker.config.schema_registry_conf() == {"url": "http://127.0.0.1:5678", "timeout": 10}
