"""Settings: defaults, guarantees that hold, and one sentence for what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

import producer_api.app
from codegen.models import CONTRACTS
from producer_api.api_keys import read_api_keys
from producer_api.service import UnknownContract, choose_contracts
from producer_api.settings import VARIABLES, Settings, read_settings
from tools.config import ConfigError


def test_the_defaults_hold_without_an_environment() -> None:
    settings = read_settings({})
    assert settings.max_records == Settings().max_records
    assert settings.kafka["acks"] == "all"
    assert settings.kafka["enable.idempotence"] is True
    assert settings.kafka["partitioner"] == "murmur2_random"
    assert settings.patience == (10.0, 30.0)
    assert settings.kafka["queue.buffering.max.messages"] > settings.max_in_flight_records


@pytest.mark.parametrize(
    ("variable", "value"),
    [("KAFKA_ACKS", "1"), ("KAFKA_ENABLE_IDEMPOTENCE", "false"), ("KAFKA_PARTITIONER", "random")],
)
def test_less_than_a_2xx_answer_promises_is_refused(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable}={value} is less than a 2xx answer promises"):
        read_settings({variable: value})


def test_the_environment_changes_defaults_but_no_guarantee() -> None:
    settings = read_settings(
        {
            "KAFKA_LINGER_MS": "7",
            "KAFKA_ACKS": "-1",
            "KAFKA_MESSAGE_TIMEOUT_MS": "3000",
            "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
            "API_MAX_RECORDS": "5",
            "API_REJECTS": "1",
            "API_CONTRACTS": "user_action, other",
            "WRITER_VERSION": "1",
            "API_BODY_TIMEOUT_S": "2.5",
            "API_ANSWER_TIMEOUT_S": "4",
        }
    )
    assert str(settings.kafka["linger.ms"]) == "7"
    assert (settings.kafka["acks"], settings.kafka["partitioner"]) == ("all", "murmur2_random")
    assert settings.patience == (4.0, 3.0)
    assert not {"delivery.timeout.ms", "message.timeout.ms"} & settings.kafka.keys()
    assert settings.kafka["bootstrap.servers"] == "kafka:9092"
    assert (settings.max_records, settings.keep_rejects, settings.writer_version) == (5, True, 1)
    assert settings.contracts == ("user_action", "other")
    assert settings.body_timeout_s == 2.5


@pytest.mark.parametrize(
    "environ",
    [
        {"API_MAX_RECORDS": "0"},
        {"API_MAX_BODY_BYTES": "many"},
        {"API_MAX_IN_FLIGHT_BYTES": "1000"},
        {"API_MAX_OPEN_REQUEST_BYTES": "1000"},
        {"API_REJECTS": "perhaps"},
        {"API_MAX_RECORD": "5"},
    ],
)
def test_what_cannot_be_used_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(environ))):
        read_settings(environ)


def test_names_that_are_not_near_are_somebody_elses() -> None:
    assert read_settings({"API_PORT": "tcp://10.0.0.1:80", "API_KEY": "x", "API_MAX_RECORD": ""}) == read_settings({})


def use(environ: dict[str, str]) -> None:
    """As a start does, as far as settings are concerned."""
    settings = read_settings(environ)
    choose_contracts(settings, CONTRACTS)
    read_api_keys(settings.keys_file)


def test_every_setting_is_documented_and_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
    for name in VARIABLES:
        assert f"| `{name}` |" in page
        with pytest.raises((ConfigError, UnknownContract), match=name):
            use({name: "?"})


def test_contracts_can_be_chosen() -> None:
    assert [contract.name for contract in choose_contracts(Settings(), CONTRACTS)] == ["user_action"]
    for name in ("nothing", "activity_count"):
        with pytest.raises(UnknownContract, match=f"{name}.*take events are: user_action"):
            choose_contracts(Settings(contracts=(name,)), CONTRACTS)


def test_a_server_gets_one_sentence_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_MAX_RECORDS", "none")
    with pytest.raises(SystemExit, match=r"^error: API_MAX_RECORDS="):
        _ = producer_api.app.app
    monkeypatch.setenv("API_MAX_RECORDS", "")
    monkeypatch.setenv("WRITER_VERSION", "9")
    with pytest.raises(SystemExit, match=r"has no version 9; its versions are 1, 2"):
        _ = producer_api.app.app
    with pytest.raises(AttributeError):
        _ = producer_api.app.other


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_CORS_ORIGINS", "shop.example"),
        ("API_CORS_ORIGINS", "https://shop.example/"),
        ("API_CORS_ORIGINS", "https://shop.example, "),
        ("API_CLIENT_EVENTS_PER_S", "-1"),
        ("API_CLOUDEVENTS", "binary"),
        ("API_MAX_HEADER_BYTES", "10"),
        ("API_HEADER_TIMEOUT_S", "soon"),
    ],
)
def test_what_the_guard_is_told_is_checked_at_the_start(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read_settings({name: value})


def test_the_guard_is_off_unless_it_is_set() -> None:
    settings = read_settings({})
    assert (settings.keys_file, settings.client_events_per_s, settings.cors_origins) == ("", 0.0, ())
    assert not settings.cloudevents
    given = read_settings(
        {"API_CORS_ORIGINS": "https://a.example, http://b.example:8080", "API_HEADER_TIMEOUT_S": "2.5"}
    )
    assert given.cors_origins == ("https://a.example", "http://b.example:8080")
    assert given.head == (65_536, 2.5)
