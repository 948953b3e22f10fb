"""The API over TLS, by uvicorn's options, with an API key."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer_api.api_keys import add_api_key


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return cert, key


def test_events_and_keys_over_tls(
    serve_api: Callable[..., Any], certificate: tuple[str, str], event: dict[str, Any], tmp_path: Path
) -> None:
    cert, private = certificate
    key = add_api_key(tmp_path / "keys.toml", "shop")
    options = {"ssl_certfile": cert, "ssl_keyfile": private}
    api = serve_api(options, keys_file=str(tmp_path / "keys.toml"))
    url = f"https://127.0.0.1:{api.port}/events"
    with httpx.Client(verify=ssl.create_default_context(cafile=cert)) as client:
        assert client.post(url, json=event).status_code == 401
        assert client.post(url, json=event, headers={"authorization": f"Bearer {key}"}).status_code == 202
    with httpx.Client() as stranger, pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
        stranger.post(url, content=json.dumps(event))
    assert api.exchange(b"POST /events HTTP/1.1\r\n\r\n").startswith(b"HTTP") is False
