"""`pipeline schema audit`: which schemas a topic and its dead-letter topic really hold, and who can read them.

Reads from the beginning to the end as it was at the start, without a group and without a commit. A reader's answer is
no if it cannot read a schema of the topic or of the dead letters, or if the topic holds records without a frame or of a
schema that the registry cannot give. Dead letters of those two sorts are counted, and do not decide: that nobody could
read them is why they are there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

from codegen.catalog import GeneratedContract
from codegen.incompatibility import Incompatibility
from codegen.resolution import Resolver
from consumers.clients import make_consumer, make_registry
from consumers.dead_letter import dead_letter_topic
from consumers.decoding.frame import SchemaRef, parse_frame
from consumers.decoding.writer_schemas import WriterSchema, WriterSchemas
from consumers.faults import ConsumerError, RegistryUnavailable, Unavailable, Undecodable
from consumers.options import find_contract, others_on
from consumers.record import Record
from consumers.running.start_check import schema_root
from consumers.topic_reading import READING, Extent, extents_of, read_stretch, until_now

if TYPE_CHECKING:
    from confluent_kafka import Consumer
    from confluent_kafka.schema_registry import SchemaRegistryClient

# The client asks for a group, which is never joined; KAFKA_GROUP_ID names another one that the user may use.
GROUP: Final = "schema-audit"
_NOT_FOUND: Final = 404


class CouldNotAudit(ConsumerError):
    """A broker or the registry did not answer, so that there is no answer either."""


@dataclass(slots=True)
class Span:
    """Records of one kind in one partition: how many, the first and the last."""

    count: int
    first_offset: int
    first_timestamp_ms: int | None
    last_offset: int
    last_timestamp_ms: int | None


@dataclass(slots=True)
class Sighting:
    """Records of one kind in a topic, by partition."""

    spans: dict[int, Span] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        span = self.spans.get(record.partition)
        if span is None:
            self.spans[record.partition] = Span(
                1, record.offset, record.timestamp_ms, record.offset, record.timestamp_ms
            )
            return
        span.count += 1
        span.last_offset, span.last_timestamp_ms = record.offset, record.timestamp_ms

    @property
    def count(self) -> int:
        return sum(span.count for span in self.spans.values())


@dataclass(slots=True)
class TopicContent:
    """What a topic holds; `extents` is None for a dead-letter topic that does not exist."""

    topic: str
    is_dead_letters: bool
    extents: Mapping[int, Extent] | None
    records: Sighting = field(default_factory=Sighting)
    tombstones: Sighting = field(default_factory=Sighting)
    unframed: Sighting = field(default_factory=Sighting)
    unframed_reasons: Counter[str] = field(default_factory=Counter)
    by_ref: dict[SchemaRef, Sighting] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        self.records.add(record)
        if record.value is None:
            self.tombstones.add(record)
            return
        try:
            ref, _ = parse_frame(record.value, record.headers)
        except Undecodable as fault:
            self.unframed.add(record)
            self.unframed_reasons[fault.reason] += 1
        else:
            self.by_ref.setdefault(ref, Sighting()).add(record)


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """What the registry says of a schema. `contract` and `version` are set where a contract has exactly this schema.

    `fault` says why there is no `writer`.
    """

    ref: SchemaRef
    writer: WriterSchema | None
    contract: str | None
    version: int | None
    subjects: tuple[str, ...]
    fault: str | None

    @property
    def name(self) -> str:
        kind = "id" if isinstance(self.ref, int) else "GUID"
        return f"schema {kind} {self.ref}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reader cannot read all of a topic; `ref` is None for records without a frame."""

    topic: str
    ref: SchemaRef | None
    count: int
    reason: str
    incompatibility: Incompatibility | None = None


@dataclass(frozen=True, slots=True)
class ReaderVerdict:
    """Whether `reader`, a pinned application or one that is recorded as running, can read everything."""

    contract: str
    reader: str
    version: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    contracts: tuple[GeneratedContract, ...]
    contents: tuple[TopicContent, ...]
    schemas: Mapping[SchemaRef, SchemaFacts]
    verdicts: tuple[ReaderVerdict, ...]

    @property
    def holds(self) -> bool:
        return not any(verdict.problems for verdict in self.verdicts)


# Contract → further readers and their versions, beside the pinned ones.
Readers = Mapping[str, Sequence[tuple[str, int]]]


def run_audit(names: Sequence[str], format_: str, out: TextIO, recorded: Readers | None = None) -> int:
    """Audit the topics of the contracts (all, or the named ones) and write the answer to `out` as text or json.

    Gives 0 if every reader can read everything, 1 if not. Raises ConsumerError where that could not be found out.
    """
    from codegen.models import CONTRACTS
    from consumers.audit.report import write_audit
    from tools.config import kafka_conf

    group = str(kafka_conf("consumer").get("group.id", GROUP))
    contracts = [find_contract(name) for name in dict.fromkeys(names or sorted(CONTRACTS))]
    try:
        with (
            closing(make_consumer(group, overrides=READING)) as consumer,
            make_registry() as registry,
        ):
            audit = audit_topics(contracts, consumer, registry, recorded or {})
    except Unavailable as reason:
        raise CouldNotAudit(f"could not audit: {reason}") from reason
    write_audit(audit, format_, out)
    return 0 if audit.holds else 1


