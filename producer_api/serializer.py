"""Model → framed bytes: a zero byte, the schema id in four bytes, big-endian, and plain Avro binary.

Source of the frame: Confluent's wire format. The schema id is resolved once, so a record costs no question.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from codegen.runtime import AvroModel

_MAGIC: Final = b"\0"
_UNRESOLVED: Final = "the registry was not asked yet"


class Serializer:
    """Writes one version of one contract. Not ready until `resolve` gave it the schema id; `reason` says why."""

    __slots__ = ("avsc", "prefix", "reason", "schema_id", "subject", "version")

    def __init__(self, subject: str, version: int, avsc: str) -> None:
        self.subject = subject
        self.version = version
        self.avsc = avsc
        self.schema_id: int | None = None
        self.prefix = b""
        self.reason = _UNRESOLVED

    @property
    def ready(self) -> bool:
        return self.schema_id is not None

    def resolve(self, schema_id: int) -> None:
        """From now on records carry `schema_id`."""
        self.schema_id = schema_id
        self.prefix = _MAGIC + schema_id.to_bytes(4, "big")
        self.reason = ""

    def refuse(self, reason: str) -> None:
        """Not ready, and why."""
        self.reason = reason

    def serialize(self, model: AvroModel) -> bytes:
        """The framed record. Raises codegen.runtime.AvroEncodeError."""
        return self.prefix + model.serialize()


def parsed(avsc: str) -> dict[str, Any]:
    """A record schema's text as parsed JSON."""
    schema: dict[str, Any] = json.loads(avsc)
    return schema
