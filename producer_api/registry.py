"""The schema ids: asked of the registry at start, and again until it knows them. Nothing is registered here."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from confluent_kafka.schema_registry import RegisteredSchema, Schema, SchemaRegistryClient, SchemaRegistryError

from producer_api.serializer import Serializer

_log: Final = logging.getLogger(__name__)
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 4.0
_UNKNOWN_SCHEMA: Final = 40403


class SchemaRefused(Exception):
    """The registry answered, and its answer forbids writing. The text says why and what to do."""


class RegistryClient(Protocol):
    """The part of confluent_kafka.schema_registry.SchemaRegistryClient that is used here."""

    def lookup_schema(self, subject_name: str, schema: Schema) -> RegisteredSchema: ...
    def get_versions(self, subject_name: str) -> list[int]: ...
    def get_version(self, subject_name: str, version: Any = ...) -> RegisteredSchema: ...
    def get_config(self, subject_name: str | None = ...) -> Any: ...


def make_client(conf: Mapping[str, Any]) -> RegistryClient:
    """A client that does not retry by itself: `SchemaIds` does, without holding a thread meanwhile."""
    client: RegistryClient = SchemaRegistryClient({"timeout": 5, **conf, "max.retries": 0})
    return client


def find_schema_id(client: RegistryClient, subject: str, avsc: str) -> int:
    """The id under which `avsc` is registered in `subject`. Blocks.

    Raises SchemaRefused if it is not registered there, or if a rule set stands in the way: this API frames by hand, so
    rules (encryption among them) would be skipped. Raises whatever the client raises if the registry is away.
    """
    registered = _find_registered(client, subject, avsc)
    latest = client.get_version(subject, "latest")
    if any(_has_rules(entry.schema.rule_set) for entry in (registered, latest)):
        raise SchemaRefused(_rules_sentence(f"the subject {subject}"))
    for scope, name in ((subject, f"the config of the subject {subject}"), (None, "the registry's global config")):
        config = _read_config(client, scope)
        if config is not None and (_has_rules(config.default_rule_set) or _has_rules(config.override_rule_set)):
            raise SchemaRefused(_rules_sentence(name))
    if registered.schema_id is None:
        raise SchemaRefused(f"the registry gave no id for the schema of the subject {subject}")
    return int(registered.schema_id)


def _find_registered(client: RegistryClient, subject: str, avsc: str) -> RegisteredSchema:
    try:
        found = client.lookup_schema(subject, Schema(avsc, "AVRO"))
        # The answer to a lookup holds the schema that was asked for; its rules come with the version alone.
        return client.get_version(subject, found.version)
    except SchemaRegistryError as error:
        if error.http_status_code != 404:
            raise
        if error.error_code != _UNKNOWN_SCHEMA:
            raise SchemaRefused(
                f"the subject {subject} is not in the registry; run `pipeline schema register`"
            ) from None
    # A registry may compare metadata and rules as well; what counts here is the schema.
    wanted = json.loads(avsc)
    for version in sorted(client.get_versions(subject), reverse=True):
        candidate = client.get_version(subject, version)
        if json.loads(candidate.schema.schema_str or "null") == wanted:
            return candidate
    raise SchemaRefused(
        f"this version of the schema is not registered in the subject {subject}; run `pipeline schema register`"
    )


def _read_config(client: RegistryClient, subject: str | None) -> Any:
    """The config, or None where nothing is set."""
    try:
        return client.get_config(subject)
    except SchemaRegistryError as error:
        if error.http_status_code == 404:
            return None
        raise


def _has_rules(rule_set: Any) -> bool:
    if rule_set is None:
        return False
    return any(getattr(rule_set, kind, None) for kind in ("migration_rules", "domain_rules", "encoding_rules"))


def _rules_sentence(where: str) -> str:
    return (
        f"{where} carries a rule set, which this API would not run; remove the rules or write with Confluent's client"
    )


class SchemaIds:
    """Resolves the serializers' schema ids, as long as it takes. Belongs to one event loop."""

    def __init__(
        self,
        client: RegistryClient,
        serializers: Sequence[Serializer],
        *,
        pause: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._serializers = serializers
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    async def start(self, patience_s: float) -> None:
        """Begin, and wait `patience_s` at most for the first answers: the API starts without a registry too."""
        self._task = asyncio.create_task(self._resolve_all(), name="schema-ids")
        await asyncio.wait([self._task], timeout=patience_s)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _resolve_all(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            for serializer in self._serializers:
                if not serializer.ready:
                    await self._resolve(serializer)
            if all(serializer.ready for serializer in self._serializers):
                return
            await self._pause(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _resolve(self, serializer: Serializer) -> None:
        before = serializer.reason
        try:
            found = await asyncio.to_thread(find_schema_id, self._client, serializer.subject, serializer.avsc)
        except SchemaRefused as refusal:
            serializer.refuse(str(refusal))
        except SchemaRegistryError as error:
            serializer.refuse(f"the registry answered {error.http_status_code}: {error.error_message}")
        except Exception as error:  # noqa: BLE001 - the client lets httpx, TLS and OAuth errors through as they are
            serializer.refuse(f"the registry cannot be reached ({type(error).__name__})")
        else:
            serializer.resolve(found)
            _log.info("subject %s: version %d has schema id %d", serializer.subject, serializer.version, found)
        if serializer.reason not in ("", before):
            _log.warning("cannot write to %s yet: %s", serializer.subject, serializer.reason)
