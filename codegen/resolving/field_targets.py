"""Which field of a reader takes which of a writer: apart from the decoder, for whoever only asks what becomes of it."""

from __future__ import annotations

from codegen.nodes import Field, Record


class Unresolvable(ValueError):
    """The reader's type cannot take what the writer's type writes."""


def field_targets(reader: Record, writer: Record) -> dict[str, Field]:
    """Writer field name → the reader's field that takes it. Raises Unresolvable for a field that gets no value."""
    written = {field.name for field in writer.fields}
    targets: dict[str, Field] = {}
    for field in reader.fields:
        source = next((name for name in (field.name, *field.aliases) if name in written and name not in targets), None)
        if source is not None:
            targets[source] = field
        elif not field.has_default:
            raise Unresolvable(f"the writer has no field {field.name!r}, and the reader's has no default")
    return targets
