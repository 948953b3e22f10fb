"""May this be deployed? Yes, if nobody in the environment would meet a record that he cannot read.

Whoever writes a version must be readable for every reader that runs; whoever reads a version must be able to read every
writer that runs, and every version that the topic may still hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from codegen.contract import Contract, ContractVersion
from codegen.incompatibility import Incompatibility
from codegen.nodes import Node
from codegen.resolution import Resolver
from tools.deployments.model import Deployments, Role, Running
from tools.errors import UserError


class UnknownVersion(UserError):
    """A contract or version that this project does not have."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reader that would meet a version that it cannot read; `writer` is None for records of the past."""

    env: str
    contract: str
    reader: str
    reader_version: int
    writer: str | None
    writer_version: int
    incompatibility: Incompatibility
    hint: str

    @property
    def message(self) -> str:
        found = self.incompatibility
        source = f"{self.writer} writes" if self.writer is not None else "the topic may still hold"
        at = f" at {found.reader_path}" if found.reader_path else ""
        return (
            f"{self.env}: {self.reader} reads version {self.reader_version} of {self.contract}, which cannot read "
            f"version {self.writer_version}, which {source} ({found.type}{at}: {found.message})"
        )


@dataclass(slots=True)
class Schemas:
    """The contracts of a project, and who can read whom; each pair is resolved once."""

    contracts: dict[str, Contract]
    _resolver: Resolver = field(default_factory=Resolver)

    @classmethod
    def of(cls, contracts: Iterable[Contract]) -> Schemas:
        return cls({contract.name: contract for contract in contracts})

    def version(self, contract: str, number: int, who: str = "") -> ContractVersion:
        """The version. Raises UnknownVersion, which says `who` asks for it."""
        known = self.contracts.get(contract)
        if known is None:
            names = ", ".join(sorted(self.contracts))
            raise UnknownVersion(f"{who}there is no contract {contract!r} in this project; there are {names}")
        found = known.version(number)
        if found is None:
            raise UnknownVersion(
                f"{who}{contract} has no version {number} in this project, whose versions are 1 to "
                f"{known.latest.number}: correct the number, or update the project"
            )
        return found

    def can_read(self, contract: str, reader: int, writer: int) -> bool:
        return self._resolver.can_read(self._root(contract, reader), self._root(contract, writer))

    def findings(self, contract: str, reader: int, writer: int) -> list[Incompatibility]:
        return self._resolver.findings(self._root(contract, reader), self._root(contract, writer))

    def newest_reader(self, contract: str, writers: Collection[int]) -> int | None:
        """The newest version that reads all of `writers`."""
        numbers = [version.number for version in self.contracts[contract].versions]
        return next((n for n in reversed(numbers) if all(self.can_read(contract, n, w) for w in writers)), None)

    def _root(self, contract: str, number: int) -> Node:
        return self.version(contract, number, "what is recorded cannot be judged: ").schema.root


def refusals(deployments: Deployments, asked: Collection[Running], schemas: Schemas) -> list[Refusal]:
    """Why `asked` may not run beside what runs; empty if it may.

    A pair that has nothing to do with `asked` is not looked at; ask for `deployments.running` to look at everything.
    Raises UnknownVersion where something in question is not in this project.
    """
    after = deployments.start(asked)
    wanted = frozenset(asked)
    found: list[Refusal] = []
    for env, contract in sorted({(one.env, one.contract) for one in asked}):
        writers = after.of(env, contract, Role.WRITES)
        written = {one.version for one in writers}
        for reader in after.of(env, contract, Role.READS):
            for writer in writers:
                if reader in wanted or writer in wanted:
                    found += _refusal(reader, writer.app, writer.version, after, schemas)
            for version in after.retained_versions(env, contract) if reader in wanted else ():
                if version not in written:
                    found += _refusal(reader, None, version, after, schemas)
    return found


def _refusal(
    reader: Running, writer: str | None, version: int, after: Deployments, schemas: Schemas
) -> Iterable[Refusal]:
    contract = reader.contract
    if not schemas.can_read(contract, reader.version, version):
        found = schemas.findings(contract, reader.version, version)[0]
        hint = _hint(reader, writer, version, after, schemas)
        yield Refusal(reader.env, contract, reader.app, reader.version, writer, version, found, hint)


def _hint(reader: Running, writer: str | None, version: int, after: Deployments, schemas: Schemas) -> str:
    """What would make it a yes: another version for the reader, or records that are gone."""
    env, contract = reader.env, reader.contract
    known = {entry.number for entry in schemas.contracts[contract].versions}
    met = {version, *known.intersection(after.retained_versions(env, contract))}
    best = schemas.newest_reader(contract, met)
    ways = [f"let {reader.app} read version {best}, which reads all that is there"] if best is not None else []
    if writer is None:
        ways.append(f"let its records expire, and say so: pipeline deploy expire {contract}@{version} --env {env}")
    elif best is None:
        ways.append(f"let {writer} write a version that version {reader.version} can read")
    return ", or ".join(ways)
