"""An event's bytes → the record to produce: in one pass where the event is plain, else by the contract's models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from codegen.nodes import Enum, Node, Primitive
from codegen.runtime import AvroEncodeError
from codegen.transcoding import NOT_PLAIN
from producer_api.errors import Fault, Stage
from producer_api.receipts import Record
from producer_api.shapes import AcceptedShapes, InvalidEvent, record_of

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract
    from codegen.runtime import AvroModel
    from codegen.transcoding import AnyTranscoder
    from producer_api.serializer import Serializer

_EVENT_ID: Final = "event_id"
_new: Final = tuple.__new__


class Prepared(NamedTuple):
    """An event ready to be produced; `event_id` is None where the contract has no such field."""

    record: Record
    event_id: str | None
    shape: int


class Preparation:
    """Prepares the events of one contract."""

    def __init__(
        self, contract: GeneratedContract, shapes: AcceptedShapes, serializer: Serializer, max_event_bytes: int
    ) -> None:
        self._topic = contract.topic
        self._shapes = shapes
        self._serializer = serializer
        self._max_event_bytes = max_event_bytes
        attributes = {wire: attribute for attribute, wire in shapes.model.WIRE_NAMES.items()}
        self._key = attributes[contract.key] if contract.key is not None else None
        self._event_id = attributes.get(_EVENT_ID)
        self._transcoder = transcoder = _transcoder(contract, shapes)
        self._read = None if transcoder is None else transcoder.reader(self._key, self._event_id)
        self._shape_by_bits: dict[int, int] = {}

    @property
    def has_event_id(self) -> bool:
        return self._event_id is not None

    def prepare(self, data: bytes) -> Prepared:
        """Raises InvalidEvent."""
        return self.prepare_plain(data) or self.prepare_by_model(data)

    def prepare_by_model(self, data: bytes) -> Prepared:
        """What `prepare_plain` passes over. Raises InvalidEvent."""
        if len(data) > self._max_event_bytes:
            raise InvalidEvent([Fault(Stage.PARSE, "", f"an event may have {self._max_event_bytes} bytes")])
        reading = self._shapes.read(data)
        model = reading.model
        try:
            value = self._serializer.serialize(model)
        except AvroEncodeError:
            fault = Fault(Stage.ENCODE, "", "the event cannot be written as Avro")
            raise InvalidEvent([fault]) from None
        key = None if self._key is None else _key_text(model, self._key).encode()
        event_id = None if self._event_id is None else _text_or_none(getattr(model, self._event_id))
        return Prepared(Record(self._topic, key, value), event_id, reading.shape)

    def prepare_plain(self, data: bytes) -> Prepared | None:
        """None where the event is not plain, and the models have the word."""
        transcoder, read = self._transcoder, self._read
        if transcoder is None or read is None or len(data) > self._max_event_bytes:
            return None
        try:
            value, key, event_id, bits = read(data, self._serializer.prefix)
        except NOT_PLAIN:
            return None
        shape = self._shape_by_bits.get(bits)
        if shape is None:
            shape = self._shape_by_bits[bits] = self._shapes.oldest(transcoder.names_of(bits))
        # As the classes themselves make them, without a call in between for each.
        return _new(Prepared, (_new(Record, (self._topic, key, value)), event_id, shape))


def _transcoder(contract: GeneratedContract, shapes: AcceptedShapes) -> AnyTranscoder | None:
    """The pinned version's, unless an event has to be looked at by several versions, or its key is no text in JSON."""
    transcoder = contract.transcoder(shapes.pinned)
    if transcoder is None or shapes.is_ambiguous:
        return None
    fields = {field.name: field.type for field in record_of(shapes.model).fields}
    texts = [fields[name] for name in (contract.key, _EVENT_ID) if name is not None and name in fields]
    return transcoder if all(map(_is_its_own_text, texts)) else None


def _is_its_own_text(node: Node) -> bool:
    """Whether the value's text is that of the JSON."""
    if isinstance(node, Primitive):
        return node.name == "string" and (node.logical is None or node.logical.name == "uuid")
    return isinstance(node, Enum)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _key_text(model: AvroModel, attribute: str) -> str:
    """The key's value as text; a StrEnum is its symbol, a uuid its 36 characters."""
    return str(getattr(model, attribute))
