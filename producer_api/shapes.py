"""The JSON shapes that a contract accepts: every version that the pinned one can read.

An event is read as the pinned version first, whose model takes defaults and aliases, so an older client's event mostly
fits at once. Where it does not (a field that is gone, say), the version that it was made for reads it, and Avro's
schema resolution turns it into the pinned one.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from pydantic import ValidationError

from codegen.nodes import Record
from codegen.resolution import Resolver
from codegen.runtime import AvroDecodeError, AvroEncodeError, AvroModel
from codegen.schema import parse_schema
from producer_api.errors import Fault, Stage
from producer_api.faults import MANY_FAULTS, FaultTranslator
from producer_api.json_forms import same_json
from producer_api.serializer import parsed

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract

_MAX_CACHED_SHAPES: Final = 4096
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


class InvalidEvent(ValueError):
    """No accepted version fits the event. `faults` are those of the version that came nearest."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class Reading(NamedTuple):
    """An event as a model of the pinned version, and the oldest version whose names it uses."""

    model: AvroModel
    shape: int


class _Version(NamedTuple):
    number: int
    model: type[AvroModel]
    schema: dict[str, Any]
    faults: FaultTranslator


class AcceptedShapes:
    """Reads the events of one contract."""

    def __init__(self, contract: GeneratedContract, pinned: int) -> None:
        """Raises codegen.catalog.UnknownVersion if `pinned` is none of the contract's versions."""
        self.pinned = pinned
        self.model = contract.model(pinned)
        resolver = Resolver()
        reader = record_of(self.model)
        self._pinned = _version(pinned, self.model, reader)
        self._others: list[_Version] = []
        self._ambiguous: list[_Version] = []  # almost always none: then nothing is tried twice
        names = {pinned: frozenset(field.name for field in reader.fields)}
        for number in reversed(contract.versions):
            model = contract.model(number)
            writer = record_of(model)
            if number != pinned and resolver.can_read(reader, writer):
                self._others.append(_version(number, model, writer))
                if not same_json(reader, writer):
                    self._ambiguous.append(self._others[-1])
                names[number] = frozenset(field.name for field in writer.fields)
        self._names = sorted(names.items())
        self._alias_tokens = [f'"{alias}"'.encode() for alias in self.model.ALIASES]
        self._by_attributes: dict[frozenset[str], int] = {}

    @property
    def versions(self) -> tuple[int, ...]:
        """The accepted versions, ascending."""
        return tuple(number for number, _ in self._names)

    @property
    def is_ambiguous(self) -> bool:
        """Whether one text can mean different things as different versions, so that all have to read it."""
        return bool(self._ambiguous)

    def read(self, data: bytes) -> Reading:
        """One event. Raises InvalidEvent."""
        try:
            model = self.model.model_validate_json(data)
        except ValidationError as error:
            return self._read_otherwise(data, error)
        for version in self._ambiguous:
            self._refuse_other_meaning(data, model, version)
        for token in self._alias_tokens:
            if token in data:
                return Reading(model, self._shape_of_keys(data))
        if b"\\u" in data:  # a key may be spelled with escapes
            return Reading(model, self._shape_of_keys(data))
        attributes = frozenset(model.model_fields_set)
        shape = self._by_attributes.get(attributes)
        if shape is None:
            shape = self.oldest({self.model.WIRE_NAMES[attribute] for attribute in attributes})
            if len(self._by_attributes) < _MAX_CACHED_SHAPES:
                self._by_attributes[attributes] = shape
        return Reading(model, shape)

    def _shape_of_keys(self, data: bytes) -> int:
        return self.oldest(set(_keys.decode(data)))

    def oldest(self, keys: AbstractSet[str]) -> int:
        """Conservative: when the count of a version stays at zero, no client needs it any more."""
        return next((number for number, names in self._names if keys <= names), self.pinned)

    def _refuse_other_meaning(self, data: bytes, model: AvroModel, version: _Version) -> None:
        """The same text can be a string for one version and base64 for another: nobody knows which was meant."""
        try:
            other = version.model.model_validate_json(data)
        except ValidationError:
            return
        if self._convert(other, version) != model:
            message = f"the event means one thing as version {version.number} and another as version {self.pinned}"
            raise InvalidEvent([Fault(Stage.VALIDATE, "", message)])

    def _read_otherwise(self, data: bytes, error: ValidationError) -> Reading:
        nearest, fewest = self._pinned, error
        for version in self._others if error.error_count() <= MANY_FAULTS else ():
            try:
                model = version.model.model_validate_json(data)
            except ValidationError as other:
                if other.error_count() < fewest.error_count():
                    nearest, fewest = version, other
                continue
            return Reading(self._convert(model, version), self._shape_of_keys(data))
        raise InvalidEvent(nearest.faults.translate(fewest)) from None

    def _convert(self, model: AvroModel, version: _Version) -> AvroModel:
        try:
            return self.model.deserialize(model.serialize(), writer_schema=version.schema)
        except (AvroEncodeError, AvroDecodeError):
            message = f"the event fits version {version.number}, but cannot be turned into version {self.pinned}"
            raise InvalidEvent([Fault(Stage.ENCODE, "", message)]) from None


def record_of(model: type[AvroModel]) -> Record:
    """The schema of a generated model."""
    root = parse_schema(parsed(model.AVSC)).root
    if not isinstance(root, Record):
        raise TypeError(f"the root of {model.FULL_NAME} is no record")
    return root


def _version(number: int, model: type[AvroModel], record: Record) -> _Version:
    return _Version(number, model, parsed(model.AVSC), FaultTranslator(record))
