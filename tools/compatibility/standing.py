"""Where everybody stands as a version is rolled out: by the pins, and by what is recorded as running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from codegen.contract import Contract
from tools.compatibility.deployed import unknown_versions
from tools.deployments.model import Deployments, Role, Running

_ROLES: Final = {"readers": Role.READS, "writers": Role.WRITES}


class Stand(NamedTuple):
    """An application at a version; `label` says where it runs, if that is recorded."""

    app: str
    label: str
    version: int
    is_pinned: bool


class Standing:
    """What the pins and the records of a contract say. Versions that the project does not have are left out."""

    def __init__(self, contract: Contract, deployed: Deployments) -> None:
        self._contract, self._deployed = contract, deployed
        self._pins: Mapping[str, Mapping[str, int]] = {"readers": contract.readers, "writers": contract.writers}
        self.environments = tuple(
            env for env in deployed.environments if deployed.retained_versions(env, contract.name) or self._runs(env)
        )
        self.notes = tuple(unknown_versions(contract, deployed))

    def of(self, table: str) -> list[Stand]:
        """Who reads, or writes: first what runs, then pins that nothing runs with."""
        pins = self._pins[table]
        running = [
            Stand(one.app, f"{one.app} in {one.env}", one.version, one.app in pins) for one in self._running(table)
        ]
        known = {(stand.app, stand.version) for stand in running}
        return running + [
            Stand(app, app, pinned, True) for app, pinned in sorted(pins.items()) if (app, pinned) not in known
        ]

    def behind(self, table: str, number: int) -> tuple[Running, ...]:
        """What runs of the pinned applications with a version before `number`."""
        return tuple(one for one in self._running(table) if one.app in self._pins[table] and one.version < number)

    def retaining(self, number: int) -> list[str]:
        """The environments whose topic may hold a version."""
        name = self._contract.name
        return [env for env in self.environments if number in self._deployed.retained_versions(env, name)]

    def lines(self) -> Iterator[str]:
        """What is recorded, an environment a line."""
        name = self._contract.name
        for env in self.environments:
            told = [
                f"{table} {', '.join(f'{one.app} v{one.version}' for one in running)}"
                for table, role in _ROLES.items()
                if (running := self._deployed.of(env, name, role))
            ]
            kept = self._deployed.retained_versions(env, name)
            if kept:
                told.append(f"its topic may hold {', '.join(f'v{number}' for number in kept)}")
            yield f"{env}: {'; '.join(told)}"

    def _runs(self, env: str) -> bool:
        return any(self._deployed.of(env, self._contract.name, role) for role in Role)

    def _running(self, table: str) -> list[Running]:
        return [
            one
            for env in self.environments
            for one in self._deployed.of(env, self._contract.name, _ROLES[table])
            if self._contract.version(one.version) is not None
        ]
