"""A running registry over HTTP, of any make that speaks Confluent's REST API: requests, with sentences for failures."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from codegen.nodes import Json
from tools.errors import UserError
from tools.registry.model import JsonObject

_TIMEOUT_S: Final = 30.0
_DISTRUST: Final = "; give the certificate of its authority with --tls-ca"
_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
NOT_FOUND: Final = 404


class RemoteError(UserError):
    """The other registry answered with an error."""

    def __init__(self, where: str, status: int, answer: Json) -> None:
        told = answer.get("message") if isinstance(answer, dict) else None
        super().__init__(f"the registry answered {where} with {status} {told or answer or ''}".rstrip())
        self.status = status
        self.told = str(told or status)


@dataclass(frozen=True)
class Remote:
    """`url` may hold `user:password@` and a path; `reason` goes into the other side's audit log, if it has one.

    `tls_ca` is a PEM file with the authority of its certificate, besides those that the machine trusts.
    """

    url: str
    reason: str | None = None
    tls_ca: str | None = None
    _context: ssl.SSLContext | None = field(default=None, init=False, repr=False, compare=False)
    _headers: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _secrets: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"{self.url} is no URL of a registry; it begins with http:// or https://")
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._secrets["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        if self.reason is not None:
            self._headers["X-Change-Reason"] = quote(self.reason, safe=" -_.,:;#/()")
        if parts.scheme == "https":
            object.__setattr__(self, "_context", _trusting(self.tls_ca))
        host = parts.netloc.rpartition("@")[2]
        object.__setattr__(self, "url", urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")))

    def get(self, path: str) -> Json:
        return self._ask("GET", path, None)

    def find(self, path: str) -> Json:
        """As `get`, with None for what is not there."""
        try:
            return self.get(path)
        except RemoteError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def put(self, path: str, body: JsonObject) -> Json:
        return self._ask("PUT", path, body)

    def post(self, path: str, body: JsonObject) -> Json:
        return self._ask("POST", path, body)

    def delete(self, path: str) -> Json:
        return self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: JsonObject | None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": f"{_MEDIA_TYPE}, application/json;q=0.9", "Content-Type": _MEDIA_TYPE, **self._headers}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - checked above
        for name, value in self._secrets.items():
            request.add_unredirected_header(name, value)  # to this host, and to none that it sends us to
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=self._context) as response:  # noqa: S310 - checked above
                text = response.read()
                answer: Json = json.loads(text) if text else None  # 204, of Apicurio for a mode that it does not have
                return answer
        except HTTPError as error:
            with error:
                raise RemoteError(f"{method} {path}", error.code, _body(error.read())) from error
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            hint = _DISTRUST if isinstance(reason, ssl.SSLCertVerificationError) else ""
            raise UserError(f"the registry at {self.url} cannot be reached ({reason}){hint}") from error
        except ValueError as error:
            raise UserError(f"what answers at {self.url}{path} is no schema registry: it sends no JSON") from error


def _trusting(file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if file is not None:
        try:
            context.load_verify_locations(file)
        except OSError as error:  # ssl.SSLError is one
            raise UserError(f"{file} cannot be used as --tls-ca ({error}); it is a PEM file of certificates") from error
    return context


def _body(text: bytes) -> Json:
    try:
        answer: Json = json.loads(text)
    except ValueError:
        return text[:200].decode(errors="replace")
    return answer


def segment(name: str) -> str:
    return quote(name, safe="")
