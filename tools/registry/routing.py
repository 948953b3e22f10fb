"""Routes by decorators. Starlette alone: FastAPI would double the time that the registry takes to start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_Endpoint = TypeVar("_Endpoint", bound=Callable[[Request], Response | Awaitable[Response]])


class Routes:
    """The routes of one module, in the order in which they stand there."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def get(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self._add("GET", path)

    def post(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self._add("POST", path)

    def put(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self._add("PUT", path)

    def delete(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self._add("DELETE", path)

    def _add(self, method: str, path: str) -> Callable[[_Endpoint], _Endpoint]:
        def add(endpoint: _Endpoint) -> _Endpoint:
            self.all.append(Route(path, endpoint, methods=[method]))
            return endpoint

        return add
