"""Whether a record that was put aside can be read today, and by which version."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from codegen.catalog import GeneratedContract, UnknownVersion
from consumers.decoding.deserializer import Decoded, Deserializer
from consumers.decoding.writer_schemas import WriterSchemas
from consumers.faults import ConsumerError, Undecodable
from consumers.on_call.letters import Letter
from consumers.options import others_on


class Outlook(StrEnum):
    """What would become of a dead letter that is sent to its topic again."""

    READABLE = "readable"
    UNREADABLE = "unreadable"
    NO_STORY = "no story"
    """Nothing says where it came from: whoever wrote it was none of our consumers."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`version` is the reader's; `decoded` is None where the record is not readable, and `reason` says why."""

    outlook: Outlook
    version: int
    reason: str = ""
    decoded: Decoded | None = None


@dataclass(slots=True)
class Judge:
    """Reads letters of `contract` as the consumer that gave them up would today; `version` overrides its pin."""

    contract: GeneratedContract
    writers: WriterSchemas
    version: int | None = None
    _readers: dict[int, Deserializer] = field(default_factory=dict)

    def reader(self, version: int) -> Deserializer:
        """Raises ConsumerError for a version that the contract does not have."""
        if version not in self._readers:
            try:
                self._readers[version] = Deserializer(self.contract, version, self.writers, others_on(self.contract))
            except UnknownVersion as error:
                raise ConsumerError(f"{error}: correct the version") from None
        return self._readers[version]

    def version_for(self, letter: Letter) -> int:
        """The version that the group's consumer is pinned to, by the default name of its group; else the latest."""
        if self.version is not None:
            return self.version
        return self.contract.reader_version(letter.facts.get("group", "").removeprefix(f"{self.contract.name}-"))

    def judge(self, letter: Letter) -> Verdict:
        """Raises RegistryUnavailable, and ConsumerError as `reader`."""
        version = self.version_for(letter)
        source = letter.source
        if source is None:
            return Verdict(Outlook.NO_STORY, version, "it has no headers dlq.topic, dlq.partition and dlq.offset")
        try:
            decoded = self.reader(version).read(source)
        except Undecodable as finding:
            return Verdict(Outlook.UNREADABLE, version, f"{finding.stage}: {finding.reason}")
        return Verdict(Outlook.READABLE, version, decoded=decoded)
