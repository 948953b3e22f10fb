"""Contracts made of a schema alone, in memory or in a temporary project, for the tests of codegen."""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePosixPath
from typing import Any

from codegen.__main__ import run
from codegen.contract import Contract, ContractVersion
from codegen.generate import generate
from codegen.proof import prove_all
from codegen.proving.memory_package import MemoryPackage
from codegen.reading.json_source import read_json_source
from codegen.runtime import AvroModel
from codegen.schema import parse_schema

Schema = dict[str, Any]


def record(*fields: Schema, name: str = "Sample", **attributes: Any) -> Schema:
    return {"type": "record", "name": name, **attributes, "fields": list(fields)}


def contract_of(schema: Schema, name: str = "sample") -> Contract:
    return contract_of_versions(schema, name=name)


def contract_of_versions(*schemas: Schema, name: str = "sample") -> Contract:
    """A contract with these versions, in memory."""
    versions = []
    for number, schema in enumerate(schemas, start=1):
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        path = Path(f"{name}/v{number}.avsc")
        versions.append(ContractVersion(number, path, text, read_json_source(text), parse_schema(schema)))
    return Contract(
        name=name,
        folder=Path(name),
        subject=f"{name}-value",
        topic=name,
        path=f"/{name}",
        key=None,
        compatibility="BACKWARD_TRANSITIVE",
        owner=None,
        ingest=True,
        writers={},
        readers={},
        versions=tuple(versions),
    )


def module_text(schema: Schema) -> str:
    """The generated module of a schema; refused or unproved schemas raise."""
    contract = contract_of(schema)
    files = generate([contract])
    list(prove_all([contract], files))
    return files[PurePosixPath("sample/v1.py")]


def transcoder_texts(schema: Schema) -> list[str]:
    """The transcoder of a schema, where it has one."""
    files = generate([contract_of(schema)])
    return [text for path, text in files.items() if path.stem.endswith("_transcoder")]


def names_of(schema: Schema) -> dict[str, Any]:
    """The names of the generated module of a schema, which is not proved."""
    contract = contract_of(schema)
    with MemoryPackage(generate([contract]), "unproved") as package:
        return package.module("sample.v1")


def load_model(text: str, module_name: str) -> type[AvroModel]:
    """The root model of a module that is only text."""
    with MemoryPackage(
        {PurePosixPath(f"{module_name}.py"): text, PurePosixPath("__init__.py"): ""}, "alone"
    ) as package:
        model: type[AvroModel] = package.module(module_name)["MODEL"]
        return model


def model_of(schema: Schema) -> type[AvroModel]:
    return load_model(module_text(schema), "sample_model")


def model_of_field(avro_type: Any, **attributes: Any) -> type[AvroModel]:
    """The model of a record with the one field `value`."""
    return model_of(record({"name": "value", "type": avro_type, **attributes}))


class Project:
    """A folder with `schemas/` and `models/`, and codegen run over it."""

    def __init__(self, root: Path) -> None:
        self.schemas = root / "schemas"
        self.models = root / "models"
        self.out = ""
        self.err = ""

    def add(self, name: str, *versions: Schema | str, toml: str | None = None) -> Path:
        folder = self.schemas / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, schema in enumerate(versions, start=1):
            text = schema if isinstance(schema, str) else json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
            (folder / f"v{number}.avsc").write_text(text, encoding="utf-8")
        if toml is not None:
            (folder / "contract.toml").write_text(toml, encoding="utf-8")
        return folder

    def run(self, *options: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        code = run(["--schemas", str(self.schemas), "--out", str(self.models), *options], out, err)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def files(self) -> dict[str, str]:
        """Every file below `models/`, by its relative path."""
        return {
            path.relative_to(self.models).as_posix(): path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(self.models.rglob("*"))
            if path.is_file()
        }