def audit_topics(
    contracts: Sequence[GeneratedContract], consumer: Consumer, registry: SchemaRegistryClient, recorded: Readers
) -> Audit:
    """The audit as a value. Raises Unavailable, and ConsumerError for a contract whose topic is not there."""
    contents = [
        content
        for topic in dict.fromkeys(contract.topic for contract in contracts)
        for content in (_read(consumer, topic), _read_dead_letters(consumer, topic))
    ]
    refs = dict.fromkeys(ref for content in contents for ref in content.by_ref)
    writers = {contract.name: WriterSchemas(registry, contract, patience_s=0) for contract in contracts}
    schemas = {ref: _facts(ref, writers, registry) for ref in refs}
    resolver = Resolver()
    verdicts = [
        _verdict(contract, reader, version, contents, schemas, resolver)
        for contract in contracts
        for reader, version in _readers_of(contract, recorded)
    ]
    return Audit(tuple(contracts), tuple(contents), schemas, tuple(verdicts))


def _readers_of(contract: GeneratedContract, recorded: Readers) -> list[tuple[str, int]]:
    """Pinned and recorded ones; where nobody is pinned, whoever reads the latest version by default."""
    pinned = sorted(contract.readers.items()) or [("the latest version", contract.latest)]
    known = [(reader, number) for reader, number in recorded.get(contract.name, ()) if number in contract.versions]
    return [*pinned, *known]


def _read(consumer: Consumer, topic: str, *, is_dead_letters: bool = False) -> TopicContent:
    extents = extents_of(consumer, topic)
    content = TopicContent(topic, is_dead_letters, extents)
    begins = {number: extent.begin for number, extent in extents.items()}
    for record in read_stretch(consumer, topic, begins, until_now(extents)):
        content.add(record)
    return content


def _read_dead_letters(consumer: Consumer, topic: str) -> TopicContent:
    name = dead_letter_topic(topic)
    try:
        return _read(consumer, name, is_dead_letters=True)
    except ConsumerError:  # there is no such topic: nothing was ever dead-lettered
        return TopicContent(name, is_dead_letters=True, extents=None)


def _facts(ref: SchemaRef, writers: Mapping[str, WriterSchemas], registry: SchemaRegistryClient) -> SchemaFacts:
    found: WriterSchema | None = None
    for name, schemas in writers.items():
        try:
            found = schemas.get(ref)
        except Undecodable as fault:
            return SchemaFacts(ref, None, None, None, _subjects(ref, registry), fault.reason)
        if found.version is not None:
            return SchemaFacts(ref, found, name, found.version, _subjects(ref, registry), None)
    return SchemaFacts(ref, found, None, None, _subjects(ref, registry), None)


def _subjects(ref: SchemaRef, registry: SchemaRegistryClient) -> tuple[str, ...]:
    """The subjects that hold the schema; a GUID cannot be asked for."""
    if not isinstance(ref, int):
        return ()
    try:
        return tuple(sorted(registry.get_subjects_by_schema_id(ref)))
    except Exception as error:
        # The client lets out its HTTP library's errors, which depend on what is installed.
        if getattr(error, "http_status_code", None) == _NOT_FOUND:
            return ()
        raise RegistryUnavailable(f"the registry did not say which subjects hold schema {ref}: {error}") from error


def _verdict(
    contract: GeneratedContract,
    reader: str,
    version: int,
    contents: Sequence[TopicContent],
    schemas: Mapping[SchemaRef, SchemaFacts],
    resolver: Resolver,
) -> ReaderVerdict:
    root, others = schema_root(contract, version), others_on(contract)
    problems: list[Problem] = []
    for content in contents:
        if content.topic not in (contract.topic, dead_letter_topic(contract.topic)):
            continue
        for ref, sighting in content.by_ref.items():
            facts = schemas[ref]
            if facts.writer is None:
                if not content.is_dead_letters:
                    problems.append(Problem(content.topic, ref, sighting.count, facts.fault or "unknown"))
            elif facts.writer.record not in others and (found := resolver.findings(root, facts.writer.root)):
                problems.append(Problem(content.topic, ref, sighting.count, found[0].message, found[0]))
        if content.unframed.count and not content.is_dead_letters:
            problems.append(Problem(content.topic, None, content.unframed.count, _reasons(content.unframed_reasons)))
    return ReaderVerdict(contract.name, reader, version, tuple(problems))


def _reasons(reasons: Collection[str]) -> str:
    first = next(iter(reasons))
    return first if len(reasons) == 1 else f"{first}; and {len(reasons) - 1} other reasons"
