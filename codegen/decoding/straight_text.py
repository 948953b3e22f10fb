"""The statements of a straight-line decoder that read one scalar at `at` of `data`; `text` is its Latin-1 spelling."""

from __future__ import annotations

from codegen.decoding.straight_parts import MOMENTS


def size() -> list[str]:
    """The place behind a text or bytes, of which most are shorter than 64."""
    return [
        "size = data[at]",
        "at += 1",
        "if size & 129:",
        "    size, at = read_size(data, at - 1)",
        "end = at + (size >> 1)",
    ]


def string(value: str) -> list[str]:
    """UTF-8; most texts are ASCII, and cut out as they are."""
    cut = [f"{value} = text[at:end]", f"if not {value}.isascii():", f"    {value} = data[at:end].decode()"]
    return [*size(), *cut, "at = end"]


def number(value: str, read: str) -> list[str]:
    """A number of one byte here, a longer one by the function `read`."""
    return [
        f"{value} = data[at]",
        f"if {value} < 128:",
        f"    {value} = ({value} >> 1) ^ -({value} & 1)",
        "    at += 1",
        "else:",
        f"    {value}, at = {read}(data, at)",
    ]


def moment(logical: str, value: str) -> list[str]:
    """A moment of this century takes so many bytes; what else there is takes the longer way."""
    start, unit, size = MOMENTS[logical]
    names = [f"b{place}" for place in range(size)]
    marks = sum(128 << 7 * place for place in range(size - 1))
    raw = " + ".join(f"(b{place} << {7 * place})" if place else "b0" for place in range(size))
    return [
        f"{', '.join(names)} = data[at:at + {size}]",
        f"if {' & '.join(names[:-1])} > 127 > {names[-1]}:",
        f"    size = {raw} - {marks}",
        f"    {value} = (size >> 1) ^ -(size & 1)",
        f"    at += {size}",
        "else:",
        f"    {value}, at = read_long(data, at)",
        f"{value} = {start} + {value} * {unit}",
    ]
