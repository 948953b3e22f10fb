"""Who may come in, and how often: one gate before everything else, put together at the start from the settings.

Where nothing of it is set there is no gate, and a request costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from starlette.middleware.cors import CORSMiddleware

from producer_api.allowances import Allowance, ClientAllowances
from producer_api.api_keys import ApiKey, ApiKeys, read_api_keys
from producer_api.errors import FORBIDDEN, TOO_MANY, UNAUTHORIZED, Refusal
from producer_api.routes import ALLOWANCES, send_answer
from tools.config import ConfigError

if TYPE_CHECKING:
    from prometheus_client import Counter
    from starlette.types import ASGIApp, Receive, Scope, Send

    from producer_api.settings import Settings

# Probes carry no key, and must not be refused for their number.
_OPEN_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready"})
_CHALLENGE: Final = 'Bearer realm="events"'


def make_entrance(
    app: ASGIApp,
    settings: Settings,
    contracts: Mapping[str, str],
    refused: Counter,
    clock: Callable[[], float] = monotonic,
) -> ASGIApp:
    """`app` behind what the settings ask for; `contracts` are names by path. Raises ConfigError."""
    keys = read_api_keys(settings.keys_file) if settings.keys_file else None
    if keys is not None:
        _check_contracts(keys, contracts)
    clients = ClientAllowances(settings.client_events_per_s, clock) if settings.client_events_per_s else None
    if keys is not None or clients is not None:
        app = Guard(app, keys, clients, contracts, refused, clock)
    if settings.cors_origins:
        # Outermost: a preflight carries no key, and a page may read why it was refused.
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["retry-after", "www-authenticate"],
        )
    return app


def _check_contracts(keys: ApiKeys, contracts: Mapping[str, str]) -> None:
    known = set(contracts.values())
    for key in keys:
        for name in sorted((key.contracts or set()) - known):
            raise ConfigError(
                f"API_KEYS_FILE: the key {key.name} names the contract {name!r}; those that take events here are: "
                f"{', '.join(sorted(known)) or 'none'}"
            )


class Guard:
    """An ASGI application before another one: refuses with 401, 403 or 429, and counts."""

    def __init__(
        self,
        app: ASGIApp,
        keys: ApiKeys | None,
        clients: ClientAllowances | None,
        contracts: Mapping[str, str],
        refused: Counter,
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._keys = keys
        self._clients = clients
        self._contracts = contracts
        self._refused = refused
        self._clock = clock
        self._quotas = {key.name: Allowance(key.events_per_s, clock()) for key in keys or () if key.events_per_s}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if path not in _OPEN_PATHS:
                try:
                    scope[ALLOWANCES] = self._admit(scope, path)
                except Refusal as refusal:
                    self._refused.labels(self._contracts.get(path, ""), refusal.reason).inc()
                    await send_answer(refusal.answer(), send)
                    return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope, path: str) -> list[Allowance]:
        """The allowances that this request pays from. Raises Refusal."""
        allowances: list[Allowance] = []
        if self._clients is not None:
            # A request without a client came over a Unix socket: all of those are one client, its proxy.
            client = scope.get("client")
            allowances.append(self._enter(self._clients.of(client[0] if client else ""), "client_rate", "this client"))
        if self._keys is not None:
            key = self._identify(scope, self._keys)
            self._authorize(key, scope["method"], path)
            quota = self._quotas.get(key.name)
            if quota is not None:
                allowances.append(self._enter(quota, "quota", "this API key"))
        return allowances

    def _enter(self, allowance: Allowance, reason: str, who: str) -> Allowance:
        wait_s = allowance.wait_s(self._clock())
        if wait_s:
            detail = f"{who} has sent as many events as it may; try again in {wait_s} s"
            raise Refusal(TOO_MANY, reason, detail, {"retry-after": str(wait_s)})
        allowance.pay(1)
        return allowance

    @staticmethod
    def _identify(scope: Scope, keys: ApiKeys) -> ApiKey:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        key = keys.find(given[0]) if len(given) == 1 else None
        if key is not None:
            return key
        if not given:
            raise _unauthorized("an API key is needed: send it as Authorization: Bearer KEY", _CHALLENGE)
        # RFC 6750, section 3.1: what was sent is told to be wrong, and not in what.
        raise _unauthorized("the API key is not valid here", f'{_CHALLENGE}, error="invalid_token"')

    def _authorize(self, key: ApiKey, method: str, path: str) -> None:
        if key.contracts is None or method != "POST" or self._contracts.get(path) in key.contracts:
            return
        challenge = f'{_CHALLENGE}, error="insufficient_scope"'
        detail = "the API key does not open this path"
        raise Refusal(FORBIDDEN, "forbidden", detail, {"www-authenticate": challenge})


def _unauthorized(detail: str, challenge: str) -> Refusal:
    return Refusal(UNAUTHORIZED, "unauthorized", detail, {"www-authenticate": challenge})


def is_guarded(settings: Settings) -> bool:
    """Whether the settings ask for a gate at all."""
    return bool(settings.keys_file or settings.client_events_per_s or settings.cors_origins)


def describe_guard(settings: Settings) -> dict[str, Any]:
    """What a route's OpenAPI operation says besides: its answers, and that it wants a key."""
    described: dict[str, Any] = {"problems": {}}
    if settings.keys_file:
        described["security"] = [{"apiKey": []}]
        described["problems"]["401"] = "No API key, or none that is valid."
        described["problems"]["403"] = "The API key does not open this path."
    if settings.keys_file or settings.client_events_per_s:
        described["problems"]["429"] = "Too many events; Retry-After says when to go on."
    return described
