"""What one row of docs/json.md is as data: texts that are accepted, and texts that are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Accept:
    """A JSON text, the Python value that it stands for, and the text that is written for that value."""

    text: str
    value: Any
    written: str


@dataclass(frozen=True)
class Refuse:
    """A JSON text that is refused; `at` is the path of the fault, empty where the text is no JSON at all."""

    text: str | bytes
    at: tuple[str | int, ...] = ("value",)


@dataclass(frozen=True)
class Row:
    id: str
    avro_type: Any
    accept: tuple[Accept, ...] = ()
    refuse: tuple[Refuse, ...] = ()
    fields: tuple[dict[str, Any], ...] = field(default=())


def same(text: str, value: Any) -> Accept:
    return Accept(text, value, text)


def logical(name: str, base: str, **attributes: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **attributes}
