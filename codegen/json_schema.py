"""JSON Schema of the generated models, with defaults as JSON has them (docs/json.md)."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from codegen.branches import Branch
from codegen.duration import Duration
from codegen.leaves import format_bytes
from codegen.nanos import LocalNanoTimestamp, NanoTimestamp


class AvroJsonSchema(GenerateJsonSchema):
    """pydantic's generator, which knows neither our types nor that bytes are base64."""

    def encode_default(self, dft: Any) -> Any:
        """The JSON of a default."""
        match dft:
            case bytes():
                return format_bytes(dft)
            case Duration():
                return dft.as_dict()
            case NanoTimestamp() | LocalNanoTimestamp():
                return str(dft)
            case Branch():
                return {dft.NAME: self.encode_default(dft.value)}
            case list():
                return [self.encode_default(item) for item in dft]
            case dict():
                return {key: self.encode_default(item) for key, item in dft.items()}
            case _:
                return super().encode_default(dft)
