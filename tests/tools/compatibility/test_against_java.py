"""Our verdict, and data of compatible pairs, against Apache Avro for Java on generated near misses.

In CI the pairs are the same each time; a person's run takes others, and NEAR_MISS_SEED repeats one. A pair is
`near_miss(seed)`.
"""

from __future__ import annotations

import io
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import fastavro
import pytest

from codegen.schema import parse_schema
from tests.java_oracle import JavaOracle, resolve_question
from tests.tools.compatibility.java_differences import explain
from tests.tools.compatibility.java_examples import READING_EXAMPLES, VERDICT_EXAMPLES
from tests.tools.compatibility.java_readings import READING_DIFFERENCES, Reading, read
from tests.tools.compatibility.java_verdicts import VERDICT_DIFFERENCES, Comparison
from tests.tools.compatibility.near_misses import Endless, datum, near_miss
from tests.tools.compatibility.test_breaking_rules import CASES
from tests.tools.compatibility.test_breaking_rules import read as read_case
from tools.compatibility import check

PARTS = 12
PAIRS = 5_000  # of each part
READING_PARTS = 6
FIRST_SEED = int(os.environ.get("NEAR_MISS_SEED") or (0 if "CI" in os.environ else random.randrange(2**40)))

pytestmark = [pytest.mark.java, pytest.mark.timeout(600)]
Record = Callable[[str, object], None]


def seeds(part: int) -> range:
    return range(FIRST_SEED + part * PAIRS, FIRST_SEED + (part + 1) * PAIRS)


def explained(comparison: Comparison, oracle: JavaOracle) -> list[str] | None:
    return explain(comparison, VERDICT_DIFFERENCES, oracle)


def told(case: Comparison | Reading, seed: int) -> str:
    """Everything that one needs to look into it."""
    parts = [f"near_miss({seed})", f"reader {json.dumps(case.reader)}", f"writer {json.dumps(case.writer)}"]
    if isinstance(case, Reading):
        return "\n".join([*parts, f"data {case.data.hex()}", f"Avro Java: {case.error}"])
    return "\n".join([*parts, f"ours {sorted(case.ours)}", f"Avro Java: {case.java}"])


@pytest.mark.parametrize("part", range(PARTS))
def test_the_verdict_and_every_finding_are_those_of_avro_java(
    part: int, java_oracle: JavaOracle, record_property: Record
) -> None:
    pairs = [near_miss(seed) for seed in seeds(part)]
    classes: Counter[str] = Counter()
    for seed, (reader, writer), verdict in zip(seeds(part), pairs, java_oracle.compatible_all(pairs), strict=True):
        comparison = Comparison(reader, writer, verdict)
        names = explained(comparison, java_oracle)
        assert names is not None, told(comparison, seed)
        classes.update(names or ["agreed"])
    record_property(f"java: verdicts of generated pairs, seed {FIRST_SEED}", {"compared": len(pairs), **classes})


@pytest.mark.parametrize("part", range(READING_PARTS))
def test_avro_java_reads_what_is_called_compatible(part: int, java_oracle: JavaOracle, record_property: Record) -> None:
    written: list[tuple[int, Any, Any, bytes]] = []
    for seed in seeds(part):
        reader, writer = near_miss(seed)
        if check(reader, writer):
            continue
        try:
            value = datum(parse_schema(writer).root, random.Random(seed))
        except Endless:
            continue
        out = io.BytesIO()
        fastavro.schemaless_writer(out, writer, value)
        written.append((seed, reader, writer, out.getvalue()))
    answers = java_oracle.ask(resolve_question(writer, reader, data) for _, reader, writer, data in written)
    classes: Counter[str] = Counter()
    for (seed, reader, writer, data), answer in zip(written, answers, strict=True):
        reading = Reading(reader, writer, data, answer.get("error"))
        names = explain(reading, READING_DIFFERENCES, java_oracle)
        assert names is not None, told(reading, seed)
        classes.update(names or ["read"])
    record_property(f"java: data of compatible pairs, seed {FIRST_SEED}", {"compared": len(written), **classes})


@pytest.mark.parametrize("case", CASES)
def test_the_case_of_each_rule_is_judged_alike(case: str, java_oracle: JavaOracle, record_property: Record) -> None:
    """What expected.json has, and that is what we find (test_breaking_rules), is what Avro Java finds."""
    reader, writer = read_case(case, "current.avsc"), read_case(case, "previous.avsc")
    comparison = Comparison(reader, writer, java_oracle.compatible(reader, writer))
    names = explained(comparison, java_oracle)
    assert names is not None, told(comparison, -1)
    record_property("java: cases of tests/breaking", {"compared": 1, **Counter(names or ["agreed"])})


@pytest.mark.parametrize("difference", VERDICT_DIFFERENCES, ids=lambda difference: difference.__name__)
def test_a_difference_in_the_verdict_is_still_there(difference: Any, java_oracle: JavaOracle) -> None:
    """The smallest example that is explained by this difference alone. If it agrees now, drop the difference."""
    reader, writer = VERDICT_EXAMPLES[difference.__name__]
    comparison = Comparison(reader, writer, java_oracle.compatible(reader, writer))
    assert explained(comparison, java_oracle) == [difference.__name__]


@pytest.mark.parametrize("difference", READING_DIFFERENCES, ids=lambda difference: difference.__name__)
def test_a_difference_in_reading_is_still_there(difference: Any, java_oracle: JavaOracle) -> None:
    reader, writer, data = READING_EXAMPLES[difference.__name__]
    assert check(reader, writer) == []
    reading = read(reader, writer, data, java_oracle)
    assert explain(reading, READING_DIFFERENCES, java_oracle) == [difference.__name__]


def test_an_unknown_disagreement_is_not_explained(java_oracle: JavaOracle) -> None:
    """A verdict that Avro Java never gave, and an error that it never told."""
    reader, writer = {"type": "array", "items": "int"}, {"type": "array", "items": "string"}
    verdict = java_oracle.compatible(reader, reader)
    assert verdict.is_compatible
    assert explained(Comparison(reader, writer, verdict), java_oracle) is None
    reading = Reading(reader, reader, b"\0", "EOFException: Collection claims 1 elements")
    assert explain(reading, READING_DIFFERENCES, java_oracle) is None
