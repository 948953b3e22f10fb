"""The answers that are no success: HTTP status, `error_code` and message, as Confluent Schema Registry 8 gives them.

Clients branch on `error_code`, people read the message; both are part of the API and therefore kept to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from codegen.nodes import Json

Finding: TypeAlias = Mapping[str, Json]

_LEVELS = "none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"


class RegistryError(Exception):
    """An answer with an error body. `findings` are told only to a client that asks for them."""

    def __init__(self, status: int, error_code: int, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message
        self.findings = tuple(findings)


def subject_not_found(subject: str) -> RegistryError:
    return RegistryError(404, 40401, f"Subject '{subject}' not found.")


def version_not_found(version: int) -> RegistryError:
    return RegistryError(404, 40402, f"Version {version} not found.")


def schema_not_found(schema_id: int | str | None = None) -> RegistryError:
    return RegistryError(404, 40403, "Schema not found" if schema_id is None else f"Schema {schema_id} not found")


def subject_soft_deleted(subject: str) -> RegistryError:
    message = f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"
    return RegistryError(404, 40404, message)


def subject_not_soft_deleted(subject: str) -> RegistryError:
    message = f"Subject '{subject}' was not deleted first before being permanently deleted"
    return RegistryError(404, 40405, message)


def version_soft_deleted(subject: str, version: str) -> RegistryError:
    message = f"Subject '{subject}' Version {version} was soft deleted.Set permanent=true to delete permanently"
    return RegistryError(404, 40406, message)


def version_not_soft_deleted(subject: str, version: int) -> RegistryError:
    message = f"Subject '{subject}' Version {version} was not deleted first before being permanently deleted"
    return RegistryError(404, 40407, message)


def config_not_found(subject: str) -> RegistryError:
    return RegistryError(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")


def mode_not_found(subject: str) -> RegistryError:
    return RegistryError(404, 40409, f"Subject '{subject}' does not have subject-level mode configured")


def incompatible(subject: str, messages: Sequence[str], findings: Sequence[Finding]) -> RegistryError:
    details = ", ".join(messages)
    message = (
        f'Schema being registered is incompatible with an earlier schema for subject "{subject}", details: [{details}]'
    )
    return RegistryError(409, 40901, message, findings)


def invalid_schema(message: str, findings: Sequence[Finding] = ()) -> RegistryError:
    return RegistryError(422, 42201, message, findings)


def invalid_version(version: str) -> RegistryError:
    message = (
        f"The specified version '{version}' is not a valid version id. "
        'Allowed values are between [1, 2^31-1] and the string "latest"'
    )
    return RegistryError(422, 42202, message)


def invalid_level() -> RegistryError:
    return RegistryError(422, 42203, f"Invalid compatibility level. Valid values are {_LEVELS}")


def invalid_mode() -> RegistryError:
    return RegistryError(422, 42204, "Invalid mode. Valid values are READWRITE, READONLY, and IMPORT.")


def operation_not_permitted(message: str) -> RegistryError:
    return RegistryError(422, 42205, message)


def reference_exists(subject: str, version: int) -> RegistryError:
    key = f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}"
    return RegistryError(422, 42206, f"One or more references exist to the schema {key}.")


def invalid_subject(subject: str) -> RegistryError:
    return RegistryError(422, 42208, f"The specified subject '{subject}' is not a valid.")


def malformed_body(reason: str) -> RegistryError:
    return RegistryError(400, 400, reason)


def empty_body(parameter: str) -> RegistryError:
    """`parameter` is the name that the original's validator gives the body, such as `register.arg5`."""
    return RegistryError(422, 422, f"{parameter} must not be null (was null)")


def http_error(status: int, reason: str) -> RegistryError:
    return RegistryError(status, status, f"HTTP {status} {reason}")


def unauthorized() -> RegistryError:
    """As release 8.1 answers: no `HTTP 401` before the message, and no code of its own."""
    return RegistryError(401, 401, "Unauthorized")


def store_failure(action: str) -> RegistryError:
    return RegistryError(500, 50001, f"Error in the backend data store while {action}")
