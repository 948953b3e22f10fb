"""Before the first record: can this reader read what is written today, and what the topic still carries?

A consumer that cannot would dead-letter those records one by one, so it does not start, and says what to move. Written
today is what the pinned writers write. Carried still is every version that the subject holds, but for those that are
declared expired; and a version newer than all pinned writers' only where a partition's last record has it, because it
may be registered before anybody writes it. Which schemas the whole topic holds is asked of `pipeline schema audit`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from codegen.nodes import Json, Node
from codegen.resolution import Incompatibility, Resolver
from codegen.schema import parse_schema
from consumers.faults import ConsumerError, RegistryUnavailable, Undecodable
from consumers.options import ReaderChoice, others_on

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

    from codegen.catalog import GeneratedContract
    from consumers.decoding.writer_schemas import WriterSchemas

log = logging.getLogger(__name__)

_NO_SUBJECT: Final = 40401
_NO_VERSION: Final = 40402
_Answer = TypeVar("_Answer")


class UnreadableVersion(ConsumerError):
    """The reader cannot read a version that is written, or that the topic still carries."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A schema that the reader will meet. `because` completes "version N, which …"; `writer` is pinned to it."""

    version: int
    schema: Json = field(hash=False)
    root: Node
    because: str
    writer: str | None = None


def pinned_schemas(contract: GeneratedContract) -> list[Carried]:
    """What the pinned writers write; without pins, what the API writes by default."""
    writers = contract.writers or ({"producer_api": contract.latest} if contract.ingest else {})
    return [
        Carried(number, _schema(contract, number), schema_root(contract, number), f"{app} is pinned to write", app)
        for app, number in sorted(writers.items())
    ]


def registered_schemas(
    contract: GeneratedContract, registry: SchemaRegistryClient, writers: WriterSchemas
) -> list[Carried]:
    """What the subject holds; nothing where it is not registered yet. Raises RegistryUnavailable and ConsumerError."""
    subject, others = contract.subject, others_on(contract)
    found: list[Carried] = []
    for number in _ask(lambda: registry.get_versions(subject), subject) or ():
        registered = _ask(lambda number=number: registry.get_version(subject, number), subject)  # type: ignore[misc]
        if registered is None:  # deleted meanwhile
            continue
        try:
            schema = writers.understand(registered.schema_id or 0, registered.schema)
        except Undecodable as fault:
            raise UnreadableVersion(
                f"version {number} of the subject {subject} cannot be used ({fault.reason}): delete it there if no "
                f"record has it"
            ) from fault
        if schema.record not in others:
            own = number if schema.version is None else schema.version
            found.append(Carried(own, schema.schema, schema.root, f"the subject {subject} holds"))
    return found


def refuse_unreadable(choice: ReaderChoice, carried: Iterable[Carried], latest: Callable[[], Collection[Json]]) -> None:
    """Raise UnreadableVersion for the first of `carried` that the chosen version cannot read.

    `latest` gives the schemas of the topic's last records; it is asked only where the answer depends on it.
    """
    schemas = [each for each in carried if each.writer is not None or each.version not in choice.expired]
    resolver, reader = Resolver(), schema_root(choice.contract, choice.version)
    newest = max((each.version for each in pinned_schemas(choice.contract)), default=choice.contract.latest)
    for each in schemas:
        findings = resolver.findings(reader, each.root)
        if not findings:
            continue
        if each.writer is None and each.version > newest and each.schema not in latest():
            log.warning(
                "version %s of %s cannot read version %s, which is registered and not written yet: move this reader "
                "before a writer",
                choice.version,
                choice.contract.name,
                each.version,
            )
            continue
        raise UnreadableVersion(_sentence(choice, each, findings[0], _way_out(choice, each, schemas, resolver)))


def _sentence(choice: ReaderChoice, carried: Carried, found: Incompatibility, way_out: str) -> str:
    at = f" at {found.reader_path}" if found.reader_path else ""
    return (
        f"{choice.app} reads version {choice.version} of {choice.contract.name}, which cannot read version "
        f"{carried.version}, which {carried.because} ({found.type}{at}: {found.message}): {way_out}"
    )


def _way_out(choice: ReaderChoice, culprit: Carried, schemas: Sequence[Carried], resolver: Resolver) -> str:
    """What a person can move so that the reader reads all."""
    contract, name = choice.contract, choice.contract.name
    file = f"schemas/{name}/contract.toml"
    ways: list[str] = []
    best = _best_version(contract, schemas, resolver)
    if best is not None and choice.origin:
        without = f", or leave {choice.origin} out" if contract.reader_version(choice.app) == best else ""
        ways.append(f"let it read version {best} ({choice.origin} {best}{without})")
    elif best is not None:
        ways.append(
            f"let it read version {best}: set {choice.app} = {best} under [readers] in {file} and run "
            f"`python -m codegen`, or start it with --reader-version {best}"
        )
    if best is None:
        ways.append(f"move it to a release of this project whose {name} has a version that reads both")
    if culprit.writer is not None:
        back = _newest_readable(choice, resolver)
        if back is not None:
            ways.append(f"let {culprit.writer} write version {back} ([writers] in {file})")
    else:
        ways.append(
            f"once `pipeline schema audit {name}` finds no record of version {culprit.version}, start it with "
            f"--expired-version {culprit.version}"
        )
    return "; or ".join(ways)


def _best_version(contract: GeneratedContract, schemas: Sequence[Carried], resolver: Resolver) -> int | None:
    """The newest version that reads everything."""
    for number in reversed(contract.versions):
        reader = schema_root(contract, number)
        if all(resolver.can_read(reader, each.root) for each in schemas):
            return number
    return None


def _newest_readable(choice: ReaderChoice, resolver: Resolver) -> int | None:
    """The newest version that the chosen one reads."""
    reader = schema_root(choice.contract, choice.version)
    for number in reversed(choice.contract.versions):
        if resolver.can_read(reader, schema_root(choice.contract, number)):
            return number
    return None


def _schema(contract: GeneratedContract, version: int) -> Json:
    schema: Json = json.loads(contract.avsc(version))
    return schema


def schema_root(contract: GeneratedContract, version: int) -> Node:
    """The schema of a version, as typed nodes."""
    return parse_schema(_schema(contract, version)).root


def _ask(question: Callable[[], _Answer], subject: str) -> _Answer | None:
    """The registry's answer; None where there is no such subject or version. Raises RegistryUnavailable."""
    try:
        return question()
    except Exception as error:
        # The client lets out its HTTP library's errors, which depend on what is installed.
        if getattr(error, "error_code", None) in (_NO_SUBJECT, _NO_VERSION):
            return None
        raise RegistryUnavailable(
            f"the registry did not say what {subject} holds ({type(error).__name__}: {error})"
        ) from error
