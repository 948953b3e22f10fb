"""`/schemas` (by id, and all of them), `/contexts`, and the few routes about the registry itself."""

from starlette.requests import Request
from starlette.responses import Response

from codegen.nodes import Json
from tools.registry.catalog import Shown
from tools.registry.http import (
    answer,
    catalog_of,
    flag,
    integer,
    page,
    parameter,
    raw_answer,
    read_json,
    registry_of,
    segment,
    shown,
)
from tools.registry.model import Version
from tools.registry.routing import Routes

router = Routes()

_API_VERSION = "8.0.0"  # the release of Confluent Schema Registry whose answers these are


@router.get("/")
def root(request: Request) -> Response:
    return answer(request, {})


@router.post("/")
async def post_root(request: Request) -> Response:
    await read_json(request, "post.arg0")
    return answer(request, {})


@router.get("/v1/metadata/id")
def cluster_id(request: Request) -> Response:
    clusters: dict[str, Json] = {"kafka-cluster": "embedded", "schema-registry-cluster": "schema-registry"}
    return answer(request, {"id": "", "scope": {"path": [], "clusters": clusters}})


@router.get("/v1/metadata/version")
def server_version(request: Request) -> Response:
    import importlib.metadata  # slow, and hardly ever asked for

    build = f"schema-pipeline-{importlib.metadata.version('schema-pipeline')}"
    return answer(request, {"version": _API_VERSION, "commitId": build})


@router.get("/contexts")
def list_contexts(request: Request) -> Response:
    return answer(request, ["."])


@router.get("/schemas")
def list_schemas(request: Request) -> Response:
    catalog = catalog_of(request)
    versions = catalog.schemas(
        parameter(request, "subjectPrefix") or "",
        Shown.ALL if flag(request, "deleted") else Shown.LIVE,
        page(request),
        latest_only=flag(request, "latestOnly"),
        rule_type=parameter(request, "ruleType") or "",
    )
    aliases = catalog.aliases() if flag(request, "aliases") else {}
    return answer(request, [_with_aliases(version, aliases) for version in versions])


def _with_aliases(version: Version, aliases: dict[str, list[str]]) -> Json:
    names = aliases.get(version.subject)
    return version.to_json() | ({"aliases": [*names]} if names else {})


@router.get("/schemas/types")
def list_types(request: Request) -> Response:
    return answer(request, ["AVRO"])


@router.get("/schemas/ids/{schema_id}")
def read_schema(request: Request) -> Response:
    subject = _subject(request)
    found = catalog_of(request).schema(_schema_id(request), subject)
    result = found.to_schema_json(with_subject=subject is not None)
    if flag(request, "fetchMaxId"):
        result["maxId"] = catalog_of(request).max_schema_id()
    return answer(request, result)


@router.get("/schemas/ids/{schema_id}/schema")
def read_schema_text(request: Request) -> Response:
    return raw_answer(request, catalog_of(request).schema(_schema_id(request), _subject(request)).content.text)


@router.get("/schemas/ids/{schema_id}/subjects")
def subjects_of_schema(request: Request) -> Response:
    versions = catalog_of(request).users(_schema_id(request), shown(request))
    return answer(request, [*dict.fromkeys(version.subject for version in versions)])


@router.get("/schemas/ids/{schema_id}/versions")
def versions_of_schema(request: Request) -> Response:
    versions = catalog_of(request).users(_schema_id(request), shown(request))
    return answer(request, [{"subject": version.subject, "version": version.number} for version in versions])


@router.get("/schemas/guids/{guid}")
def read_schema_of_guid(request: Request) -> Response:
    found = catalog_of(request).schema_of_guid(segment(request, "guid"))
    return answer(request, found.to_schema_json(with_subject=False))


def _schema_id(request: Request) -> int:
    return integer(segment(request, "schema_id"))


def _subject(request: Request) -> str | None:
    subject = parameter(request, "subject")
    return registry_of(request).resolve_alias(subject) if subject else None
