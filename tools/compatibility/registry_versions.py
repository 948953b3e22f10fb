"""The versions that a schema registry holds of a subject, by its REST API and nothing but the standard library.

Source of the routes: Confluent Schema Registry API, "Subjects". The gate must stay light, so confluent-kafka's client
is not for it; the settings are that client's own, from `tools.config`.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

from tools.errors import UserError

_NOT_FOUND: Final = 404


class RegistryUnreadable(UserError):
    """The registry cannot be asked, or gives no answer that makes sense."""


class RegistryReader:
    """Asks the registry of `conf`, the properties of a `SchemaRegistryClient`."""

    def __init__(self, conf: Mapping[str, Any]) -> None:
        self._urls = [url.strip().rstrip("/") for url in str(conf["url"]).split(",")]
        self._timeout_s = float(conf.get("timeout", 10))
        self._headers = {"Accept": "application/vnd.schemaregistry.v1+json, application/json", **_sign_in(conf)}
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=_tls(conf))]
        if conf.get("proxy"):
            handlers.append(urllib.request.ProxyHandler({"http": conf["proxy"], "https": conf["proxy"]}))
        self._opener = urllib.request.build_opener(*handlers)

    @property
    def name(self) -> str:
        """The URLs without what signs in."""
        return ", ".join(re.sub(r"//[^/@]*@", "//", url) for url in self._urls)

    def versions(self, subject: str) -> dict[int, str]:
        """The schema of each version of `subject`; empty for an unknown one. Raises RegistryUnreadable."""
        path = f"/subjects/{urllib.parse.quote(subject, safe='')}/versions"
        numbers = self._ask(path)
        if numbers is None:
            return {}
        if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
            raise self._no_registry(path)
        return {number: self._schema(f"{path}/{number}") for number in numbers}

    def _schema(self, path: str) -> str:
        answer = self._ask(path)
        if not isinstance(answer, dict) or not isinstance(answer.get("schema"), str):
            raise self._no_registry(path)
        return str(answer["schema"])

    def _no_registry(self, path: str) -> RegistryUnreadable:
        return RegistryUnreadable(f"{self.name} answers {path} as no schema registry does; is the URL right?")

    def _ask(self, path: str) -> Any:
        """The JSON of an answer, or None for "there is no such thing"; each URL is tried until one answers."""
        reason = ""
        for url in self._urls:
            try:
                return self._ask_one(url, path)
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", "")) or str(error) or type(error).__name__
            except ValueError:
                raise self._no_registry(path) from None
        raise RegistryUnreadable(f"no answer from the schema registry at {self.name} ({reason}); is it running?")

    def _ask_one(self, url: str, path: str) -> Any:
        signed, bare = _user_of(url)
        request = urllib.request.Request(bare + path, headers={**self._headers, **signed})  # noqa: S310 - http or https
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                said = _registry_error(error.read())
                if error.code == _NOT_FOUND and said is not None:
                    return None
                what = f": {said}" if said else ""
                raise RegistryUnreadable(
                    f"the schema registry at {self.name} answered {error.code} to {path}{what}"
                ) from None


def _registry_error(body: bytes) -> str | None:
    """The message of an error in the registry's own form, or None for somebody else's page."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return str(answer.get("message", "")) if isinstance(answer, dict) and "error_code" in answer else None


def _user_of(url: str) -> tuple[dict[str, str], str]:
    """The sign-in that stands in a URL as a header, and the URL without it."""
    match = re.match(r"(https?://)([^/@]*)@(.*)", url)
    if match is None:
        return {}, url
    return _basic(urllib.parse.unquote(match.group(2))), match.group(1) + match.group(3)


def _basic(user_and_password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(user_and_password.encode()).decode()}"}


def _sign_in(conf: Mapping[str, Any]) -> dict[str, str]:
    if conf.get("basic.auth.user.info"):
        return _basic(str(conf["basic.auth.user.info"]))
    source = conf.get("bearer.auth.credentials.source")
    if source == "STATIC_TOKEN":
        headers = {"Authorization": f"Bearer {conf.get('bearer.auth.token', '')}"}
        for name, header in (
            ("logical.cluster", "target-sr-cluster"),
            ("identity.pool.id", "Confluent-Identity-Pool-Id"),
        ):
            if conf.get(f"bearer.auth.{name}"):
                headers[header] = str(conf[f"bearer.auth.{name}"])
        return headers
    if source is not None:
        raise RegistryUnreadable(
            f"the gate cannot sign in to the schema registry by {source}: "
            "compare with git:REF, or set SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE=STATIC_TOKEN and a token"
        )
    return {}


def _tls(conf: Mapping[str, Any]) -> ssl.SSLContext:
    authorities = conf.get("ssl.ca.location")
    try:
        context = ssl.create_default_context(cafile=authorities or None)
        if authorities is False:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if conf.get("ssl.certificate.location"):
            context.load_cert_chain(
                conf["ssl.certificate.location"], conf.get("ssl.key.location"), conf.get("ssl.key.password")
            )
    except (OSError, ssl.SSLError) as error:
        raise RegistryUnreadable(f"the certificates of SCHEMA_REGISTRY_SSL_… cannot be used: {error}") from None
    return context
