"""Apache Kafka: up, down, and the ways in which it does not come up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]  # public all the same

from tools.broker import BrokerError
from tools.kafka_broker import KafkaBroker, new_cluster_id, run_broker
from tools.kafka_settings import Security
from tools.maven import JavaMissing
from tools.parts import Parts
from tools.ports import LOCALHOST, PortInUseError, free_port
from tools.project import this_code
from tools.stack import Stack, StackOptions
from tools.topics import TopicSpec, create_topics


def test_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="1 or 3 brokers, not 2"):
        KafkaBroker(size=2)
    with pytest.raises(BrokerError, match="the embedded broker is always one, not 3: add --kind kafka"):
        run_broker("embedded", 0, 3)
    with pytest.raises(Exception, match="the embedded broker is always one, not 3: add --broker kafka"):
        Stack(StackOptions(tmp_path, tmp_path, parts=Parts(brokers=3)), print)


def test_no_cluster_id_is_taken_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([uuid.UUID("f9" + "0" * 30), uuid.UUID("11" + "0" * 30)])  # the first is spelled -Q…
    monkeypatch.setattr(uuid, "uuid4", lambda: next(drawn))
    assert new_cluster_id() == "EQAAAAAAAAAAAAAAAAAAAA"


def test_without_java_a_command_ends_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tools.cli", "broker", "--kind", "kafka", "--port", "0"],
        cwd=this_code(),
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: Apache Kafka needs java and mvn, which this machine has not: install Java 17")
    assert len(done.stderr.splitlines()) == 1


def test_a_broker_that_is_not_started_can_be_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broker = KafkaBroker()
    broker.stop()
    assert not broker.is_alive()
    assert broker.pid is None
    assert broker.last_words() == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaMissing):
        broker.start()


@pytest.mark.usefixtures("java_parts")
def test_it_is_up_in_the_block_and_gone_after_it(tmp_path: Path) -> None:
    with KafkaBroker(log_path=tmp_path / "broker.log") as broker:
        port = int(broker.bootstrap_servers.rpartition(":")[2])
        metadata = AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=5)
        assert [(b.host, b.port) for b in metadata.brokers.values()] == [(LOCALHOST, port)]
        assert broker.pid is not None
        pid, folder = broker.pid, broker._folder
        assert folder is not None
        assert os.getsid(pid) != os.getsid(0)
        with pytest.raises(PortInUseError):
            KafkaBroker(port).start()
    assert "Kafka Server started" in (tmp_path / "broker.log").read_text(encoding="utf-8")
    assert not folder.exists()
    assert not broker.is_alive()
    with socket.socket() as probe:
        assert probe.connect_ex((LOCALHOST, port)) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.usefixtures("java_parts")
@pytest.mark.timeout(180)
def test_three_brokers_keep_every_record_thrice() -> None:
    with KafkaBroker(size=3) as broker:
        assert len(set(broker.pids)) == 3
        conf = {"bootstrap.servers": broker.bootstrap_servers}
        create_topics(conf, [TopicSpec("orders", 2)])
        admin = AdminClient(conf)
        topic = admin.list_topics("orders", timeout=5).topics["orders"]
        assert {len(partition.replicas) for partition in topic.partitions.values()} == {3}
        (found,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, "orders")]).values()
        assert found.result()["min.insync.replicas"].value == "2"
        os.kill(broker.pids[2], signal.SIGKILL)
        os.waitid(os.P_PID, broker.pids[2], os.WEXITED | os.WNOWAIT)
        assert not broker.is_alive()
        pids = broker.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.usefixtures("java_parts")
def test_a_port_that_is_taken_meanwhile_is_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((LOCALHOST, 0))
        taken.listen()
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr("tools.kafka_broker.free_port", lambda: next(ports, None) or free_port())
        with KafkaBroker() as broker:
            assert broker.bootstrap_servers != f"{LOCALHOST}:{taken.getsockname()[1]}"
            assert broker.is_alive()


@pytest.mark.usefixtures("java_parts")
def test_settings_that_kafka_refuses_are_told_in_its_words() -> None:
    broker = KafkaBroker(security=Security(properties={"num.io.threads": "none"}))
    with pytest.raises(BrokerError, match=r"Kafka could not format its folder: .*num.io.threads"):
        broker.start()
    assert broker._folder is None
