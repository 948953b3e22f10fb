"""A stack on real parts whose clients are told by environment alone, and the main job on it."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tools.fake_client import SendOptions
from tools.kafka_broker import KafkaBroker
from tools.kafka_settings import Security
from tools.load import Load
from tools.parts import Parts
from tools.project import this_code
from tools.registry.guard import Guard
from tools.registry.server import EmbeddedRegistry
from tools.run import Work, close_books, show_books, wait_drained
from tools.stack import Stack, StackOptions

if TYPE_CHECKING:
    from collections.abc import Iterator


class _BesideRegistry(Stack):
    """A stack whose registry runs already."""

    def __init__(self, options: StackOptions, url: str) -> None:
        self._url = url
        super().__init__(options, print)

    @property
    def registry_url(self) -> str:
        return self._url

    def start_registry(self) -> None:
        """It is up."""


@contextmanager
def kafka_stack(folder: Path) -> Iterator[Stack]:
    """Kafka and our registry, topics and contracts."""
    with Stack(StackOptions(this_code(), folder, parts=Parts("kafka")), print) as stack:
        stack.start_base()
        yield stack


@contextmanager
def secure_stack(folder: Path, security: Security, guard: Guard, environment: Mapping[str, str]) -> Iterator[Stack]:
    """The same, with a broker that listens as `security` says, and a registry that lets in whom `guard` lets in."""
    folder.mkdir()
    with (
        EmbeddedRegistry(folder / "registry.db", guard=guard) as registry,
        _BesideRegistry(StackOptions(this_code(), folder, parts=Parts("kafka")), registry.url) as stack,
    ):
        stack.broker = KafkaBroker(stack.broker_port, log_path=folder / "broker.log", security=security)
        stack.environment.update(environment)
        stack.start_base()
        yield stack


@contextmanager
def apicurio_registry(folder: Path) -> Iterator[str]:
    """Apicurio Registry alone, with the level of a new Confluent registry, and its URL."""
    options = StackOptions(this_code(), folder, parts=Parts(registry="apicurio"))
    with Stack(options, print) as stack:
        stack.start_registry()
        yield stack.registry_url


def run_main_job(stack: Stack, events: int) -> tuple[int, str]:
    """Events through the API to all consumers, and the books: the exit code of a demo, and what it prints."""
    stack.start_api()
    stack.start_consumers()
    load = Load(SendOptions(url=stack.api_url, count=events, concurrency=32, invalid_ratio=0.02, seed=3))
    load.start()
    report = load.result()
    wait_drained(stack, report.accepted, threading.Event())
    stack.stop()
    out = io.StringIO()
    return show_books(Console(file=out), stack, close_books(stack, report), Work(stack.options.work)), out.getvalue()
