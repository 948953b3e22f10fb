"""Unions: which branches Python and JSON can tell apart by the value alone, and wrappers for those that Python cannot.

A union of null and at most one other type is *simple*: its value stands bare everywhere. In any other union a value of
a type that stands for two branches is wrapped, as in `LongBranch(5)` beside `IntBranch(5)`; and where two branches look
alike in JSON, all of them but null are tagged there, as in `{"long": 5}` (Avro specification, "JSON Encoding").
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from codegen.nodes import Array, Fixed, Map, Node, Primitive, Union, branch_name, type_name

Value_co = TypeVar("Value_co", covariant=True)

_PYTHON: Final = {"boolean": "bool", "int": "int", "long": "int", "float": "float", "double": "float", "string": "str"}
_LOGICAL: Final = {
    "uuid": "UUID",
    "decimal": "Decimal",
    "big-decimal": "Decimal",
    "date": "date",
    "time-millis": "time",
    "time-micros": "time",
    "timestamp-millis": "datetime",
    "timestamp-micros": "datetime",
    "local-timestamp-millis": "datetime",
    "local-timestamp-micros": "datetime",
    "timestamp-nanos": "NanoTimestamp",
    "local-timestamp-nanos": "LocalNanoTimestamp",
    "duration": "Duration",
}
_JSON: Final = {"null": "null", "boolean": "boolean", "array": "array", "map": "object", "record": "object"}


class Branch(Generic[Value_co]):
    """A value with the branch of its union; `NAME` is what Avro calls that branch. Immutable.

    No dataclass, because pydantic would turn one into a dict.
    """

    __slots__ = ("_value",)
    NAME: ClassVar[str]

    def __init__(self, value: Value_co) -> None:
        self._value = value

    @property
    def value(self) -> Value_co:
        """What stands in the branch."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Branch) and type(other) is type(self) else False

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._value!r})"


class IntBranch(Branch[Value_co]):
    """The branch `int`."""

    __slots__ = ()
    NAME: ClassVar[str] = "int"


class LongBranch(Branch[Value_co]):
    """The branch `long`."""

    __slots__ = ()
    NAME: ClassVar[str] = "long"


class FloatBranch(Branch[Value_co]):
    """The branch `float`."""

    __slots__ = ()
    NAME: ClassVar[str] = "float"


class DoubleBranch(Branch[Value_co]):
    """The branch `double`."""

    __slots__ = ()
    NAME: ClassVar[str] = "double"


class BytesBranch(Branch[Value_co]):
    """The branch `bytes`."""

    __slots__ = ()
    NAME: ClassVar[str] = "bytes"


class StringBranch(Branch[Value_co]):
    """The branch `string`, where it is a uuid beside another."""

    __slots__ = ()
    NAME: ClassVar[str] = "string"


WRAPPERS: Final = {
    wrapper.NAME: wrapper for wrapper in (IntBranch, LongBranch, FloatBranch, DoubleBranch, BytesBranch, StringBranch)
}


class Chosen(NamedTuple):
    """What a decoder gives for a union that is not simple, unless it is null: the branch by name, and its datum."""

    name: str
    value: Any


def is_null(node: Node) -> bool:
    """Whether the node is null itself."""
    return isinstance(node, Primitive) and node.name == "null"


def non_null(union: Union) -> list[Node]:
    """The branches beside null, in their order."""
    return [branch for branch in union.branches if not is_null(branch)]


def is_simple(union: Union) -> bool:
    """Whether there is at most one branch beside null."""
    return len(non_null(union)) <= 1


def needs_wrapper(union: Union, branch: Node) -> bool:
    """Whether another branch of the union has values of the same Python type."""
    kind = python_kind(branch)
    return sum(python_kind(other) == kind for other in union.branches) > 1


def is_tagged(union: Union) -> bool:
    """Whether a value of the union is written with the name of its branch in JSON."""
    counts = Counter(json_kind(branch) for branch in union.branches)
    return any(count > 1 for count in counts.values())


def json_kind(node: Node) -> str:
    """The JSON type of a node's values (docs/json.md)."""
    match node:
        case Primitive() if node.logical is None and node.name in ("int", "long", "float", "double"):
            return "number"
        case Fixed() if node.logical is not None and node.logical.name == "duration":
            return "object"
        case _:
            return _JSON.get(type_name(node), "string")


def python_kind(node: Node) -> str:
    """The class of a node's values in Python; a record's or enum's is its own, by its full name."""
    match node:
        case Primitive() | Fixed() if node.logical is not None:
            return _LOGICAL[node.logical.name]
        case Primitive():
            return _PYTHON.get(node.name, node.name)
        case Fixed():
            return "bytes"
        case Array() | Map():
            return type_name(node)
        case _:
            return branch_name(node)
