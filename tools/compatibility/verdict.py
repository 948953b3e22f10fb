"""The verdict on two schemas."""

from __future__ import annotations

from codegen.incompatibility import Incompatibility
from codegen.nodes import Json
from codegen.resolution import resolve
from codegen.schema import parse_schema


def check(reader: Json, writer: Json) -> list[Incompatibility]:
    """Why `reader` cannot read what was written with `writer`; empty if it can.

    Both are parsed JSON: an object, an array or a string. Raises codegen.faults.InvalidSchema, with every fault, for
    the first of the two that is illegal.
    """
    return resolve(parse_schema(reader).root, parse_schema(writer).root)
