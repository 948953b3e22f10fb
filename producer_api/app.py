"""The application: `uvicorn producer_api.app:app`, or `create_app(settings)` for a test or another server."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException
from starlette.exceptions import HTTPException as StarletteHTTPException

from producer_api.errors import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, Answer, ProblemType, problem_answer
from producer_api.guard import describe_guard, is_guarded, make_entrance
from producer_api.health import OK
from producer_api.metrics import CONTENT_TYPE
from producer_api.openapi import SECURITY_SCHEMES, SHARED_SCHEMAS, describe_route, describe_versions
from producer_api.service import APP, Service
from producer_api.settings import Settings, read_settings
from tools.config.tracing import start_tracing

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from codegen.catalog import GeneratedContract
    from producer_api.publisher import FlushReport
    from producer_api.routes import ContractEndpoint

_log: Final = logging.getLogger(__name__)
_PROBLEMS: Final[Mapping[int, ProblemType]] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


class IngestionApp(FastAPI):
    """FastAPI, with a short way to the contracts' endpoints: its own way to a route costs more than an event does."""

    def __init__(self, service: Service, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            endpoint = self.service.endpoints.get(scope["path"])
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    @property
    def short_ways(self) -> Mapping[bytes, ContractEndpoint]:
        """Endpoints by raw path, for a server that takes plain events to them without ASGI."""
        return {path.encode(): endpoint for path, endpoint in self.service.endpoints.items()}

    def openapi(self) -> dict[str, Any]:
        """As FastAPI's, with the models of the contracts."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(SHARED_SCHEMAS)
        if self.service.settings.keys_file:
            document["components"]["securitySchemes"] = SECURITY_SCHEMES
        for contract in self.service.contracts:
            schemas.update(describe_versions(contract, self.service.shapes[contract.name]))
        return document


class GuardedApp(IngestionApp):
    """The same behind a gate, for settings that ask for one, and behind what makes spans, where tracing is on."""

    def __init__(self, service: Service, **arguments: Any) -> None:
        super().__init__(service, **arguments)
        contracts = {contract.path: contract.name for contract in service.contracts}
        entrance = make_entrance(super().__call__, service.settings, contracts, service.metrics.requests_refused)
        if service.tracing is not None:
            from producer_api.tracing import TracedEntrance

            entrance = TracedEntrance(entrance, service.tracing.get_tracer("producer_api"), contracts)
        self._entrance = entrance

    @property
    def short_ways(self) -> Mapping[bytes, ContractEndpoint]:
        """None: all go through the entrance."""
        return {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._entrance(scope, receive, send)


def create_app(settings: Settings | None = None, service: Service | None = None) -> IngestionApp:
    """The application; it connects when it starts. Raises tools.config.ConfigError for settings that cannot be used."""
    service = service or Service(settings or read_settings(), tracing=start_tracing(APP))
    make_app = GuardedApp if is_guarded(service.settings) or service.tracing is not None else IngestionApp
    app = make_app(
        service,
        title="Event ingestion",
        description="Takes events over HTTP, checks them against their contract and produces them to Kafka.",
        version="0.1.0",
        lifespan=_lifespan,
        redirect_slashes=False,
        exception_handlers={StarletteHTTPException: _answer_http_error, Exception: _answer_fault},
    )
    for contract in service.contracts:
        _add_contract(app, contract)
    _add_fixed_routes(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.service  # type: ignore[attr-defined]  # IngestionApp's, which FastAPI's type forgets
    await service.start()
    # What the start has made stays; without this the garbage collector walks through it again and again, for
    # milliseconds each time.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        report = await service.stop()
        _tell(service, report)


def _tell(service: Service, flushed: FlushReport) -> None:
    _log.info(
        "flushed: %d records delivered, %d not delivered, %d of unknown fate",
        flushed.delivered,
        flushed.undelivered,
        flushed.unknown,
    )
    if service.settings.report:
        totals = {
            "pid": os.getpid(),
            **service.metrics.report(),
            "produced": flushed.delivered,
            "undelivered": flushed.undelivered,
            "unknown": flushed.unknown,
        }
        sys.stdout.write(json.dumps({"api": totals}) + "\n")
        sys.stdout.flush()


def _add_contract(app: IngestionApp, contract: GeneratedContract) -> None:
    service = app.service

    async def take_events(request: Request) -> Response:
        """The long way to the endpoint: for a server that mounts this application below another path."""
        answer = await service.endpoints[contract.path].answer(request.scope, request.receive)
        return _response(answer)

    record = contract.model(service.pins[contract.name])
    app.add_api_route(
        contract.path,
        take_events,
        methods=["POST"],
        name=f"post_{contract.name}",
        operation_id=f"post_{contract.name}",
        summary=f"Take {record.__name__} events",
        description=record.__doc__,
        status_code=202,
        response_class=Response,
        openapi_extra=describe_route(contract, service.shapes[contract.name], describe_guard(service.settings)),
    )


def _add_fixed_routes(app: IngestionApp) -> None:
    service = app.service

    async def show_health() -> Response:
        ready, document = await service.health.describe()
        return _json(document, 200 if ready else 503)

    async def show_live() -> Response:
        return _json({"status": OK})

    async def show_ready() -> Response:
        reason = await service.health.explain()
        return _json({"status": "not ready", "reason": reason}, 503) if reason else _json({"status": OK})

    async def show_metrics() -> Response:
        return Response(service.metrics.expose(), media_type=CONTENT_TYPE)

    routes: tuple[tuple[str, Callable[..., Any], str], ...] = (
        ("/health", show_health, "Whether the broker and the registry answer"),
        ("/health/live", show_live, "Whether the process runs"),
        ("/health/ready", show_ready, "Whether events can be taken now"),
        ("/metrics", show_metrics, "Counts, for Prometheus"),
    )
    for path, show, summary in routes:
        app.add_api_route(path, show, methods=["GET"], summary=summary, response_class=Response)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """404, 405 and the like as problem documents."""
    if not isinstance(error, HTTPException | StarletteHTTPException):
        return await _answer_fault(request, error)
    problem = _PROBLEMS.get(error.status_code)
    if problem is None:
        problem = ProblemType("about:blank", str(error.detail), error.status_code)
    detail = f"{request.method} {request.url.path} is not served; GET /openapi.json lists what is"
    return _response(problem_answer(problem, detail, headers=dict(error.headers or {})))


async def _answer_fault(_request: Request, _error: Exception) -> Response:
    return _response(problem_answer(INTERNAL, "the service met a fault of its own; its log says which"))


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)


def _json(document: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status, media_type="application/json")


def __getattr__(name: str) -> Any:
    """`app` is made when a server asks for it, so that importing this module reads no environment."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _log_to_stderr()
    try:
        made = create_app()
    except ValueError as error:  # ConfigError and UnknownVersion: one sentence, no traceback
        sys.exit(f"error: {error}")
    globals()["app"] = made
    return made


def _log_to_stderr() -> None:
    """uvicorn sets up its own loggers alone; ours get a line on stderr, unless somebody has set up logging."""
    logger = logging.getLogger("producer_api")
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s: %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
