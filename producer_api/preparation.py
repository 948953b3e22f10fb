"""An event's bytes → the record to produce: in one pass where the event is plain, else by the contract's models."""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING, Final, NamedTuple

from codegen.nodes import Enum, Node, Primitive
from codegen.plain import NOT_PLAIN, NotPlain, PlainColumns, Reader
from codegen.runtime import AvroEncodeError
from producer_api.errors import Fault, Stage
from producer_api.shapes import AcceptedShapes, InvalidEvent, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codegen.catalog import GeneratedContract
    from codegen.plain import Plain
    from codegen.runtime import AvroModel
    from codegen.transcoding import AnyTranscoder
    from producer_api.serializer import Serializer

_EVENT_ID: Final = "event_id"
_new: Final = tuple.__new__


class Prepared(NamedTuple):
    """An event ready to be produced: its framed value, its key, and what its answer and the counts need of it.

    `event_id` is None where the contract has no such field.
    """

    value: bytes
    key: bytes | None
    event_id: str | None
    shape: int


class Columns:
    """Events of one request that are ready to be produced, each at the same place of every column."""

    __slots__ = ("event_ids", "indexes", "keys", "shapes", "values")

    def __init__(
        self,
        indexes: list[int],
        values: list[bytes],
        keys: list[bytes | None],
        event_ids: list[str | None],
        shapes: list[int],
    ) -> None:
        """`indexes` are places among the events of the request."""
        self.indexes = indexes
        self.values = values
        self.keys = keys
        self.event_ids = event_ids
        self.shapes = shapes

    def insert(self, index: int, event: Prepared) -> None:
        """Put an event where it belongs by its index: the records of one key keep the order of their events."""
        place = bisect(self.indexes, index)
        value, key, event_id, shape = event
        self.indexes.insert(place, index)
        self.values.insert(place, value)
        self.keys.insert(place, key)
        self.event_ids.insert(place, event_id)
        self.shapes.insert(place, shape)

    def singly(self) -> Iterator[Columns]:
        """The same, each event by itself."""
        columns = (self.indexes, self.values, self.keys, self.event_ids, self.shapes)
        for index, value, key, event_id, shape in zip(*columns, strict=True):
            yield Columns([index], [value], [key], [event_id], [shape])


class _ShapesByBits(dict[int, int]):
    """The shapes of plain events by the names that they use; those of new ones are looked up once."""

    def __init__(self, shapes: AcceptedShapes, transcoder: AnyTranscoder) -> None:
        super().__init__()
        self._shapes = shapes
        self._transcoder = transcoder

    def __missing__(self, bits: int) -> int:
        shape = self[bits] = self._shapes.oldest(self._transcoder.names_of(bits))
        return shape


class Preparation:
    """Prepares the events of one contract."""

    def __init__(
        self, contract: GeneratedContract, shapes: AcceptedShapes, serializer: Serializer, max_event_bytes: int
    ) -> None:
        self._shapes = shapes
        self._serializer = serializer
        self._max_event_bytes = max_event_bytes
        attributes = {wire: attribute for attribute, wire in shapes.model.WIRE_NAMES.items()}
        self._key = attributes[contract.key] if contract.key is not None else None
        self._event_id = attributes.get(_EVENT_ID)
        self._reader = Reader(_never_plain, _none_plain)
        self._shapes_by_bits: dict[int, int] = {}
        transcoder = _transcoder(contract, shapes)
        if transcoder is not None:
            self._reader = transcoder.reader(self._key, self._event_id)
            self._shapes_by_bits = _ShapesByBits(shapes, transcoder)

    @property
    def has_event_id(self) -> bool:
        return self._event_id is not None

    def prepare(self, data: bytes) -> Prepared:
        """Raises InvalidEvent."""
        return self.prepare_plain(data) or self.prepare_by_model(data)

    def prepare_many(
        self, slices: list[bytes], start: int, stop: int, refuse: Callable[[int, InvalidEvent], None]
    ) -> Columns:
        """The events of a request from `start` to before `stop`; `refuse` is called with each that fits no version."""
        read_many, prefix, most = self._reader.read_many, self._serializer.prefix, self._max_event_bytes
        plain = read_many(slices, start, stop, prefix, most)
        shapes = list(map(self._shapes_by_bits.__getitem__, plain.bits))
        ready = Columns(plain.indexes, plain.values, plain.keys, plain.event_ids, shapes)
        for index in plain.rest:
            try:
                ready.insert(index, self.prepare_by_model(slices[index]))
            except InvalidEvent as error:
                refuse(index, error)
        return ready

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
        return Prepared(value, key, event_id, reading.shape)

    def prepare_plain(self, data: bytes) -> Prepared | None:
        """None where the event is not plain, and the models have the word."""
        if len(data) > self._max_event_bytes:
            return None
        try:
            value, key, event_id, bits = self._reader.read(data, self._serializer.prefix)
        except NOT_PLAIN:
            return None
        # As the class itself makes it, without a call in between for each.
        return _new(Prepared, (value, key, event_id, self._shapes_by_bits[bits]))


def _never_plain(_data: bytes, _prefix: bytes) -> Plain:
    raise NotPlain


def _none_plain(_texts: list[bytes], start: int, stop: int, _prefix: bytes, _most: int) -> PlainColumns:
    return PlainColumns([], [], [], [], [], list(range(start, stop)))


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
