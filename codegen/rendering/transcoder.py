"""Version of a contract → source text of its transcoder: JSON → Avro for ordinary events (codegen.transcoding)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.contract import Contract, ContractVersion
from codegen.nodes import Enum, Primitive, Record, named_types
from codegen.rendering.default_bytes import default_bytes
from codegen.rendering.imports import TRANSCODER_NAMES, render_transcoder_imports
from codegen.rendering.python_types import quote
from codegen.rendering.source_width import keep_wide_statements, statement
from codegen.rendering.transcoder_record import RecordWriter, function_name, symbols_name
from codegen.rendering.transcoder_values import NoTranscoder, literal
from codegen.rendering.type_names import TypeNames, type_names


def render_transcoder(contract: Contract, version: ContractVersion, marker: str) -> str | None:
    """The module of one version, or None where only the model can read its JSON."""
    types = type_names(version)
    records = [node for node in named_types(version.record) if isinstance(node, Record)]
    classes = {record.full_name: f"{types.type(record)}Json" for record in records}
    enums = [node for node in named_types(version.record) if isinstance(node, Enum)]
    defined = [*classes.values(), *map(function_name, classes.values()), *(symbols_name(node, types) for node in enums)]
    if len(set(defined)) < len(defined) or TRANSCODER_NAMES & set(defined):
        return None
    try:
        parts = [
            RecordWriter(record, types, classes, frozenset(defined), version.record) for record in reversed(records)
        ]
        body = [line for part in parts for line in part.lines()]
    except NoTranscoder:
        return None
    root = parts[-1]
    symbols = [line for node in enums for line in _symbols(node, types)]
    arguments = [root.class_name, root.function, _names(root.required), _names(root.optional)]
    tail = [
        "",
        "",
        *statement("TRANSCODER: Final = Transcoder", arguments, "", "(", ")", always=True),
        "",
    ]
    text = keep_wide_statements("\n".join([*(["", *symbols] if symbols else []), *body, *tail]))
    head = [
        f'"""JSON → Avro for ordinary events of version {version.number} of the contract {contract.name}.',
        "",
        f"{marker} from {contract.name}/{version.path.name}; do not edit: change the schema and run it again.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
    ]
    return "\n".join([*head, *render_transcoder_imports(text), text])


def _symbols(node: Enum, types: TypeNames) -> Iterator[str]:
    """What each symbol is in Avro: its index (specification, "Enums")."""
    yield f"{symbols_name(node, types)}: Final = {{"
    for index, symbol in enumerate(node.symbols):
        yield f'    {quote(symbol)}: "{literal(default_bytes(Primitive("int"), index))}",'
    yield "}"


def _names(names: Sequence[str]) -> str:
    return f"({', '.join(map(quote, names))}{',' if len(names) == 1 else ''})"
