"""What all routes share: paths, query parameters, bodies, media types, and the form of every answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from codegen.nodes import Json
from tools.registry import requests
from tools.registry.catalog import Catalog, Page, Shown
from tools.registry.errors import RegistryError, empty_body, http_error, invalid_subject
from tools.registry.model import Caller, java_int
from tools.registry.registry import Registry

# In the order in which the original prefers them.
MEDIA_TYPES: Final = (
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
)
_BODY_TYPES: Final = frozenset({*MEDIA_TYPES, "application/octet-stream"})
_SLASH: Final = "\ue000"  # stands for an escaped slash inside a path segment; a private character, never in a name
_DEFAULT_CONTEXT: Final = ":.:"
_CONTEXT_MARK: Final = ":."
_RESERVED_SUBJECTS: Final = frozenset({"__GLOBAL", "__EMPTY"})
_Result = TypeVar("_Result")


class PathSegments:
    """Middleware: a name may hold any character, so an escaped slash does not separate; empty segments do not count."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            segments = [unquote(part).replace("/", _SLASH) for part in raw.decode("latin-1").split("/") if part]
            scope = {**scope, "path": "/" + "/".join(segments)}
        await self._app(scope, receive, send)


def registry_of(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


def catalog_of(request: Request) -> Catalog:
    return Catalog(registry_of(request).store)


def segment(request: Request, name: str) -> str:
    text: str = request.path_params[name]
    return text.replace(_SLASH, "/")


def subject_of(request: Request, *, through_alias: bool = False) -> str:
    """The subject of the path; `:.:name` is `name` in the default context, which is the only one here."""
    subject = segment(request, "subject").removeprefix(_DEFAULT_CONTEXT)
    return registry_of(request).resolve_alias(subject) if through_alias else subject


def new_subject_of(request: Request, *, through_alias: bool = False) -> str:
    """A subject that is to be written. Raises RegistryError 42208 for one that cannot be."""
    subject = subject_of(request, through_alias=through_alias)
    has_control = any(ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F for char in subject)
    if not subject or has_control or subject in _RESERVED_SUBJECTS or subject.startswith(_CONTEXT_MARK):
        raise invalid_subject(subject)
    return subject


def flag(request: Request, name: str) -> bool:
    """A boolean query parameter, as Java reads one: "true" in any case, anything else is false."""
    values = request.query_params.getlist(name)
    return bool(values) and values[0].lower() == "true"


def parameter(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    return values[0] if values else None


def integer(text: str) -> int:
    """A 32-bit integer of a path or a query. Raises RegistryError 404, as the original does."""
    number = java_int(text)
    if number is None:
        raise http_error(404, "Not Found")
    return number


def page(request: Request) -> Page:
    offset, limit = parameter(request, "offset"), parameter(request, "limit")
    return Page(integer(offset) if offset else 0, integer(limit) if limit else -1)


def shown(request: Request) -> Shown:
    if flag(request, "deletedOnly"):
        return Shown.DELETED
    return Shown.ALL if flag(request, "deleted") else Shown.LIVE


def caller_of(request: Request) -> Caller:
    """The user, else the address; the reason may be percent-encoded, as a header holds no other letters."""
    host = request.client.host if request.client else "unknown"
    reason = request.headers.get("x-change-reason")
    return Caller(request.scope.get("registry.user") or host, unquote(reason) if reason else None)


async def read_json(request: Request, argument: str) -> Json:
    """The body as JSON. Raises RegistryError 415, 422 (empty, or null) or 400. `argument` names it in the message."""
    kind = request.headers.get("content-type")
    if kind is not None and kind.partition(";")[0].strip().lower() not in _BODY_TYPES:
        raise http_error(415, "Unsupported Media Type")
    body = await request.body()
    value = requests.read_body(body) if body.strip() else None
    if value is None:
        raise empty_body(argument)
    return value


async def in_thread(work: Callable[[], _Result]) -> _Result:
    """Run what touches the file beside the event loop."""
    return await run_in_threadpool(work)


def answer(request: Request, value: Json, status: int = 200) -> Response:
    return raw_answer(request, json.dumps(value, separators=(",", ":"), ensure_ascii=False), status)


def raw_answer(request: Request, text: str, status: int = 200) -> Response:
    return Response(text.encode(), status, media_type=_media_type(request.headers.get("accept")))


def _media_type(accept: str | None) -> str:
    """The offered type with the highest quality that the client names; ours in doubt."""
    best, best_quality = MEDIA_TYPES[0], 0.0
    wanted = [_accepted(part) for part in (accept or "*/*").split(",")]
    for offered in MEDIA_TYPES:
        fits = [quality for kind, quality in wanted if kind in (offered, "application/*", "*/*")]
        quality = max(fits, default=0.0)
        if quality > best_quality:
            best, best_quality = offered, quality
    return best


def _accepted(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0


async def answer_error(request: Request, error: Exception) -> Response:
    """Every failure has the one form `{"error_code": …, "message": …}`."""
    if isinstance(error, HTTPException):
        error = http_error(error.status_code, HTTPStatus(error.status_code).phrase)
    if not isinstance(error, RegistryError):
        error = RegistryError(500, 500, "Internal Server Error")
    body: dict[str, Json] = {"error_code": error.error_code, "message": error.message}
    if flag(request, "findings"):
        body["findings"] = [dict(finding) for finding in error.findings]
    return answer(request, body, error.status)
