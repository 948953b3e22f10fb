"""Writer schemas by id: asked of the registry once, then remembered for the life of the process."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codegen.catalog import GeneratedContract
from codegen.nodes import Node, Record, type_name
from codegen.rendering.schema_json import schema_json
from codegen.schema import parse_schema
from consumers.decoding.frame import SchemaRef
from consumers.decoding.referenced_types import ReferencedTypes
from consumers.faults import RegistryUnavailable, Stage, Undecodable

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient

_UNKNOWN_SUBJECT = 40401
_UNKNOWN_VERSION = 40402
_UNKNOWN_SCHEMA = 40403
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class WriterSchema:
    """`version` is the contract's version with exactly this schema, or None where the contract has none such.

    `schema` is a legal schema as parsed JSON, with what it refers to written out; `root` is the same as typed nodes,
    `record` the full name of its root.
    """

    ref: SchemaRef
    version: int | None
    schema: Any
    root: Node
    record: str

    @property
    def label(self) -> str:
        """For statistics: the version where there is one, else `id:N`."""
        return str(self.version) if self.version is not None else f"id:{self.ref}"


@dataclass(slots=True)
class WriterSchemas:
    """Fetches, parses and remembers writer schemas.

    An id that the registry does not know, or whose references it does not know, is waited for during `patience_s`,
    since registries replicate; then it is asked a last time, and is undecodable. It stays so for `forget_after_s`
    before the registry is asked again. After `most_in_vain` of them within that time no further one is waited for, so
    that foreign records cannot hold the topic up. `clock` counts seconds; where it leaps, the last question is asked
    all the same.
    """

    registry: SchemaRegistryClient
    contract: GeneratedContract
    patience_s: float = 5.0
    forget_after_s: float = 300.0
    most_in_vain: int = 10
    clock: Callable[[], float] = time.monotonic
    _known: dict[SchemaRef, WriterSchema] = field(default_factory=dict)
    _missing_since: dict[SchemaRef, float] = field(default_factory=dict)
    # When it was given up, and why.
    _given_up: dict[SchemaRef, tuple[float, str]] = field(default_factory=dict)
    _in_vain: deque[float] = field(default_factory=deque)
    _versions: Mapping[int, Any] | None = None

    def cached(self, ref: SchemaRef) -> WriterSchema | None:
        return self._known.get(ref)

    def get(self, ref: SchemaRef) -> WriterSchema:
        """The schema, from memory or from the registry.

        Raises RegistryUnavailable (try again later) and Undecodable (stage schema).
        """
        known = self._known.get(ref)
        if known is None:
            known = self._fetch(ref)
            self._known[ref] = known
            if self._missing_since.pop(ref, None) is not None:
                self._in_vain.clear()
        return known

    def _fetch(self, ref: SchemaRef) -> WriterSchema:
        given_up = self._given_up.get(ref)
        if given_up is not None:
            at, reason = given_up
            if self.clock() - at < self.forget_after_s:
                raise Undecodable(Stage.SCHEMA, reason, ref)
            del self._given_up[ref]
        return self.understand(ref, self._ask(ref))

    def understand(self, ref: SchemaRef, text: Schema) -> WriterSchema:
        """What the registry gave for `ref`, as a writer schema; what it refers to is asked for.

        Raises RegistryUnavailable and Undecodable (stage schema).
        """
        if text.schema_type not in (None, "AVRO"):
            raise Undecodable(Stage.SCHEMA, f"schema {ref} is of type {text.schema_type}, not AVRO", ref)
        known = ReferencedTypes(lambda reference: self._ask_reference(ref, reference))
        try:
            known.add(text.references)
            schema = json.loads(text.schema_str or "")
            root = parse_schema(schema, known.types).root
        except (ValueError, RecursionError) as error:
            reason = f"schema {ref} of the registry is no Avro schema: {error}"
            raise Undecodable(Stage.SCHEMA, reason, ref, error) from error
        if text.references:
            schema = schema_json(root)
        record = root.full_name if isinstance(root, Record) else type_name(root)
        return WriterSchema(ref, self._version_of(schema), schema, root, record)

    def _ask(self, ref: SchemaRef) -> Schema:
        try:
            text = self.registry.get_schema(ref) if isinstance(ref, int) else self.registry.get_schema_by_guid(str(ref))
        except Exception as error:
            if not _says_unknown(error, ref):
                raise RegistryUnavailable.because(f"did not give schema {ref}", error) from error
            kind = "id" if isinstance(ref, int) else "GUID"
            raise self._missing(ref, f"the registry does not know schema {kind} {ref}") from error
        if not isinstance(text.schema_str, str) or not text.schema_str:
            # The client takes any JSON object for an answer, and keeps it; one without a schema comes from no registry.
            self.registry.clear_caches()  # type: ignore[no-untyped-call]  # the client's own lacks annotations
            raise RegistryUnavailable(f"what answers in the registry's place sent no text for schema {ref}")
        return text

    def _ask_reference(self, ref: SchemaRef, reference: SchemaReference) -> Schema:
        """What schema `ref` refers to. One that is deleted softly counts: what was written with it has to be read."""
        subject, version = reference.subject or "", reference.version
        place = f"version {version} of {subject}"
        try:
            registered = self.registry.get_version(
                subject, "latest" if version in (None, -1) else version, deleted=True
            )
        except Exception as error:
            if getattr(error, "error_code", None) not in (_UNKNOWN_SUBJECT, _UNKNOWN_VERSION):
                did = f"did not give {place}, which schema {ref} refers to,"
                raise RegistryUnavailable.because(did, error) from error
            raise self._missing(ref, f"schema {ref} refers to {place}, which the registry does not know") from error
        if registered.schema.schema_type not in (None, "AVRO"):
            reason = f"schema {ref} refers to {place}, which is of type {registered.schema.schema_type}, not AVRO"
            raise Undecodable(Stage.SCHEMA, reason, ref)
        return registered.schema

    def _missing(self, ref: SchemaRef, reason: str) -> RegistryUnavailable | Undecodable:
        """What to raise for something that the registry does not know: it may come yet, or was waited for in vain."""
        first = self._missing_since.setdefault(ref, self.clock())
        if self._is_patient() and self.clock() - first < self.patience_s:
            return RegistryUnavailable(f"{reason} yet")
        self._in_vain.append(self.clock())
        self._given_up[ref] = (self.clock(), reason)
        del self._missing_since[ref]
        return Undecodable(Stage.SCHEMA, reason, ref)

    def _is_patient(self) -> bool:
        """Whether waiting still makes sense: not after many ids in a row that were waited for in vain."""
        while self._in_vain and self.clock() - self._in_vain[0] >= self.forget_after_s:
            self._in_vain.popleft()
        return len(self._in_vain) < self.most_in_vain

    def _version_of(self, schema: Any) -> int | None:
        if self._versions is None:
            self._versions = {number: json.loads(self.contract.avsc(number)) for number in self.contract.versions}
        for number, own in self._versions.items():
            if own == schema:
                return number
        return None


def _says_unknown(error: Exception, ref: SchemaRef) -> bool:
    """Whether the registry itself answered that there is no such schema.

    For an id that is error code 40403 alone: any other 404 comes from something that is no registry. Registries that
    predate GUIDs have no such route, and answer a bare 404.
    """
    if getattr(error, "error_code", None) == _UNKNOWN_SCHEMA:
        return True
    return not isinstance(ref, int) and getattr(error, "http_status_code", None) == _NOT_FOUND
