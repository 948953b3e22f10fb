"""What generated models write and resolve, put to Apache Avro for Java."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from codegen.generate import UnsupportedContract
from codegen.proving.memory_package import MemoryPackage
from codegen.runtime import AvroDecodeError
from codegen.schema import parse_schema
from tests.codegen.data_strategies import data
from tests.codegen.sample_contracts import load_model, module_text
from tests.codegen.schema_strategies import schemas
from tests.codegen.test_steps import any_neighbours, files_of
from tests.java_oracle import JavaOracle

DRAWN = 400


def drawing(count: int) -> settings:
    """A number of examples without shrinking: they are asked together, at the end."""
    return settings(max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)


def test_java_writes_the_bytes_of_a_model_again(java_oracle: JavaOracle) -> None:
    """Read by the same schema without logical types, every byte used, and written: nothing differs."""
    written: list[tuple[dict[str, Any], bytes]] = []

    @drawing(DRAWN)
    @given(schemas(), st.data())
    def draw(schema: dict[str, Any], drawn: st.DataObject) -> None:
        try:
            model = load_model(module_text(schema), "drawn_model")
        except UnsupportedContract:
            return
        values = data(parse_schema(schema).root)
        one = model.model_validate(drawn.draw(values), strict=False)
        written.extend((schema, made.serialize()) for made in (one, model.fake()))

    draw()
    assert len(written) > DRAWN
    questions = [{"op": "recode", "schema": json.dumps(schema), "hex": binary.hex()} for schema, binary in written]
    answers = java_oracle.ask(questions)
    differing = [
        (json.dumps(schema), binary.hex(), answer)
        for (schema, binary), answer in zip(written, answers, strict=True)
        if answer.get("hex") != binary.hex()
    ]
    assert differing == [], f"{len(differing)} of {len(written)}"


def test_java_resolves_a_record_as_its_upgrade_does(java_oracle: JavaOracle) -> None:
    asked: list[tuple[dict[str, str], bytes]] = []

    @drawing(DRAWN // 2)
    @given(any_neighbours(), st.data())
    def draw(pair: tuple[dict[str, Any], dict[str, Any]], drawn: st.DataObject) -> None:
        one, two = pair
        with MemoryPackage(files_of(one, two), "steps") as package:
            old = package.module("sample.v1")["MODEL"]
            before = old.model_validate(drawn.draw(data(parse_schema(one).root)), strict=False)
            try:
                after = before.upgrade().serialize()
            except AvroDecodeError:
                return
        question = {"op": "resolve", "writer": json.dumps(one), "reader": json.dumps(two)}
        asked.append(({**question, "hex": before.serialize().hex()}, after))

    draw()
    assert len(asked) > DRAWN // 4
    answers = java_oracle.ask([question for question, _ in asked])
    differing = [
        (question, after.hex(), answer)
        for (question, after), answer in zip(asked, answers, strict=True)
        if answer.get("hex") != after.hex()
    ]
    assert differing == [], f"{len(differing)} of {len(asked)}"
