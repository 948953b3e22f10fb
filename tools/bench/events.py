"""The events that are measured: the fake client's activity, and the same as the product and its floors hold them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract

CONTRACT = "user_action"
COUNT = 2_000
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Events(NamedTuple):
    """The same events as JSON and as Avro, of one version of the contract."""

    contract: GeneratedContract
    version: int
    schema: dict[str, Any]
    bodies: list[bytes]
    avro: list[bytes]

    @property
    def mean_bytes(self) -> float:
        return sum(map(len, self.bodies)) / len(self.bodies)


@lru_cache
def activity(version: int, count: int = COUNT) -> Events:
    """Made-up activity, always the same."""
    from codegen.models import CONTRACTS
    from tools.fake_client.bodies import make_bodies
    from tools.fake_client.options import SendOptions

    contract = CONTRACTS[CONTRACT]
    options = SendOptions(contract=CONTRACT, schema_version=version, seed=1, start=_START)
    bodies = [body.data for body in islice(make_bodies(options), count)]
    model = contract.model(version)
    avro = [model.model_validate_json(body).serialize() for body in bodies]
    return Events(contract, version, json.loads(model.AVSC), bodies, avro)


def versions() -> tuple[int, ...]:
    """The versions of the contract that are measured."""
    from codegen.models import CONTRACTS

    return CONTRACTS[CONTRACT].versions
