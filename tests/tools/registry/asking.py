"""Questions to a registry over HTTP, as any client asks them."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError


def ask(url: str, body: Any = None, method: str | None = None) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def register(url: str, subject: str, schema: Any) -> tuple[int, Any]:
    return ask(f"{url}/subjects/{subject}/versions", {"schema": json.dumps(schema)})


def fixed(name: str) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": 1}
