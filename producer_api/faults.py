"""pydantic's findings → faults in wire names and plain sentences that never repeat a value of the event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from codegen.branches import is_simple, is_tagged, non_null
from codegen.masking import TAGS_KEY
from codegen.nodes import Array, Field, Map, Node, Record, Union, branch_name, named_types
from producer_api.errors import MAX_TOLD_FAULTS, Fault, Stage

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# Listing them would cost more than finding them did.
MANY_FAULTS: Final = 1000
_MAX_NAME: Final = 100  # characters of a name that the client made up
# Kinds whose message is made of the schema alone; any other might quote the value.
_SAFE_KINDS: Final = (
    "bool_", "bytes_", "dict_", "enum", "finite_number", "float_", "greater_than", "int_", "less_than", "list_",
    "literal_error", "none_required", "repeated_key", "string_", "too_long", "too_short",
    "union_branch",
)  # fmt: skip


class FaultTranslator:
    """Translates for one record schema."""

    def __init__(self, root: Record) -> None:
        self._root = root
        self._names = {
            name
            for record in named_types(root)
            if isinstance(record, Record)
            for entry in record.fields
            for name in (entry.name, *entry.aliases)
        }

    def translate(self, error: ValidationError) -> list[Fault]:
        """At least one fault, and at most MAX_TOLD_FAULTS."""
        if error.error_count() > MANY_FAULTS:
            return [Fault(Stage.VALIDATE, "", f"the event has {error.error_count()} faults, too many to list")]
        details = error.errors(include_url=False, include_input=False)
        return [self._translate(entry) for entry in details[:MAX_TOLD_FAULTS]]

    def _translate(self, details: ErrorDetails) -> Fault:
        kind, location = details["type"], details["loc"]
        context: dict[str, Any] = details.get("ctx", {})
        if kind == "json_invalid":
            return Fault(Stage.PARSE, "", f"the event is no JSON: {context.get('error', 'it is malformed')}")
        if kind == "repeated_key":
            # The place is the key alone; a key of a map is data, and not told.
            name = str(location[0]) if location and location[0] in self._names else ""
            return Fault(Stage.PARSE, name, details["msg"])
        path, record = self._walk(location)
        return Fault(Stage.VALIDATE, path, _sentence(kind, details["msg"], location, record))

    def _walk(self, location: tuple[int | str, ...]) -> tuple[str, Record | None]:
        """The path as far as the schema leads, and the record in which its last name stands."""
        node: Node | None = self._root
        steps: list[str] = []
        inside: Record | None = None
        is_personal = False  # below a tagged field, where a name that the client made up is data too
        parts = iter(location)
        for part in parts:
            node = _only_branch(node)
            inside = node if isinstance(node, Record) else None
            match node:
                case Union():
                    # The branch, which stands in the JSON too where the union is tagged.
                    steps += [str(part)] if is_tagged(node) and next(parts, None) is not None else []
                    node = _branch(node, part)
                case Record():
                    entry = _field(node, part)
                    steps.append("*" if entry is None and is_personal else str(part)[:_MAX_NAME])
                    is_personal = is_personal or (entry is not None and bool(entry.properties.get(TAGS_KEY)))
                    node = None if entry is None else entry.type
                case Array():
                    steps.append(str(part) if isinstance(part, int) else "*")
                    node = node.items
                case Map():
                    steps.append("*")  # a key of a map is data
                    node = node.values
                case _:
                    return ".".join(steps), None
        return ".".join(steps), inside


def _only_branch(node: Node | None) -> Node | None:
    """The one branch beside null, where there is one: pydantic's location has no step for it."""
    if isinstance(node, Union) and is_simple(node):
        return next(iter(non_null(node)), None)
    return node


def _branch(union: Union, name: object) -> Node | None:
    return next((branch for branch in union.branches if branch_name(branch) == name), None)


def _field(record: Record, name: object) -> Field | None:
    return next((entry for entry in record.fields if name == entry.name or name in entry.aliases), None)


def _sentence(kind: str, message: str, location: tuple[int | str, ...], record: Record | None) -> str:
    match kind:
        case "missing":
            return "the field is required"
        case "extra_forbidden":
            for entry in record.fields if record is not None else ():
                if location[-1] == entry.name or location[-1] in entry.aliases:
                    names = ", ".join((entry.name, *entry.aliases))
                    return f"the field is given more than once: {names} are names of one field; send one of them"
            return "unknown field"
        case "model_type" | "model_attributes_type" | "dataclass_type":
            return "a JSON object is expected"
        case "value_error":
            return message.removeprefix("Value error, ")
        case _ if kind.startswith(_SAFE_KINDS):
            return message[:1].lower() + message[1:]
        case _:
            return "the value does not fit the contract"
