"""From a record's bytes to the reader's model: the one seam where every way of failing gets one of two names."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.catalog import GeneratedContract
from codegen.incompatibility import Incompatibility, IncompatibilityType
from codegen.resolution import resolve
from codegen.schema import parse_schema
from consumers.decoding.frame import SchemaRef, parse_frame
from consumers.decoding.writer_schemas import WriterSchema, WriterSchemas
from consumers.faults import Stage, Undecodable
from consumers.record import Record

if TYPE_CHECKING:
    from codegen.runtime import AvroModel

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record and what it says.

    `value` and `writer` are None for a tombstone (a null value); `value` alone is None for a record of another contract
    that shares the topic.
    """

    record: Record
    value: AvroModel | None
    writer: WriterSchema | None


class Deserializer:
    """Reads records of one contract into the model of one of its versions."""

    def __init__(
        self, contract: GeneratedContract, reader_version: int, writers: WriterSchemas, others: Collection[str] = ()
    ) -> None:
        """`others` are the full names of the records of other contracts on the same topic."""
        from codegen.runtime import AvroResolutionError

        self.reader_version = reader_version
        self.model: type[AvroModel] = contract.model(reader_version)
        self._writers = writers
        self._others = frozenset(others)
        self._root = parse_schema(json.loads(contract.avsc(reader_version))).root
        self._findings: dict[SchemaRef, tuple[Incompatibility, ...]] = {}
        self._decoders: dict[SchemaRef, Callable[[bytes], AvroModel]] = {}
        self._resolution_error = AvroResolutionError

    def needs_registry(self, record: Record) -> bool:
        """Whether `read` would have to ask the registry, and so block."""
        if record.value is None:
            return False
        try:
            ref, _ = parse_frame(record.value, record.headers)
        except Undecodable:
            return False
        return self._writers.cached(ref) is None

    def read(self, record: Record) -> Decoded:
        """The decoded record.

        Raises Undecodable for the record's own fault, RegistryUnavailable where the registry must answer first.
        """
        if record.value is None:
            return Decoded(record, None, None)
        ref, body = parse_frame(record.value, record.headers)
        writer = self._writers.get(ref)
        if writer.record in self._others:
            return Decoded(record, None, writer)
        try:
            value = self._decoder(writer)(body)
        except self._resolution_error as error:
            raise self._unresolvable(ref, error) from error
        except Exception as error:
            # Decoding is a function of the bytes alone: whatever it raises, the record is at fault.
            raise Undecodable(Stage.PAYLOAD, str(error), ref, error) from error
        return Decoded(record, value, writer)

    def _decoder(self, writer: WriterSchema) -> Callable[[bytes], AvroModel]:
        """The decoder of this writer's schema, made once, after the schema was checked as the gate checks it."""
        decode = self._decoders.get(writer.ref)
        if decode is None:
            try:
                decode = self._make_decoder(writer)
            except self._resolution_error as error:
                decode = self._refusal(str(error))  # remembered like a decoder: many records may follow
            self._decoders[writer.ref] = decode
        return decode

    def _make_decoder(self, writer: WriterSchema) -> Callable[[bytes], AvroModel]:
        for found in self._check(writer):
            if found.type is IncompatibilityType.AMBIGUOUS_ALIAS:
                # A decoder has to choose one of the two fields, and may read the wrong one without any error.
                raise self._resolution_error(found.message)
        return self.model.decoder(writer.schema)

    def _refusal(self, reason: str) -> Callable[[bytes], AvroModel]:
        def refuse(_data: bytes) -> AvroModel:
            raise self._resolution_error(reason)

        return refuse

    def _check(self, writer: WriterSchema) -> tuple[Incompatibility, ...]:
        """What keeps this writer's data from being read; empty where all can be.

        Avro resolves a union's branch and an enum's symbol when a datum has it: with findings, some may still be read.
        """
        findings = self._findings.get(writer.ref)
        if findings is None:
            findings = self._findings[writer.ref] = tuple(resolve(self._root, writer.root))
            if findings:
                log.warning(
                    "version %s cannot read all of schema %s (%s): %s; what it cannot read is dead-lettered",
                    self.reader_version,
                    writer.ref,
                    findings[0].type,
                    findings[0].message,
                )
        return findings

    def _unresolvable(self, ref: SchemaRef, error: Exception) -> Undecodable:
        findings = self._findings.get(ref, ())
        reason = f"version {self.reader_version} cannot read schema {ref}: {error}"
        return Undecodable(Stage.RESOLVE, reason, ref, error, findings[0] if findings else None)
