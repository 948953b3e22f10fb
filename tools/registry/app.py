"""The registry as an ASGI application."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette

from tools.registry import schema_routes, setting_routes, subject_routes
from tools.registry.access import BasicAuth, Users
from tools.registry.answers import KeptAnswers
from tools.registry.errors import RegistryError
from tools.registry.http import PathSegments, answer_error
from tools.registry.registry import Registry
from tools.registry.store import MEMORY, Store

DB_VARIABLE: Final = "SCHEMA_REGISTRY_DB"


def create_app(db_path: str | Path = MEMORY, *, users: Users | None = None) -> Starlette:
    """The application on one SQLite file, which is made if it is missing; `":memory:"` keeps nothing.

    With `users`, every request needs one's name and password. The file is closed when the application's lifespan ends.
    Raises UserError where the file cannot be used.
    """
    store = Store(db_path)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        store.close()

    app = Starlette(
        routes=[route for routes in (subject_routes, schema_routes, setting_routes) for route in routes.router.all],
        lifespan=lifespan,
        exception_handlers={RegistryError: answer_error, 404: answer_error, 405: answer_error, Exception: answer_error},
    )
    app.router.redirect_slashes = False  # the original answers 404
    app.state.registry = Registry(store)
    app.add_middleware(PathSegments)
    app.add_middleware(KeptAnswers, store=store)
    if users is not None:
        app.add_middleware(BasicAuth, users=users)
    return app


def app_from_environment() -> Starlette:
    """For `uvicorn --factory tools.registry.app:app_from_environment`; the file is `SCHEMA_REGISTRY_DB`."""
    return create_app(os.environ.get(DB_VARIABLE, MEMORY))
