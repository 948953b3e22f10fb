"""What an incompatibility does to those who run: one sentence for consumers, one for HTTP clients.

A consumer dead-letters a record whose writer schema its reader schema cannot resolve (docs/consumers.md). The API takes
the JSON of every version that its pinned version can read, tries the pinned one first, and answers 422 to the rest
(docs/http.md); so a name that no JSON carries is never seen by a client.
"""

from __future__ import annotations

from codegen.contract import Contract
from codegen.incompatibility import Incompatibility, IncompatibilityType

_SHOWN: int = 3


def consequences_of(found: Incompatibility, contract: Contract, reader: int, writer: int) -> tuple[str, ...]:
    """Sentences on what happens when version `reader` meets what version `writer` of `contract` wrote."""
    sentences = [f"consumers that read v{reader} will dead-letter {_records(found, writer)}"]
    if contract.ingest and reader != writer:
        sentences.append(_for_clients(found, reader, writer))
    return tuple(sentences)


def _records(found: Incompatibility, writer: int) -> str:
    """Which records of the writer's version cannot be read."""
    field = found.writer_path or found.reader_path
    match found.type:
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            which = f"with {_symbols(found)} in {field}" if field else f"with {_symbols(found)}"
            return f"every v{writer} record {which}"
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return f"every v{writer} record with {_kind(found)} in {field}" if field else f"v{writer} records"
        case _ if is_partial(found):
            return f"every v{writer} record that has such a value in {field}"
        case _:
            return f"every v{writer} record"


def _for_clients(found: Incompatibility, reader: int, writer: int) -> str:
    clients, when = f"clients that post v{writer}", f"while the API writes v{reader}"
    field = found.reader_path or found.writer_path
    match found.type:
        case IncompatibilityType.NAME_MISMATCH:
            return f"{clients} notice nothing {when}: JSON does not carry the names of types"
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            return f"{clients} get 422 {when}: {field} is required"
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            return f"{clients} get 422 {when}, for events with {_symbols(found)} in {field}"
        case IncompatibilityType.AMBIGUOUS_ALIAS:
            return f"{clients} get 422 {when}: a field and its alias in one event are refused ({field})"
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            return f"{clients} get 422 {when}: {field} has another number of bytes"
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return f"{clients} get 422 {when}, for events with {_kind(found)} in {field}"
        case IncompatibilityType.TYPE_MISMATCH:
            return f"{clients} get 422 {when}, wherever {field} does not happen to fit {_text(found.reader_fragment)}"


def is_partial(found: Incompatibility) -> bool:
    """Whether only some records are hit: the place is inside a union, an array or a map of the writer's."""
    tokens = found.pointer.split("/")[1:]
    while tokens[:1] == ["fields"]:
        del tokens[:2]
        if tokens[:1] == ["type"]:
            del tokens[:1]
    return any(token.isdigit() or token in ("items", "values") for token in tokens)


def _symbols(found: Incompatibility) -> str:
    missing = [str(symbol) for symbol in found.writer_fragment] if isinstance(found.writer_fragment, list) else []
    more = len(missing) - _SHOWN
    return ", ".join(missing[:_SHOWN]) + (f" or one of {more} more" if more > 0 else "")


def _kind(found: Incompatibility) -> str:
    return f"a value of type {_text(found.writer_fragment)}"


def _text(fragment: object) -> str:
    """The name of a type from its fragment."""
    match fragment:
        case str():
            return fragment
        case {"name": str(name)}:
            return name
        case {"type": str(kind)}:
            return kind
        case _:
            return "the union"
