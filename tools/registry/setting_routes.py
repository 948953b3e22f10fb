"""`/config` and `/mode`, for the whole registry and for a subject."""

from starlette.requests import Request
from starlette.responses import Response

from codegen.nodes import Json
from tools.registry.http import (
    answer,
    caller_of,
    flag,
    in_thread,
    new_subject_of,
    read_json,
    registry_of,
    subject_of,
)
from tools.registry.model import JsonObject
from tools.registry.requests import config_change, mode_change
from tools.registry.routing import Routes
from tools.registry.rows import GLOBAL

router = Routes()


@router.get("/config")
def read_global_config(request: Request) -> Response:
    return answer(request, registry_of(request).config(GLOBAL, default_to_global=True))


@router.put("/config")
async def change_global_config(request: Request) -> Response:
    body = await read_json(request, "updateTopLevelConfig.arg1")
    return await in_thread(lambda: _change_config(request, GLOBAL, body))


@router.delete("/config")
def delete_global_config(request: Request) -> Response:
    return answer(request, registry_of(request).delete_config(GLOBAL, caller_of(request)))


@router.get("/config/{subject}")
def read_config(request: Request) -> Response:
    to_global = flag(request, "defaultToGlobal")
    return answer(request, registry_of(request).config(subject_of(request), default_to_global=to_global))


@router.put("/config/{subject}")
async def change_config(request: Request) -> Response:
    body = await read_json(request, "updateSubjectLevelConfig.arg2")
    return await in_thread(lambda: _change_config(request, new_subject_of(request), body))


@router.delete("/config/{subject}")
def delete_config(request: Request) -> Response:
    return answer(request, registry_of(request).delete_config(subject_of(request), caller_of(request)))


def _change_config(request: Request, subject: str, body: Json) -> Response:
    """The answer names the level `compatibility`, as requests do; GET names it `compatibilityLevel`."""
    config = registry_of(request).change_config(subject, config_change(body), caller_of(request))
    result: JsonObject = {key: value for key, value in config.items() if key != "compatibilityLevel"}
    if "compatibilityLevel" in config:
        result["compatibility"] = config["compatibilityLevel"]
    return answer(request, result)


@router.get("/mode")
def read_global_mode(request: Request) -> Response:
    return answer(request, {"mode": registry_of(request).mode(GLOBAL, default_to_global=True).value})


@router.put("/mode")
async def change_global_mode(request: Request) -> Response:
    body = await read_json(request, "updateTopLevelMode.arg1")
    return await in_thread(lambda: _change_mode(request, GLOBAL, body))


@router.get("/mode/{subject}")
def read_mode(request: Request) -> Response:
    to_global = flag(request, "defaultToGlobal")
    return answer(request, {"mode": registry_of(request).mode(subject_of(request), default_to_global=to_global).value})


@router.put("/mode/{subject}")
async def change_mode(request: Request) -> Response:
    body = await read_json(request, "updateMode.arg2")
    return await in_thread(lambda: _change_mode(request, new_subject_of(request), body))


@router.delete("/mode/{subject}")
def delete_mode(request: Request) -> Response:
    return answer(request, {"mode": registry_of(request).delete_mode(subject_of(request), caller_of(request)).value})


def _change_mode(request: Request, subject: str, body: Json) -> Response:
    """The answer is the request's own spelling."""
    registry_of(request).change_mode(subject, mode_change(body), caller_of(request), force=flag(request, "force"))
    return answer(request, {"mode": body.get("mode")} if isinstance(body, dict) else {})
