"""Apache Kafka whose brokers can be killed, stopped and started one by one; they keep their folders and ports."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults.waiting import meanwhile
from tools.kafka_broker import COORDINATES, KafkaBroker
from tools.maven import fetch_jars


class Cluster(KafkaBroker):
    """Numbers are node ids, from 1."""

    def kill(self, number: int) -> None:
        """SIGKILL: no goodbye to controllers or clients."""
        process = self._processes[number - 1]
        process.kill()
        process.wait()

    def shut_down(self, number: int, within_s: float = 60.0) -> None:
        """SIGTERM: the broker hands its partitions over first."""
        process = self._processes[number - 1]
        process.terminate()
        process.wait(within_s)

    def launch(self, number: int) -> None:
        """Start a broker that is down, with the records that it had."""
        node = self._nodes[number - 1]
        self._processes[number - 1] = self._launch(node, fetch_jars("kafka", COORDINATES))

    @contextmanager
    def frozen(self, *numbers: int) -> Iterator[None]:
        """SIGSTOP: connections stay open, nothing is answered."""
        pids = [self.pids[number - 1] for number in numbers]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def slow(self, run_s: float, rest_s: float) -> AbstractContextManager[None]:
        """All brokers run for `run_s` seconds, then stand still for `rest_s`, again and again."""

        def throttle() -> None:
            with self.frozen(*range(1, self._size + 1)):
                time.sleep(rest_s)

        return meanwhile(throttle, every_s=run_s)
