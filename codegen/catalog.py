"""What runtime code knows of a contract: the generated catalogue, with its models loaded when they are asked for.

Light on purpose: importing it loads no model, no Kafka client and no dataclasses-avroschema.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codegen.runtime import AvroModel
    from codegen.transcoding import AnyTranscoder


class UnknownVersion(ValueError):
    """A contract has no such version."""


@dataclass(frozen=True, slots=True)
class GeneratedContract:
    """One contract as `contract.toml` describes it; `key` is a wire name, `versions` ascend from 1."""

    name: str
    record: str
    subject: str
    topic: str
    path: str
    key: str | None
    compatibility: str
    owner: str | None
    ingest: bool
    writers: Mapping[str, int]
    readers: Mapping[str, int]
    versions: tuple[int, ...]
    transcoders: tuple[int, ...] = ()

    @property
    def latest(self) -> int:
        return self.versions[-1]

    def model(self, version: int | None = None) -> type[AvroModel]:
        """The generated model of `version`, or of the latest. Raises UnknownVersion."""
        number = self._known(self.latest if version is None else version)
        module = importlib.import_module(f"codegen.models.{self.name}.v{number}")
        model: type[AvroModel] = module.MODEL
        return model

    def transcoder(self, version: int | None = None, *, pure: bool = False) -> AnyTranscoder | None:
        """What takes ordinary events of `version`, or of the latest, to Avro; None where only its model does.

        It is the compiled one where that was built (codegen.native), unless `pure`. Raises UnknownVersion.
        """
        number = self._known(self.latest if version is None else version)
        if number not in self.transcoders:
            return None
        module = importlib.import_module(f"codegen.models.{self.name}.v{number}_transcoder")
        transcoder: AnyTranscoder = module.TRANSCODER
        return transcoder if pure else _fastest(transcoder, self.avsc(number))

    def avsc(self, version: int | None = None) -> str:
        """The schema text of `version`, or of the latest. Raises UnknownVersion."""
        return self.model(version).AVSC

    def writer_version(self, app: str) -> int:
        """The version that `app` is pinned to write, or the latest."""
        return self.writers.get(app, self.latest)

    def reader_version(self, app: str) -> int:
        """The version that `app` is pinned to read, or the latest."""
        return self.readers.get(app, self.latest)

    def _known(self, version: int) -> int:
        if version not in self.versions:
            known = ", ".join(str(number) for number in self.versions)
            raise UnknownVersion(f"the contract {self.name} has no version {version}; its versions are {known}")
        return version


def _fastest(transcoder: AnyTranscoder, avsc: str) -> AnyTranscoder:
    from codegen.native.build import load_engine

    engine = load_engine()
    if engine is None:
        return transcoder
    from codegen.native.plan import compiled_twin

    return compiled_twin(engine, transcoder, avsc)
