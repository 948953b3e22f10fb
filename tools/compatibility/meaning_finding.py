"""One finding on meaning, as a value with an address in both schemas, and the doubt that it is made of."""

from __future__ import annotations

from typing import NamedTuple

from codegen.incompatibility import fragment
from codegen.nodes import Json, Named, Node
from codegen.resolving.place import Place
from tools.compatibility.rules import MeaningRule


class MeaningFinding(NamedTuple):
    """Something that resolves, and does not mean the same to the reader as to the writer.

    Addresses and fragments are as those of codegen.incompatibility.Incompatibility.
    """

    rule: MeaningRule
    pointer: str
    reader_path: str
    writer_path: str
    reader_pointer: str
    writer_pointer: str
    reader_fragment: Json
    writer_fragment: Json
    message: str
    hint: str

    def __hash__(self) -> int:
        """Without the fragments: JSON has no hash."""
        return hash((*self[:6], self.message, self.hint))

    def as_json(self) -> dict[str, Json]:
        """The finding as a JSON object with one member for each attribute."""
        return {
            "rule": self.rule.value,
            "pointer": self.pointer,
            "reader_path": self.reader_path,
            "writer_path": self.writer_path,
            "reader_pointer": self.reader_pointer,
            "writer_pointer": self.writer_pointer,
            "reader_fragment": self.reader_fragment,
            "writer_fragment": self.writer_fragment,
            "message": self.message,
            "hint": self.hint,
        }


class Doubt(NamedTuple):
    """A finding that does not know yet where it is: `tokens` and steps count from the pair of definitions."""

    rule: MeaningRule
    reader_pointer: str
    writer_pointer: str
    reader_fragment: Json
    writer_fragment: Json
    message: str
    hint: str
    tokens: tuple[str, ...] = ()
    reader_step: str = ""
    writer_step: str = ""

    def at(self, place: Place) -> MeaningFinding:
        pointer, reader_path, writer_path = place.address(self.tokens, self.reader_step, self.writer_step)
        return MeaningFinding(self.rule, pointer, reader_path, writer_path, *self[1:7])


def doubt_of(rule: MeaningRule, reader: Node, writer: Node, message: str, hint: str) -> Doubt:
    """A doubt about a whole pair of types."""
    return Doubt(rule, reader.pointer, writer.pointer, fragment(reader), fragment(writer), message, hint)


def named_doubt(rule: MeaningRule, reader: Named, writer: Named, key: str, message: str, hint: str) -> Doubt:
    """A doubt about the attribute `key` of two named types."""
    return Doubt(
        rule,
        f"{reader.pointer}/{key}",
        f"{writer.pointer}/{key}",
        fragment(reader),
        fragment(writer),
        message,
        hint,
        (key,),
    )
