"""API keys: made here, kept as hashes in a TOML file, and found again by what an `Authorization` header says.

A key is `NAME.SECRET`; its secret has 256 random bits, which nobody guesses however fast the hash, so SHA-256 is
enough, and a slow hash would only make refusals expensive. The name finds the hash, and is no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tools.config import ConfigError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SECRET_BYTES: Final = 32
_ENTRY_KEYS: Final = {"sha256", "contracts", "events_per_s"}


class ApiKey(NamedTuple):
    """Who has a key and what it opens: `contracts` None means all, `events_per_s` 0 means without end."""

    name: str
    digest: bytes
    contracts: frozenset[str] | None = None
    events_per_s: float = 0.0


class ApiKeys:
    """All keys of one process, by name."""

    def __init__(self, keys: Mapping[str, ApiKey]) -> None:
        self._keys = {name.encode(): key for name, key in keys.items()}
        # A name that nobody has is compared too, so that the time of an answer does not tell the names.
        self._nobody = ApiKey("", secrets.token_bytes(hashlib.sha256().digest_size))

    def __iter__(self) -> Any:
        return iter(self._keys.values())

    def find(self, authorization: bytes | None) -> ApiKey | None:
        """The key of an `Authorization: Bearer …` header (RFC 6750, section 2.1), compared in constant time."""
        scheme, _, token = (authorization or b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = token.strip()
        known = self._keys.get(token.partition(b".")[0])
        fits = hmac.compare_digest(hashlib.sha256(token).digest(), (known or self._nobody).digest)
        return known if fits else None


def read_api_keys(file: str) -> ApiKeys:
    """The keys of a TOML file, a table each. Raises ConfigError, which never shows what stands in the file."""
    try:
        tables = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"API_KEYS_FILE: {file} cannot be read ({error.strerror}); make it readable") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"API_KEYS_FILE: {file} is no TOML ({type(error).__name__}); correct it") from None
    if not tables:
        raise ConfigError(f"API_KEYS_FILE: {file} has no key: `pipeline api-key new NAME` makes one")
    return ApiKeys({name: _read_key(file, name, table) for name, table in tables.items()})


def _read_key(file: str, name: str, table: Any) -> ApiKey:
    where = f"API_KEYS_FILE: {file}, [{name[:63]}]"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: a name has lower-case letters, digits and hyphens")
    if not isinstance(table, dict) or table.keys() - _ENTRY_KEYS or not _DIGEST.fullmatch(str(table.get("sha256"))):
        raise ConfigError(
            f"{where}: a key is a table with sha256 (64 hexadecimal digits), and optionally contracts and events_per_s"
        )
    contracts, rate = table.get("contracts"), table.get("events_per_s", 0)
    if contracts is not None and not (isinstance(contracts, list) and all(isinstance(one, str) for one in contracts)):
        raise ConfigError(f'{where}: contracts is a list of names, such as ["user_action"]')
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1e12:
        raise ConfigError(f"{where}: events_per_s is a number, or 0 for no quota")
    allowed = None if contracts is None else frozenset(contracts)
    return ApiKey(name, bytes.fromhex(table["sha256"]), allowed, float(rate))


def make_api_key(name: str) -> str:
    """A new key. Raises ConfigError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of a key: use lower-case letters, digits and hyphens, 63 at most")
    return f"{name}.{secrets.token_urlsafe(_SECRET_BYTES)}"


def add_api_key(file: Path, name: str, contracts: tuple[str, ...] = (), events_per_s: float = 0.0) -> str:
    """A new key, whose hash is added to `file`; the key itself is kept nowhere. Raises ConfigError."""
    key = make_api_key(name)
    if file.exists() and file.stat().st_size:
        known = read_api_keys(str(file))
        if any(entry.name == name for entry in known):
            raise ConfigError(f"{file} has a key named {name}: choose another name, or remove that table first")
    lines = [f"[{name}]", f'sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"']
    if contracts:
        lines.append(f"contracts = [{', '.join(_quoted(one) for one in contracts)}]")
    if events_per_s:
        lines.append(f"events_per_s = {events_per_s:g}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("a", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n\n")
    return key


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ConfigError(f"{name!r} is no name of a contract")
    return f'"{name}"'
