"""Events that grow: records of many fields, whose contract is generated for the run, and bodies of a given size."""

from __future__ import annotations

import json
import random
import tempfile
from functools import lru_cache
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import codegen.models
from codegen.contract import read_contracts
from codegen.generate import generate
from tools.bench.events import Events, activity, versions

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract

_TYPES: Final[tuple[Any, ...]] = (
    "string",
    "long",
    "double",
    "boolean",
    ["null", "string"],
    {"type": "long", "logicalType": "timestamp-millis"},
)


def wide_schema(fields: int) -> dict[str, Any]:
    """A record of so many fields, of all types in turn."""
    made = [{"name": f"field_{number}", "type": _TYPES[number % len(_TYPES)]} for number in range(fields)]
    return {"type": "record", "name": f"Wide{fields}", "namespace": "com.example.bench", "fields": made}


def wide_body(fields: int, rng: random.Random) -> bytes:
    """An event of `wide_schema(fields)` as JSON."""
    values = (
        lambda: f"value {rng.getrandbits(40):x}",
        lambda: rng.getrandbits(40),
        lambda: rng.random() * 1000,
        lambda: rng.random() < 0.5,
        lambda: f"note {rng.getrandbits(24):x}" if rng.random() < 0.5 else None,
        lambda: f"2026-01-05T08:{rng.randrange(60):02d}:{rng.randrange(60):02d}.{rng.randrange(1000):03d}Z",
    )
    event = {f"field_{number}": values[number % len(values)]() for number in range(fields)}
    return json.dumps(event, separators=(",", ":")).encode()


def wide_events(fields: int, count: int) -> Events:
    """Made-up events of a contract of so many fields, always the same."""
    rng = random.Random(fields)  # noqa: S311 - test data
    contract = wide_contract(fields)
    bodies = [wide_body(fields, rng) for _ in range(count)]
    model = contract.model()
    return Events(
        contract, 1, wide_schema(fields), bodies, [model.model_validate_json(body).serialize() for body in bodies]
    )


@lru_cache
def wide_contract(fields: int) -> GeneratedContract:
    """The contract of `wide_schema(fields)`, generated as `python -m codegen` does; its models are found as others."""
    name = f"wide_{fields}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "schemas" / name / "v1.avsc"
        source.parent.mkdir(parents=True)
        source.write_text(json.dumps(wide_schema(fields)), "utf-8")
        made = Path(folder) / "models"
        for path, text in generate(read_contracts(Path(folder) / "schemas")).items():
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        codegen.models.__path__.append(str(made))
        try:
            contract = _catalogue(made / "__init__.py")[name]
            contract.model()  # loaded now, because the folder goes; so is the transcoder
            contract.transcoder()
        finally:
            codegen.models.__path__.remove(str(made))
    return contract


def _catalogue(path: Path) -> dict[str, GeneratedContract]:
    spec = util.spec_from_file_location("tools.bench.made_catalogue", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    contracts: dict[str, GeneratedContract] = module.CONTRACTS
    return contracts


def sized_bodies(size: int, count: int) -> list[bytes]:
    """Activity of the latest version whose JSON has about `size` bytes, by a property of that length."""
    bodies = []
    for body in activity(versions()[-1]).bodies[:count]:
        event = json.loads(body)
        bare = {**event, "device": None, "properties": {}, "session_id": None}
        room = size - len(json.dumps(bare, separators=(",", ":")))
        bare["properties"] = {"text": "x" * (room - 9)} if room > 9 else {}
        bodies.append(json.dumps(bare, separators=(",", ":")).encode())
    return bodies
