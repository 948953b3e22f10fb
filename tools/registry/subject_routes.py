"""`/subjects` and `/compatibility`: register, look up, list, delete, test."""

from starlette.requests import Request
from starlette.responses import Response

from codegen.nodes import Json
from tools.registry.checks import Verdict
from tools.registry.errors import RegistryError
from tools.registry.http import (
    answer,
    caller_of,
    catalog_of,
    flag,
    in_thread,
    new_subject_of,
    page,
    parameter,
    raw_answer,
    read_json,
    registry_of,
    segment,
    shown,
    subject_of,
)
from tools.registry.requests import schema_request
from tools.registry.routing import Routes

router = Routes()


@router.get("/subjects")
def list_subjects(request: Request) -> Response:
    prefix = parameter(request, "subjectPrefix") or ""
    return answer(request, [*catalog_of(request).subjects(prefix, shown(request), page(request))])


@router.post("/subjects/{subject}")
async def look_up(request: Request) -> Response:
    body = await read_json(request, "lookUpSchemaUnderSubject.arg5")

    def work() -> Response:
        subject = subject_of(request, through_alias=True)
        normalize, deleted = flag(request, "normalize"), flag(request, "deleted")
        found = registry_of(request).look_up(subject, schema_request(body), normalize=normalize, deleted=deleted)
        return answer(request, found.to_found_json())

    return await in_thread(work)


@router.delete("/subjects/{subject}")
def delete_subject(request: Request) -> Response:
    subject = subject_of(request, through_alias=True)
    permanent = flag(request, "permanent")
    numbers = registry_of(request).delete_subject(subject, caller_of(request), permanent=permanent)
    return answer(request, [*numbers])


@router.get("/subjects/{subject}/metadata")
def latest_with_metadata(request: Request) -> Response:
    keys, values = request.query_params.getlist("key"), request.query_params.getlist("value")
    wanted = dict(zip(keys, values, strict=False))
    subject = subject_of(request, through_alias=True)
    found = catalog_of(request).latest_with_metadata(subject, wanted, deleted=flag(request, "deleted"))
    return answer(request, found.to_json())


@router.get("/subjects/{subject}/versions")
def list_versions(request: Request) -> Response:
    subject = subject_of(request, through_alias=True)
    return answer(request, [*catalog_of(request).version_numbers(subject, shown(request), page(request))])


@router.post("/subjects/{subject}/versions")
async def register(request: Request) -> Response:
    body = await read_json(request, "register.arg5")

    def work() -> Response:
        subject = new_subject_of(request, through_alias=True)
        normalize = flag(request, "normalize")
        version = registry_of(request).register(subject, schema_request(body), caller_of(request), normalize=normalize)
        return answer(request, version.to_registered_json())

    return await in_thread(work)


@router.get("/subjects/{subject}/versions/{version}")
def read_version(request: Request) -> Response:
    subject = subject_of(request, through_alias=True)
    found = catalog_of(request).version(subject, segment(request, "version"), deleted=flag(request, "deleted"))
    return answer(request, found.to_json())


@router.get("/subjects/{subject}/versions/{version}/schema")
def read_version_schema(request: Request) -> Response:
    subject = subject_of(request, through_alias=True)
    found = catalog_of(request).version(subject, segment(request, "version"), deleted=flag(request, "deleted"))
    return raw_answer(request, found.content.text)


@router.get("/subjects/{subject}/versions/{version}/referencedby")
def referenced_by(request: Request) -> Response:
    subject = subject_of(request, through_alias=True)
    return answer(request, [*catalog_of(request).referenced_by(subject, segment(request, "version"))])


@router.delete("/subjects/{subject}/versions/{version}")
def delete_version(request: Request) -> Response:
    subject = subject_of(request, through_alias=True)
    version, permanent = segment(request, "version"), flag(request, "permanent")
    return answer(
        request, registry_of(request).delete_version(subject, version, caller_of(request), permanent=permanent)
    )


@router.post("/compatibility/subjects/{subject}/versions/{version}")
async def test_version(request: Request) -> Response:
    body = await read_json(request, "testCompatibilityBySubjectName.arg4")
    return await in_thread(lambda: _test(request, body, segment(request, "version")))


@router.post("/compatibility/subjects/{subject}/versions")
async def test_subject(request: Request) -> Response:
    body = await read_json(request, "testCompatibilityForSubject.arg3")
    return await in_thread(lambda: _test(request, body, None))


def _test(request: Request, body: Json, version: str | None) -> Response:
    """With `verbose`, a schema that is illegal is an answer, no error."""
    subject, verbose = subject_of(request, through_alias=True), flag(request, "verbose")
    try:
        verdict = registry_of(request).test_compatibility(
            subject, version, schema_request(body), normalize=flag(request, "normalize")
        )
    except RegistryError as error:
        if not verbose or error.error_code != 42201:
            raise
        verdict = Verdict((error.message,), error.findings)
    result: dict[str, Json] = {"is_compatible": verdict.compatible}
    if verbose:
        result["messages"] = [*verdict.messages]
    if flag(request, "findings"):
        result["findings"] = [dict(finding) for finding in verdict.findings]
    return answer(request, result)
