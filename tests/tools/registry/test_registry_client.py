"""Confluent's own Python client and serializers, unchanged, against a running registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Metadata,
    MetadataProperties,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from tools.registry.server import EmbeddedRegistry

pytestmark = pytest.mark.integration

_VALUE = SerializationContext("events", MessageField.VALUE)
_DEP = {"type": "record", "name": "Dep", "namespace": "com.x", "fields": [{"name": "v", "type": "int"}]}
_HOLDER = {"type": "record", "name": "Holder", "namespace": "com.x", "fields": [{"name": "d", "type": "com.x.Dep"}]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with EmbeddedRegistry() as running:
        yield running.url


@pytest.fixture
def client(url: str) -> Iterator[SchemaRegistryClient]:
    """A client with cold caches and an empty registry behind it."""
    with SchemaRegistryClient({"url": url}) as client:
        for subject in sorted(client.get_subjects(), reverse=True):
            client.delete_subject(subject)
        yield client


def _schema(schema: Any, **rest: Any) -> Schema:
    return Schema(json.dumps(schema), "AVRO", **rest)


def test_register_read_and_look_up(client: SchemaRegistryClient, user: Any, user_age: Any) -> None:
    first = client.register_schema("a-value", _schema(user))
    full = client.register_schema_full_response("a-value", _schema(user_age))
    assert full.schema_id != first
    assert json.loads(client.get_schema(first).schema_str or "") == user
    assert client.lookup_schema("a-value", _schema(user)).schema_id == first
    assert client.get_versions("a-value")[-1] == client.get_latest_version("a-value").version == full.version
    assert client.get_version("a-value", full.version).schema_id == full.schema_id
    assert "a-value" in client.get_subjects_by_schema_id(first)
    assert client.get_schema_by_guid(full.guid or "").schema_str == client.get_schema(full.schema_id or 0).schema_str
    assert client.get_schema_types() == ["AVRO"]
    assert client.get_contexts() == ["."]
    assert client.get_subjects() == ["a-value"]


def test_errors_carry_status_code_and_message(client: SchemaRegistryClient, user: Any, user_int: Any) -> None:
    client.register_schema("b-value", _schema(user))
    with pytest.raises(SchemaRegistryError) as incompatible:
        client.register_schema("b-value", _schema(user_int))
    assert (incompatible.value.http_status_code, incompatible.value.error_code) == (409, 40901)
    with pytest.raises(SchemaRegistryError) as missing:
        client.get_latest_version("nobody")
    assert (missing.value.http_status_code, missing.value.error_code) == (404, 40401)
    with pytest.raises(SchemaRegistryError) as illegal:
        client.register_schema("b-value", Schema('{"type":"record"}', "AVRO"))
    assert (illegal.value.http_status_code, illegal.value.error_code) == (422, 42201)


def test_compatibility_and_settings(client: SchemaRegistryClient, user: Any, user_int: Any) -> None:
    client.register_schema("c-value", _schema(user))
    assert client.test_compatibility("c-value", _schema(user))
    assert not client.test_compatibility("c-value", _schema(user_int))
    assert not client.test_compatibility_all_versions("c-value", _schema(user_int))
    client.set_compatibility("c-value", "NONE")
    assert client.get_compatibility("c-value") == "NONE"
    assert client.test_compatibility("c-value", _schema(user_int))
    client.set_config("c-value", ServerConfig(ConfigCompatibilityLevel.FULL, compatibility_group="major"))
    config = client.get_config("c-value")
    assert (config.compatibility_level, config.compatibility_group) == (ConfigCompatibilityLevel.FULL, "major")
    client.delete_config("c-value")
    assert client.get_compatibility() == "BACKWARD"
    assert client.update_mode("c-value", "READONLY") == client.get_mode("c-value") == "READONLY"
    assert client.delete_mode("c-value") == "READONLY"
    assert client.get_global_mode() == "READWRITE"


def test_deletion(client: SchemaRegistryClient, user: Any, user_age: Any) -> None:
    client.register_schema("d-value", _schema(user))
    client.register_schema("d-value", _schema(user_age))
    assert client.delete_version("d-value", 1) == 1
    assert client.get_versions("d-value", deleted=True) == [1, 2]
    assert client.delete_subject("d-value") == [2]
    assert client.delete_subject("d-value", permanent=True) == [1, 2]
    assert "d-value" not in client.get_subjects(deleted=True)


def test_metadata(client: SchemaRegistryClient, user: Any) -> None:
    metadata = Metadata(None, MetadataProperties({"owner": "me"}), ["owner"])
    client.register_schema("e-value", _schema(user, metadata=metadata))
    assert client.get_latest_version("e-value").schema.metadata == metadata
    assert client.get_latest_with_metadata("e-value", {"owner": "me"}).subject == "e-value"


def test_serializers_write_and_read(client: SchemaRegistryClient, url: str, user: Any, user_age: Any) -> None:
    serializer = AvroSerializer(client, json.dumps(user))
    framed = serializer({"name": "Ada"}, _VALUE)
    schema_id = client.lookup_schema("events-value", _schema(user)).schema_id
    assert framed is not None
    assert framed[:5] == b"\0" + (schema_id or 0).to_bytes(4, "big")
    with SchemaRegistryClient({"url": url}) as cold:
        assert AvroDeserializer(cold)(framed, _VALUE) == {"name": "Ada"}
        assert AvroDeserializer(cold, json.dumps(user_age))(framed, _VALUE) == {"name": "Ada", "age": 0}


def test_serializers_of_registered_schemas(client: SchemaRegistryClient, user: Any, user_age: Any) -> None:
    client.register_schema("events-value", _schema(user))
    asked = {"auto.register.schemas": False}
    assert AvroSerializer(client, json.dumps(user, indent=2), conf=asked)({"name": "Ada"}, _VALUE)
    with pytest.raises(SchemaRegistryError, match="Schema not found"):
        AvroSerializer(client, json.dumps(user_age), conf=asked)({"name": "Ada", "age": 1}, _VALUE)
    latest = {"auto.register.schemas": False, "use.latest.version": True}
    assert AvroSerializer(client, json.dumps(user), conf=latest)({"name": "Ada"}, _VALUE)


def test_serializers_with_references(client: SchemaRegistryClient, url: str) -> None:
    client.register_schema("dep", _schema(_DEP))
    version = client.get_latest_version("dep").version
    holder = _schema(_HOLDER, references=[SchemaReference("com.x.Dep", "dep", version)])
    framed = AvroSerializer(client, holder)({"d": {"v": 1}}, _VALUE)
    assert framed is not None
    with SchemaRegistryClient({"url": url}) as cold:
        assert AvroDeserializer(cold)(framed, _VALUE) == {"d": {"v": 1}}
    assert client.get_referenced_by("dep", version or 0) == [client.get_latest_version("events-value").schema_id]
    client.delete_subject("events-value")
    client.delete_subject("dep")
