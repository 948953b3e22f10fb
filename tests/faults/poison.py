"""Values that no consumer can read, and what makes each of them so."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from codegen.models import CONTRACTS
from consumers.decoding.frame import VALUE_SCHEMA_HEADER, frame

CONTRACT = CONTRACTS["user_action"]
UNKNOWN_ID = 2_000_000_000
_HUGE = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # the long 2**63 - 1 (Avro 1.12, "Binary encoding")
_MANY_NOTHINGS = b"\x80\x80\x80\x80\x80\x80\x01"  # the long 2**41


class Poison(NamedTuple):
    """One value with its headers; `stage` is where a consumer has to find the fault."""

    name: str
    value: bytes
    stage: str
    headers: tuple[tuple[str, bytes], ...] = ()


def poison(good: bytes, schema_id: int, register: Callable[[str, str], int]) -> list[Poison]:
    """All kinds. `good` is a sound event's Avro; `register` gives the id of a schema under a subject of its own."""
    whole = frame(schema_id, good)

    def broken(name: str, body: bytes) -> Poison:
        return Poison(name, frame(schema_id, body), "payload")

    def header(content: bytes) -> tuple[tuple[str, bytes], ...]:
        return ((VALUE_SCHEMA_HEADER, content), ("traceparent", b"\xff not text"))

    extra = {name: register(f"drill-{name}", text) for name, text in writer_schemas().items()}
    return [
        Poison("empty", b"", "frame"),
        Poison("one byte", b"\0", "frame"),
        Poison("short frame", whole[:4], "frame"),
        Poison("wrong magic", b"{" + whole, "frame"),
        Poison("first byte 1", b"\x01" + whole[1:], "frame"),
        Poison("id zero", frame(0, good), "frame"),
        Poison("negative id", b"\0\xff\xff\xff\xff" + good, "frame"),
        Poison("unknown id", frame(UNKNOWN_ID, good), "schema"),
        broken("no body", b""),
        broken("truncated", good[:-1]),
        broken("half", good[: len(good) // 2]),
        broken("trailing byte", good + b"\0"),
        broken("trailing record", good + good),
        broken("huge string", _HUGE + good),
        broken("negative string", b"\x01" + good),
        broken("no UTF-8", good.replace(b"/poison", b"/\xff\xfe\xfd\xfc\xfb\xfa")),
        broken("no uuid", b"\x48" + b"z" * 36 + good[37:]),
        broken("long without end", b"\xff" * 11 + good),
        Poison("endless recursion", frame(extra["recursion"], good + b"\x02" * 200_000), "payload"),
        Poison("array of nothing", frame(extra["nothings"], good + _MANY_NOTHINGS + b"\0"), "payload"),
        Poison("array of huge length", frame(extra["nothings"], good + _HUGE), "payload"),
        Poison("unreadable schema", frame(extra["stranger"], b"\x02\x02"), "resolve"),
        Poison("header of other size", whole, "frame", header(b"\0\0\0")),
        Poison("header of unknown kind", whole, "frame", header(b"\x07" + bytes(16))),
        Poison("header with unknown GUID", good, "schema", header(b"\x01" + UUID(int=7).bytes)),
        Poison("header beside a frame", whole, "payload", header(b"\0" + schema_id.to_bytes(4, "big"))),
        Poison("header names another schema", good, "resolve", header(b"\0" + extra["stranger"].to_bytes(4, "big"))),
    ]


def writer_schemas() -> dict[str, str]:
    """Schemas of writers that mean no good: legal, and of no use to our readers."""
    chain = {
        "type": "record",
        "name": "Chain",
        "fields": [{"name": "next", "type": ["null", "Chain"], "default": None}],
    }
    stranger = {"type": "record", "name": "com.example.drill.Stranger", "fields": [{"name": "n", "type": "int"}]}
    return {
        "recursion": with_field("chain", ["null", chain]),
        "nothings": with_field("nothings", {"type": "array", "items": "null"}),
        "stranger": json.dumps(stranger),
    }


def with_field(name: str, type_: Any, **more: Any) -> str:
    """The latest version's schema with one field behind the others."""
    schema = copy.deepcopy(json.loads(CONTRACT.avsc(CONTRACT.latest)))
    schema["fields"].append({"name": name, "type": type_, **more})
    return json.dumps(schema)
