"""The committed catalogue and models: what `contract.toml` says, versions, and old records in new models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.catalog import GeneratedContract, UnknownVersion
from codegen.contract import read_contracts
from codegen.models import CONTRACTS
from codegen.models.user_action import UserAction

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def test_the_catalogue_says_what_the_contracts_say() -> None:
    contracts = {contract.name: contract for contract in read_contracts(SCHEMAS)}
    assert list(CONTRACTS) == sorted(contracts)
    for name, generated in CONTRACTS.items():
        contract = contracts[name]
        for key in (
            "name",
            "subject",
            "topic",
            "path",
            "key",
            "compatibility",
            "owner",
            "ingest",
            "writers",
            "readers",
        ):
            assert getattr(generated, key) == getattr(contract, key), (name, key)
        assert generated.versions == tuple(version.number for version in contract.versions)
        assert generated.record == contract.latest.record.full_name
        for version in contract.versions:
            assert generated.avsc(version.number) == version.text
            model = generated.model(version.number)
            assert version.number == model.VERSION
            assert model.avro_schema_to_python() == version.json


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
def test_a_version_is_looked_up_or_refused(contract: GeneratedContract) -> None:
    assert contract.model() is contract.model(contract.latest)
    for version in (0, contract.latest + 1):
        with pytest.raises(UnknownVersion, match=rf"the contract {contract.name} has no version {version}"):
            contract.model(version)
        with pytest.raises(UnknownVersion):
            contract.avsc(version)


def test_pins_or_the_latest_version() -> None:
    contract = CONTRACTS["user_action"]
    for app, version in contract.writers.items():
        assert contract.writer_version(app) == version
    for app, version in contract.readers.items():
        assert contract.reader_version(app) == version
    assert contract.writer_version("nobody") == contract.reader_version("nobody") == contract.latest


def test_a_record_of_the_first_version_becomes_one_of_the_second() -> None:
    contract = CONTRACTS["user_action"]
    first, second = contract.model(1), contract.model(2)
    old = first.fake(page="/cart", action="click", properties={"a": "b"})
    expected = {**old.model_dump(mode="json"), "session_id": None, "device": None}
    expected["page_url"] = expected.pop("page")
    by_resolution = second.deserialize(old.serialize(), writer_schema=json.loads(contract.avsc(1)))
    by_json = second.model_validate_json(old.model_dump_json())
    assert by_resolution == by_json
    assert by_json.model_dump(mode="json") == expected


def test_the_first_version_cannot_read_a_renamed_field() -> None:
    """Aliases help the reader that has them: BACKWARD, so readers move first."""
    new = UserAction.fake()
    old = CONTRACTS["user_action"].model(1)
    with pytest.raises(ValueError, match="does not resolve"):
        old.deserialize(new.serialize(), writer_schema=json.loads(UserAction.AVSC))


def test_personal_data_of_the_models_here_is_masked() -> None:
    action = UserAction.fake(user_id="SECRET", device={"os": "ios", "app_version": "1", "advertising_id": "SECRET"})
    assert "SECRET" not in repr(action)
    assert "SECRET" not in json.dumps(action.masked())
    assert action.user_id == "SECRET"
