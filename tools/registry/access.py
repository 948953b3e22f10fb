"""Basic authentication (RFC 7617): users with hashed passwords, and the answer to everybody else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tools.errors import UserError
from tools.registry.errors import unauthorized
from tools.registry.http import answer_error

CHALLENGE: Final = 'Basic realm="SchemaRegistry-Props", charset="UTF-8"'

# OWASP's recommendation for scrypt with 16 MiB; a password is hashed once for each process and user.
_COST: Final = (2**14, 8, 5)
_MAX_MEMORY: Final = 64 * 1024 * 1024
_MOST_ROUNDS: Final = 10_000_000
_MOST_LANES: Final = 16


def hash_password(password: str) -> str:
    """`scrypt$N$r$p$salt$hash`, salt and hash in base64."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password.encode(), salt, *_COST)
    return "$".join(["scrypt", *map(str, _COST), _encode(salt), _encode(digest)])


def _scrypt(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY, dklen=32)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """`scrypt$N$r$p$salt$hash` or `pbkdf2_sha256$rounds$salt$hash`."""

    kind: str
    cost: tuple[int, ...]
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> PasswordHash:
        """Raises ValueError where it is neither."""
        kind, *cost, salt, digest = text.strip().split("$")
        parsed = cls(kind, tuple(map(int, cost)), _decode(salt), _decode(digest))
        if len(parsed.digest) != hashlib.sha256().digest_size or not parsed.computable:
            raise ValueError(text)
        return parsed

    @property
    def computable(self) -> bool:
        """Known, and within bounds: a slip of the keyboard must not take hours or gigabytes at the first request."""
        match self.kind, self.cost:
            case "scrypt", (n, r, p):
                return n > 1 and n & (n - 1) == 0 and r >= 1 and 1 <= p <= _MOST_LANES and 128 * n * r < _MAX_MEMORY
            case "pbkdf2_sha256", (rounds,):
                return 1 <= rounds <= _MOST_ROUNDS
            case _:
                return False

    def fits(self, password: bytes) -> bool:
        if self.kind == "scrypt":
            n, r, p = self.cost
            computed = _scrypt(password, self.salt, n, r, p)
        else:
            computed = hashlib.pbkdf2_hmac("sha256", password, self.salt, self.cost[0])
        return hmac.compare_digest(computed, self.digest)


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


@dataclass
class Users:
    """Who may do everything. What has been proved once is remembered, under a key of this process."""

    hashes: Mapping[str, PasswordHash]
    _proved: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @classmethod
    def of(cls, lines: Iterable[str], place: str) -> Users:
        """From lines `name:hash`; empty ones and those that begin with "#" do not count. Raises UserError."""
        hashes = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, colon, text = line.strip().partition(":")
            try:
                hashes[name] = PasswordHash.parse(text if colon and name else "")
            except ValueError as error:
                raise UserError(
                    f"{place}, line {number}: a user is name:hash; `pipeline registry user NAME` prints one"
                ) from error
        if not hashes:
            raise UserError(f"{place} names no user; nobody could use the registry")
        return cls(hashes)

    @classmethod
    def read(cls, file: str | None, given: Iterable[str] = ()) -> Users | None:
        """From a file and from options; None where neither is there: then everybody may."""
        given = list(given)
        if file is None:
            return cls.of(given, "--user") if given else None
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the users' file {file} cannot be read ({error})") from error
        return cls({**cls.of(lines, file).hashes, **(cls.of(given, "--user").hashes if given else {})})

    def name_of(self, authorization: str | None) -> str | None:
        """The user of an `Authorization` header, if the password is theirs."""
        scheme, _, credentials = (authorization or "").partition(" ")
        try:
            name, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if scheme.lower() != "basic" or not colon:
            return None
        return name if self._fits(name, password.encode()) else None

    def _fits(self, name: str, password: bytes) -> bool:
        mark = hmac.digest(self._key, password, "sha256")
        if hmac.compare_digest(self._proved.get(name, b""), mark):
            return True
        # One at a time: each hash takes 16 MiB. A name that nobody has takes as long as a wrong password.
        with self._lock:
            known = self.hashes.get(name)
            fits = (known or next(iter(self.hashes.values()))).fits(password)
        if known is None or not fits:
            return False
        self._proved[name] = mark
        return True


class BasicAuth:
    """Middleware: nobody comes in without a name, and the name goes into the audit log."""

    def __init__(self, app: ASGIApp, users: Users) -> None:
        self._app = app
        self._users = users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            header = Headers(scope=scope).get("authorization")
            name = await run_in_threadpool(self._users.name_of, header)
            if name is None:
                response = await answer_error(Request(scope), unauthorized())
                response.headers["WWW-Authenticate"] = CHALLENGE
                await response(scope, receive, send)
                return
            scope = {**scope, "registry.user": name}
        await self._app(scope, receive, send)
