"""Deployments as a value: what runs where, and which versions the topics may still hold. A change gives a new one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from tools.errors import UserError


class StillWritten(UserError):
    """A version cannot be gone from a topic while somebody writes it."""

    exit_code = 1


class Role(StrEnum):
    """What an application does with a version."""

    READS = "reads"
    WRITES = "writes"


class Running(NamedTuple):
    """At least one instance of `app` in `env` reads, or writes, this version."""

    env: str
    contract: str
    role: Role
    app: str
    version: int


class Retained(NamedTuple):
    """The topic of `contract` in `env` may hold records of this version."""

    env: str
    contract: str
    version: int


class Deployments(NamedTuple):
    """During a rollout old and new instances run, and both are here."""

    running: frozenset[Running] = frozenset()
    retained: frozenset[Retained] = frozenset()

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(sorted({one.env for one in self.running} | {one.env for one in self.retained}))

    def of(self, env: str, contract: str, role: Role) -> list[Running]:
        """Who does `role` in one environment, in order."""
        return sorted(
            entry for entry in self.running if entry.env == env and entry.contract == contract and entry.role is role
        )

    def retained_versions(self, env: str, contract: str) -> list[int]:
        return sorted(entry.version for entry in self.retained if (entry.env, entry.contract) == (env, contract))

    def readers(self) -> dict[str, list[tuple[str, int]]]:
        """Contract → who reads it, with the environment in the name, and which version."""
        found: dict[str, list[tuple[str, int]]] = {}
        for one in sorted(self.running):
            if one.role is Role.READS:
                found.setdefault(one.contract, []).append((f"{one.app} in {one.env}", one.version))
        return found

    def start(self, entries: Iterable[Running]) -> Deployments:
        """These run now, beside what runs already; what is written is retained from now on."""
        entries = frozenset(entries)
        written = {Retained(one.env, one.contract, one.version) for one in entries if one.role is Role.WRITES}
        return Deployments(self.running | entries, self.retained | written)

    def finish(self, entries: Collection[Running]) -> Deployments:
        """The rollout of these is done: the same application's other versions in the same role run no more."""
        rolled_out = {(one.env, one.contract, one.role, one.app) for one in entries}
        others = {one for one in self.running if (one.env, one.contract, one.role, one.app) in rolled_out}
        return self._replace(running=self.running - others).start(entries)

    def stop(self, entries: Iterable[Running]) -> Deployments:
        """These run no more. What they wrote stays in the topic."""
        return self._replace(running=self.running - frozenset(entries))

    def stop_app(self, env: str, app: str) -> Deployments:
        """Nothing of this application runs there any more."""
        return self.stop(one for one in self.running if (one.env, one.app) == (env, app))

    def expire(self, gone: Retained) -> Deployments:
        """The topic holds no record of this version any more. Raises StillWritten."""
        writers = [one.app for one in self.of(gone.env, gone.contract, Role.WRITES) if one.version == gone.version]
        if writers:
            raise StillWritten(
                f"{', '.join(writers)} in {gone.env} still writes version {gone.version} of {gone.contract}: record "
                f"that it does so no more (pipeline deploy record … --remove), and let its records expire"
            )
        return self._replace(retained=self.retained - {gone})
