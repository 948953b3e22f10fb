"""The registry's wire format: which schema encoded a value, and where its Avro bytes start.

Two forms exist (Confluent Schema Registry, "Wire format"). Prefix: one zero byte, the schema id as four bytes
big-endian, then Avro. Header: the record header `__value_schema_id` holds byte 1 and the schema's 16-byte GUID (or
byte 0 and the id); the value is Avro alone. The header wins where it is present.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from consumers.faults import Stage, Undecodable
from consumers.record import Header

SchemaRef = int | UUID

VALUE_SCHEMA_HEADER: Final = "__value_schema_id"
_MAGIC_ID: Final = 0
_MAGIC_GUID: Final = 1
_PREFIX: Final = struct.Struct(">bI")
_GUID_SIZE: Final = 17
# A registry counts ids as positive Java ints.
_MAX_ID: Final = 2**31 - 1


def frame(schema_id: int, body: bytes) -> bytes:
    """`body` behind the prefix that names `schema_id`."""
    return _PREFIX.pack(_MAGIC_ID, schema_id) + body


def parse_frame(value: bytes, headers: Sequence[Header] = ()) -> tuple[SchemaRef, bytes]:
    """The writer schema's id or GUID, and the Avro bytes. Raises Undecodable (stage frame)."""
    for name, content in headers:
        if name == VALUE_SCHEMA_HEADER and content is not None:
            return _header_ref(content), value
    if not value:
        raise Undecodable(Stage.FRAME, "the value is empty: zero bytes hold no frame (a tombstone has no value at all)")
    if value[0] != _MAGIC_ID:
        raise Undecodable(Stage.FRAME, f"the first byte is 0x{value[0]:02x}, and a framed value starts with 0x00")
    if len(value) < _PREFIX.size:
        raise Undecodable(Stage.FRAME, f"the value ends after {len(value)} of the frame's {_PREFIX.size} bytes")
    return _checked_id(_PREFIX.unpack_from(value)[1]), value[_PREFIX.size :]


def _header_ref(content: bytes) -> SchemaRef:
    if len(content) == _GUID_SIZE and content[0] == _MAGIC_GUID:
        return UUID(bytes=content[1:])
    if len(content) == _PREFIX.size and content[0] == _MAGIC_ID:
        return _checked_id(_PREFIX.unpack(content)[1])
    raise Undecodable(
        Stage.FRAME, f"the header {VALUE_SCHEMA_HEADER} holds {len(content)} bytes that are neither a GUID nor an id"
    )


def _checked_id(schema_id: int) -> int:
    if not 0 < schema_id <= _MAX_ID:
        raise Undecodable(Stage.FRAME, f"{schema_id} is no schema id: ids run from 1 to {_MAX_ID}")
    return schema_id
