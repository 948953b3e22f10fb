"""What a handler wants done in the world of Kafka: values that it returns, and that the loop makes true.

An effect is durable before the offset of its record is committed; after a crash it may come twice (at least once), and
under exactly-once it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from codegen.catalog import GeneratedContract
from codegen.runtime import AvroModel
from consumers.decoding.frame import frame
from consumers.faults import ConsumerError
from consumers.outbox import Outbox, Outgoing
from consumers.record import Header
from consumers.running.tally import text_of


@dataclass(frozen=True, slots=True)
class Produce:
    """A record for the topic of `value`'s contract.

    The key is the text of the contract's key field, unless `key` says another.
    """

    value: AvroModel
    key: str | None = None
    headers: tuple[Header, ...] = ()


Effects = Iterable[Produce] | None


@dataclass(slots=True)
class EffectWriter:
    """Turns effects into records. `schema_id` looks up under which id a contract's schema is registered."""

    outbox: Outbox
    contracts: Mapping[str, GeneratedContract]
    schema_id: Callable[[GeneratedContract, type[AvroModel]], int]
    _known: dict[type[AvroModel], tuple[GeneratedContract, int]] = field(default_factory=dict)

    def put(self, effect: Produce, headers: tuple[Header, ...] | None = None) -> None:
        """Produce; durable when `confirm` has returned. `headers`, where given, take the place of the effect's own.

        Raises Unavailable, and ConsumerError for a foreign model.
        """
        contract, schema_id = self._place_of(type(effect.value))
        key = effect.key
        if key is None and contract.key is not None:
            key = text_of(getattr(effect.value, attribute_named(type(effect.value), contract.key)))
        body = frame(schema_id, effect.value.serialize())
        headers = effect.headers if headers is None else headers
        self.outbox.put(Outgoing(contract.topic, None if key is None else key.encode(), body, headers, effect))

    def confirm(self, timeout_s: float) -> None:
        """Return when every effect is durable. Raises DeliveryUnconfirmed or ConsumerError, as Outbox.confirm."""
        self.outbox.confirm(timeout_s)

    def _place_of(self, model: type[AvroModel]) -> tuple[GeneratedContract, int]:
        place = self._known.get(model)
        if place is None:
            contract = self._contract_of(model)
            place = self._known[model] = (contract, self.schema_id(contract, model))
        return place

    def _contract_of(self, model: type[AvroModel]) -> GeneratedContract:
        for contract in self.contracts.values():
            if contract.record == model.FULL_NAME and any(contract.model(n) is model for n in contract.versions):
                return contract
        names = ", ".join(sorted(contract.record for contract in self.contracts.values()))
        raise ConsumerError(
            f"a handler wants to produce a {model.__module__}.{model.__qualname__}, which is the record of no "
            f"contract; there are: {names}"
        )


def attribute_named(model: type[AvroModel], wire_name: str) -> str:
    """The attribute of the field with this wire name; the contract has it, since codegen checks its key."""
    return next(attribute for attribute, wire in model.WIRE_NAMES.items() if wire == wire_name)
