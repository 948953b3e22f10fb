"""Random orders of deployment against the truth: "yes" is never followed by an unreadable record, and what is safe is
never refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest

from codegen.contract import read_contracts
from tests.tools.compatibility.projects import Project
from tests.tools.deployments.simulated_world import HISTORIES, READS, WRITES, Instance, World, random_roles
from tools.deployments.model import Deployments, Retained, Role, Running
from tools.deployments.verdict import Schemas, refusals

APPS = 20
ORDERS = 1000
STEPS = 40
ENV = "production"
Ask = Callable[[Deployments, Sequence[Running]], bool]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    project = Project(tmp_path_factory.mktemp("simulation"))
    for contract, history in HISTORIES.items():
        for version, schema in history.items():
            project.write(version, schema, contract)
    return Schemas.of(read_contracts(project.root / "schemas"))


def recorded(*instances: Instance) -> list[Running]:
    return [Running(ENV, one.contract, Role(one.role), one.app, one.version) for one in instances]


class Order:
    """One random order of rollouts, ends of rollouts, farewells and expiries, asked of `ask` and of the world."""

    def __init__(self, seed: int, ask: Ask) -> None:
        self.draw = Random(seed)
        self.ask = ask
        self.roles = random_roles(self.draw, APPS)
        self.world = World()
        self.deployments = Deployments()
        self.outcomes: Counter[str] = Counter()

    def play(self) -> Counter[str]:
        for _ in range(STEPS):
            steps = [self.roll_out] * 5 + [self.finish_rollout, self.finish_rollout, self.say_goodbye, self.expire]
            self.draw.choice(steps)()
        return self.outcomes

    def roll_out(self) -> None:
        """A new version of one application starts beside the old one, in all its roles or in one."""
        app, contract, _ = self.draw.choice(self.roles)
        own = [role for name, _, role in self.roles if name == app]
        chosen = self.draw.choice([own, own[:1]])
        new = [Instance(app, contract, role, self.draw.choice(list(HISTORIES[contract]))) for role in chosen]
        hypothetical = self.world.after(*new)
        is_safe, answer = hypothetical.unreadable() == 0, self.ask(self.deployments, recorded(*new))
        self.outcomes[f"{'safe' if is_safe else 'unsafe'}, {'yes' if answer else 'no'}"] += 1
        if answer:
            self.world = hypothetical
            self.deployments = self.deployments.start(recorded(*new))

    def finish_rollout(self) -> None:
        """Of one application, the instances of one version stay, and those of the others end."""
        if self.world.instances:
            kept = self.draw.choice(sorted(self.world.instances))
            self.world.instances -= {one for one in self.world.instances if one[:3] == kept[:3]} - {kept}
            self.deployments = self.deployments.finish(recorded(kept))

    def say_goodbye(self) -> None:
        if self.world.instances and self.draw.random() < 0.5:
            gone = self.draw.choice(sorted(self.world.instances))
            self.world.instances.discard(gone)
            self.deployments = self.deployments.stop(recorded(gone))

    def expire(self) -> None:
        """The records of a version that nobody writes any more reach the end of their time."""
        contract = self.draw.choice(list(HISTORIES))
        written = {one.version for one in self.world.instances if one.role == WRITES and one.contract == contract}
        old = sorted(self.world.versions_in(contract) - written)
        if old:
            version = self.draw.choice(old)
            self.world.forget(contract, version)
            self.deployments = self.deployments.expire(Retained(ENV, contract, version))


def played(ask: Ask, orders: int) -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in range(orders):
        total += Order(seed, ask).play()
    return total


def test_yes_is_never_wrong_and_what_is_safe_is_never_refused(schemas: Schemas) -> None:
    outcomes = played(lambda deployments, asked: not refusals(deployments, asked, schemas), ORDERS)
    assert outcomes["unsafe, yes"] == 0
    assert outcomes["safe, no"] == 0
    assert outcomes["safe, yes"] > 5 * ORDERS, outcomes
    assert outcomes["unsafe, no"] > 5 * ORDERS, outcomes


def forgetful(schemas: Schemas) -> Ask:
    """Knows what runs, and not what the topic still holds."""
    return lambda deployments, asked: not refusals(Deployments(deployments.running), asked, schemas)


def hasty(schemas: Schemas) -> Ask:
    """Takes a new version for the end of the old one: its rollouts have no duration."""

    def ask(deployments: Deployments, asked: Sequence[Running]) -> bool:
        replaced = {(one.contract, one.role, one.app) for one in asked}
        others = {one for one in deployments.running if (one.contract, one.role, one.app) not in replaced}
        return not refusals(Deployments(frozenset(others), deployments.retained), asked, schemas)

    return ask


def timid(schemas: Schemas) -> Ask:
    """Asks for versions that read each other both ways."""

    def ask(deployments: Deployments, asked: Sequence[Running]) -> bool:
        there = [(one.contract, one.version) for one in (*deployments.running, *deployments.retained)]
        return not refusals(deployments, asked, schemas) and all(
            schemas.can_read(new.contract, new.version, old) and schemas.can_read(new.contract, old, new.version)
            for new in asked
            for contract, old in there
            if contract == new.contract
        )

    return ask


@pytest.mark.parametrize(("make", "mistake"), [(forgetful, "unsafe, yes"), (hasty, "unsafe, yes"), (timid, "safe, no")])
def test_the_simulation_finds_out_whoever_judges_worse(
    schemas: Schemas, make: Callable[[Schemas], Ask], mistake: str
) -> None:
    assert played(make(schemas), 30)[mistake] > 0


def test_readers_and_writers_are_both_asked() -> None:
    roles = {role for seed in range(20) for _, _, role in random_roles(Random(seed), APPS)}
    assert roles == {READS, WRITES}
