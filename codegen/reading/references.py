"""Which file defines a type that another file only refers to, and in which order the files are to be read.

A schema file may refer to types of a contract version or of `schemas/shared/`, by their full names. Where more than one
version of a contract defines a type, `[references]` in contract.toml says which is meant: a published version never
changes, so what it refers to must not either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from codegen.nodes import PRIMITIVES, Json
from codegen.reading.json_source import JsonSource

SHARED: Final = "shared"
_NAMED: Final = ("record", "error", "enum", "fixed")


class UnreadFile(NamedTuple):
    """A schema file that is only JSON yet; `contract` is None for a shared one. `pins` are its contract's, if any."""

    path: Path
    text: str
    source: JsonSource
    contract: str | None
    number: int
    pins: Mapping[str, int] = MappingProxyType({})

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"{self.contract} v{self.number}" if self.contract is not None else f"{SHARED}/{self.path.name}"


class ReferenceFault(NamedTuple):
    """Why a reference of `file` at `pointer` leads nowhere, or to more than one place."""

    file: UnreadFile
    pointer: str
    reason: str
    hint: str


class References:
    """The references between files. `faults` has what is wrong with them; an unknown name is left to the parser."""

    def __init__(self, files: Sequence[UnreadFile]) -> None:
        self.faults: list[ReferenceFault] = []
        self._files = files
        self._scans = {file.path: _Scan(file.source.value) for file in files}
        self._definers: dict[str, list[UnreadFile]] = {}
        for file in files:
            for name in self._scans[file.path].defined:
                self._definers.setdefault(name, []).append(file)
        self._needed = {file.path: dict(self._providers(file)) for file in files}

    def needed(self, file: UnreadFile) -> Mapping[str, UnreadFile]:
        """Full name → the file that defines it, for each type that `file` does not define itself."""
        return self._needed[file.path]

    def in_order(self) -> list[UnreadFile]:
        """Each file behind those that it needs. Files that need each other are faults, and left out."""
        visited: dict[Path, bool] = {}
        for file in self._files:
            self._visit(file, visited, ())
        files = {file.path: file for file in self._files}
        return [files[path] for path, is_sound in visited.items() if is_sound]

    def _visit(self, file: UnreadFile, visited: dict[Path, bool], opened: tuple[UnreadFile, ...]) -> bool:
        """Whether the file can be read; `visited` has it behind all that it needs."""
        if file.path in visited:
            return visited[file.path]
        if file in opened:
            around = " → ".join(entry.label for entry in (*opened[opened.index(file) :], file))
            pointer = next(pointer for name, pointer in self._scans[file.path].wanted if name in self.needed(file))
            self._fault(file, pointer, f"these files need each other: {around}", "move what both need to shared/")
            return False
        visited[file.path] = all(self._visit(other, visited, (*opened, file)) for other in self.needed(file).values())
        return visited[file.path]

    def _providers(self, file: UnreadFile) -> Iterator[tuple[str, UnreadFile]]:
        for name, pointer in self._scans[file.path].wanted:
            found = self._definers_for(file, name)
            if len(found) == 1:
                yield name, found[0]
            elif found:
                self._fault(file, pointer, *_ambiguity(file, name, found))

    def _definers_for(self, file: UnreadFile, name: str) -> list[UnreadFile]:
        """The versions of a contract do not refer to each other: each is whole without its neighbours."""
        others = [
            other for other in self._definers.get(name, ()) if other.contract is None or other.contract != file.contract
        ]
        return [other for other in others if file.pins.get(other.contract or "", other.number) == other.number]

    def _fault(self, file: UnreadFile, pointer: str, reason: str, hint: str) -> None:
        fault = ReferenceFault(file, pointer, reason, hint)
        if fault not in self.faults:
            self.faults.append(fault)


def _ambiguity(file: UnreadFile, name: str, found: Sequence[UnreadFile]) -> tuple[str, str]:
    places = ", ".join(other.label for other in found)
    reason = f"the type {name!r} is defined in more than one place: {places}"
    contracts = {other.contract for other in found}
    if len(contracts) == 1 and file.contract is not None and found[0].contract is not None:
        pin = f"[references.v{file.number}] with {found[0].contract} = {found[0].number}"
        return reason, f"say in {file.contract}/contract.toml which version v{file.number} means, such as {pin}"
    return reason, "define it once, and refer to it by its name everywhere else"


class _Scan:
    """The named types that a schema defines, and those that it refers to without defining them, with their pointers."""

    def __init__(self, schema: Json) -> None:
        self.defined: dict[str, None] = {}
        self._referred: list[tuple[str, str]] = []
        self._node(schema, "", "")
        self.wanted = [(name, pointer) for name, pointer in self._referred if name not in self.defined]

    def _node(self, schema: Json, pointer: str, namespace: str) -> None:
        match schema:
            case str() if schema not in PRIMITIVES:
                name = schema if "." in schema or not namespace else f"{namespace}.{schema}"
                self._referred.append((name, pointer))
            case list():
                for index, branch in enumerate(schema):
                    self._node(branch, f"{pointer}/{index}", namespace)
            case dict():
                self._object(schema, pointer, namespace)
            case _:
                return

    def _object(self, schema: dict[str, Json], pointer: str, namespace: str) -> None:
        kind = schema.get("type")
        if kind == "array" or kind == "map":
            key = "items" if kind == "array" else "values"
            self._node(schema.get(key), f"{pointer}/{key}", namespace)
        elif isinstance(kind, str) and kind in _NAMED:
            self._named(schema, pointer, namespace)
        else:
            self._node(kind, f"{pointer}/type", namespace)

    def _named(self, schema: dict[str, Json], pointer: str, namespace: str) -> None:
        name, own = schema.get("name"), schema.get("namespace", namespace)
        if isinstance(name, str) and isinstance(own, str):
            full_name = name if "." in name or not own else f"{own}.{name}"
            self.defined[full_name] = None
            namespace = full_name.rpartition(".")[0]
        fields = schema.get("fields")
        for index, entry in enumerate(fields if isinstance(fields, list) else ()):
            if isinstance(entry, dict):
                self._node(entry.get("type"), f"{pointer}/fields/{index}/type", namespace)
