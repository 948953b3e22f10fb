"""Avro for Java answers as its users need: the bytes and the order stay, and a refusal is an answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.canonical import canonical_form, fingerprint
from codegen.schema import parse_schema
from tests.java_oracle import JavaMissingError, JavaOracle, JavaRefusal, require_java

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = sorted((ROOT / "schemas").glob("*/*.avsc"))
MAP = {"type": "map", "values": "int"}


def test_the_entries_of_a_map_keep_their_order(java_oracle: JavaOracle) -> None:
    data = bytes.fromhex("06 02 7a 02 02 61 04 02 6d 06 00")
    assert java_oracle.recode(MAP, data) == data


def test_a_datum_is_read_by_the_readers_schema(java_oracle: JavaOracle) -> None:
    assert java_oracle.resolve("int", "long", b"\x02") == b"\x02"
    assert java_oracle.resolve("int", ["null", "long"], b"\x02") == b"\x02\x02"


def test_a_null_is_read_too(java_oracle: JavaOracle) -> None:
    assert java_oracle.resolve("null", "null", b"") == b""


@pytest.mark.parametrize("data", [b"", b"\x02\x00"], ids=["too few bytes", "too many"])
def test_bytes_that_are_no_datum_are_refused(data: bytes, java_oracle: JavaOracle) -> None:
    with pytest.raises(JavaRefusal):
        java_oracle.recode("int", data)


def test_an_illegal_schema_is_refused(java_oracle: JavaOracle) -> None:
    verdict = java_oracle.compatible({"type": "fixed", "name": "F", "size": -1}, "int")
    assert verdict.refusal is not None
    assert not verdict.is_compatible


def test_many_answers_come_in_the_order_of_the_questions(java_oracle: JavaOracle) -> None:
    """More than the pipes hold: neither side may wait for the other to read."""
    pairs = [("int", "int" if number % 3 else "string") for number in range(20_000)]
    assert [verdict.is_compatible for verdict in java_oracle.compatible_all(pairs)] == [
        writer == "int" for _, writer in pairs
    ]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_canonical_form_and_fingerprint_of_a_contract_are_those_of_java(
    contract: Path, java_oracle: JavaOracle
) -> None:
    schema = json.loads(contract.read_text(encoding="utf-8"))
    root = parse_schema(schema).root
    canonical = java_oracle.canonical(schema)
    assert canonical.form == canonical_form(root)
    assert canonical.sha_256.hex() == fingerprint(root)


def test_a_machine_without_java_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.java_oracle.shutil.which", lambda name: None if name == "mvn" else f"/usr/bin/{name}")
    with pytest.raises(JavaMissingError, match="needs mvn, which this machine has not: install a JDK"):
        require_java()
