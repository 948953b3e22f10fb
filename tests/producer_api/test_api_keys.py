"""API keys: made, kept as hashes, found again; files that are none."""

from __future__ import annotations

import hashlib
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from producer_api.api_keys import add_api_key, make_api_key, read_api_keys
from tools.cli import pipeline
from tools.config import ConfigError

HASH = hashlib.sha256(b"x").hexdigest()


def bearer(key: str) -> bytes:
    return f"Bearer {key}".encode()


def test_a_key_is_found_by_what_it_was_made_for(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "api.toml"
    shop = add_api_key(file, "shop", ("user_action",), 12.5)
    other = add_api_key(file, "other-1")
    keys = read_api_keys(str(file))
    found = keys.find(bearer(shop))
    assert found is not None
    assert (found.name, found.contracts, found.events_per_s) == ("shop", {"user_action"}, 12.5)
    unbounded = keys.find(b"bearer  " + other.encode())
    assert unbounded is not None
    assert (unbounded.name, unbounded.contracts, unbounded.events_per_s) == ("other-1", None, 0.0)


def test_the_file_has_the_hash_alone_and_is_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    key = add_api_key(file, "shop")
    text = file.read_text()
    assert key not in text
    assert key.partition(".")[2] not in text
    assert tomllib.loads(text)["shop"]["sha256"] == hashlib.sha256(key.encode()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_are_long_and_never_the_same() -> None:
    keys = {make_api_key("shop") for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key.partition(".")[2]) >= 43 for key in keys)  # 32 bytes in base64


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic c2hvcDp4",
        b"Bearer shop",
        b"Bearer shop.",
        b"Bearer .x",
        b"Bearer \xff",
    ],
)
def test_anything_else_finds_nobody(tmp_path: Path, header: bytes | None) -> None:
    key = add_api_key(tmp_path / "api.toml", "shop")
    keys = read_api_keys(str(tmp_path / "api.toml"))
    assert keys.find(header) is None
    assert keys.find(bearer(key[:-1])) is None
    assert keys.find(bearer(key.replace("shop", "shops"))) is None
    assert keys.find(key.encode()) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no key"),
        ("[shop", "is no TOML"),
        ('shop = "secret"', "a key is a table with sha256"),
        ('[shop]\nsha256 = "abc"', "a key is a table with sha256"),
        (f'[shop]\nsha256 = "{HASH}"\nquota = 1', "a key is a table with sha256"),
        (f'[shop]\nsha256 = "{HASH}"\ncontracts = "user_action"', "contracts is a list"),
        (f'[shop]\nsha256 = "{HASH}"\nevents_per_s = -1', "events_per_s is a number"),
        (f'[shop]\nsha256 = "{HASH}"\nevents_per_s = true', "events_per_s is a number"),
        (f'["Shop 1"]\nsha256 = "{HASH}"', "lower-case letters"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "api.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read_api_keys(str(file))
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_api_keys(str(tmp_path / "none.toml"))


def test_the_command_prints_the_key_alone_and_says_the_rest_beside(tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    made = CliRunner().invoke(pipeline, ["api-key", "new", "shop", "--file", str(file)], standalone_mode=False)
    assert made.stdout.strip().startswith("shop.")
    assert str(file) in made.stderr
    assert read_api_keys(str(file)).find(bearer(made.stdout.strip())) is not None
    again = CliRunner().invoke(pipeline, ["api-key", "new", "shop", "--file", str(file)], standalone_mode=False)
    assert isinstance(again.exception, ConfigError)
    for bad in ("Shop", "a.b", "", "-a"):
        refused = CliRunner().invoke(
            pipeline, ["api-key", "new", "--file", str(file), "--", bad], standalone_mode=False
        )
        assert isinstance(refused.exception, ConfigError)
    with pytest.raises(ConfigError, match="no name of a contract"):
        add_api_key(file, "next", ('x"]',))
