"""What a consumer process is told: by the command line, and by the environment where that says nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from codegen.catalog import GeneratedContract, UnknownVersion
from consumers.faults import ConsumerError


class Guarantee(StrEnum):
    AT_LEAST_ONCE = "at-least-once"
    """Effects are confirmed before the offset is committed; after a crash some may come twice."""
    EXACTLY_ONCE = "exactly-once"
    """Effects in Kafka, counts and offsets are committed in one transaction; read with `read_committed`."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """`group` defaults to `<contract>-<app>`, `reader_version` to READER_VERSION and then to the contract's pin.

    `expired` are versions of which the topic holds no record any more; EXPIRED_VERSIONS names further ones.
    `count_field` is the wire name of the field whose values are counted; `json` writes progress lines to stdout every
    `report_interval_s` seconds. A schema id that the registry does not know is waited for during `schema_patience_s`
    seconds, since registries replicate; then its record is dead-lettered.

    A handler is asked `attempts` times about a record at most, and a user's function is asked about `concurrency`
    records at once, of different keys. `dead_letter_limit` of 100 records may be dead letters; `dedupe_field` names the
    field by which an event is known again among the `dedupe_window` records before it. `http_port` (None: no HTTP)
    answers probes, and `stuck_after_s` says when a probe fails. On the signal to stop, handlers may take
    `stop_within_s` seconds. `guarantee` says what a crash may repeat; `instance` names this process in its group, the
    same after a restart. The counts consumer counts no event whose time is further off than `grace_s` (None: it counts
    all), and keeps a copy of its counts in `state_dir` (None: in memory). `stop` ends the consumer from another
    thread, as SIGINT and SIGTERM do.
    """

    contract: str = "user_action"
    group: str | None = None
    reader_version: int | None = None
    expired: tuple[int, ...] = ()
    count_field: str = "action"
    time_field: str = "occurred_at"
    json: bool = False
    report_interval_s: float = 1.0
    commit_interval_s: float = 1.0
    schema_patience_s: float = 5.0
    concurrency: int = 1
    attempts: int = 5
    dead_letter_limit: int = 50
    dedupe_field: str | None = None
    dedupe_window: int = 10_000
    http_host: str = "127.0.0.1"
    http_port: int | None = None
    stuck_after_s: float = 60.0
    stop_within_s: float = 10.0
    guarantee: Guarantee = Guarantee.AT_LEAST_ONCE
    instance: str | None = None
    grace_s: float | None = None
    state_dir: Path | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def group_for(self, app: str) -> str:
        return self.group or f"{self.contract}-{app}"


def find_contract(name: str, contracts: Mapping[str, GeneratedContract] | None = None) -> GeneratedContract:
    """The generated contract `name`. Raises ConsumerError with the names that there are."""
    from codegen.models import CONTRACTS

    known_contracts = CONTRACTS if contracts is None else contracts
    try:
        return known_contracts[name]
    except KeyError:
        known = ", ".join(sorted(known_contracts)) or "none"
        raise ConsumerError(f"there is no contract {name!r}; the generated ones are: {known}") from None


def others_on(contract: GeneratedContract) -> frozenset[str]:
    """The full names of the records of other contracts that share the topic."""
    from codegen.models import CONTRACTS

    return frozenset(
        other.record for other in CONTRACTS.values() if other.topic == contract.topic and other.name != contract.name
    ) - {contract.record}


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """Which version of `contract` the process `app` reads, and who said so: `origin` is an option, a variable, or "".

    `expired` are versions of which the topic holds no record any more.
    """

    app: str
    contract: GeneratedContract
    version: int
    origin: str = ""
    expired: frozenset[int] = frozenset()


def choose_reader(contract: GeneratedContract, app: str, options: ConsumerOptions) -> ReaderChoice:
    """What `app` reads: as the options say, else READER_VERSION, else the pin. Raises ConsumerError."""
    from tools.config import expired_versions, reader_version

    expired = frozenset((*options.expired, *expired_versions()))
    if options.reader_version is not None:
        version, origin = options.reader_version, "--reader-version"
    elif (told := reader_version()) is not None:
        version, origin = told, "READER_VERSION"
    else:
        version, origin = contract.reader_version(app), ""
    try:
        contract.model(version)
    except UnknownVersion as error:
        raise ConsumerError(f"{error}: correct --reader-version, READER_VERSION or the pin in contract.toml") from None
    return ReaderChoice(app, contract, version, origin, expired)


def app_version() -> str:
    """The version of this software, for dead letters."""
    return metadata.version("schema-pipeline")
