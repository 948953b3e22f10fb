"""What a transcoder does with one value: the type that msgspec reads, and the text of its Avro form."""

from __future__ import annotations

from typing import Final

from codegen.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union

_LOGICAL: Final = {
    "uuid": "uuid({})",
    "big-decimal": "big_decimal({})",
    "date": "date({})",
    "time-millis": "time_millis({})",
    "time-micros": "time_micros({})",
    "timestamp-millis": "millis({})",
    "timestamp-micros": "micros({})",
    "timestamp-nanos": "nanos({})",
    "local-timestamp-millis": "local_millis({})",
    "local-timestamp-micros": "local_micros({})",
    "local-timestamp-nanos": "local_nanos({})",
}
_PLAIN: Final = {
    "boolean": ("bool", "BOOLEANS[{}]"),
    "int": ("Int", "number({})"),
    "long": ("Long", "number({})"),
    "float": ("Float", "single({})"),
    "double": ("float", "double({})"),
    "bytes": ("str", "base64({})"),
}


class NoTranscoder(Exception):
    """The schema has something that only its model reads."""


def scalar(node: Primitive | Fixed) -> tuple[str, str]:
    """The type to read a scalar as, and the expression of its Avro text, where `{}` stands for the value."""
    logical = node.logical
    if isinstance(node, Fixed):
        if logical is None:
            return "str", f"fixed({{}}, {node.size})"
        if logical.name == "uuid":
            return "str", "uuid_bytes({})"
        if logical.name == "decimal":
            return "str", f"fixed_decimal({{}}, {logical.precision}, {logical.scale}, {node.size})"
        raise NoTranscoder
    if logical is not None and logical.name == "decimal":
        return "str", f"decimal({{}}, {logical.precision}, {logical.scale})"
    if logical is not None and logical.name in _LOGICAL:
        return "str", _LOGICAL[logical.name]
    return _PLAIN[node.name]


def read_type(node: Node, classes: dict[str, str]) -> str:
    """The annotation by which msgspec reads a value; `classes` by the full names of records.

    Raises NoTranscoder.
    """
    match node:
        case Primitive(name="null"):
            return "None"
        case Primitive(name="string", logical=None) | Enum():
            return "str"
        case Primitive() | Fixed():
            return scalar(node)[0]
        case Array():
            return f"list[{read_type(node.items, classes)}]"
        case Map():
            return f"dict[str, {read_type(node.values, classes)}]"
        case Record():
            return classes[node.full_name]
        case Union():
            # Null stands last, as the linter has it; the order tells msgspec nothing.
            return " | ".join(sorted((read_type(branch, classes) for branch in node.branches), key="None".__eq__))


def is_text(node: Node) -> bool:
    """Whether a value is a string in JSON, and so has two quotation marks."""
    if isinstance(node, Enum):
        return True
    return isinstance(node, Primitive | Fixed) and read_type(node, {}) == "str"


def literal(data: bytes) -> str:
    """Bytes in Latin-1 spelling, as the inside of a string."""
    return "".join(
        character if " " <= character <= "~" and character not in '"\\' else f"\\x{ord(character):02x}"
        for character in data.decode("latin-1")
    )
