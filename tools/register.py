"""`pipeline schema register`: the only writer to a schema registry, behind the gate.

What the registry holds and what the files say is compared first, for all contracts; nothing is written unless it
agrees. So a second run changes nothing, and vN.avsc is always version N of its subject.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

from codegen.contract import Contract, ContractVersion, read_contracts
from codegen.reading.json_source import JsonSyntaxError, read_json_source
from tools.compatibility.as_registered import difference_to_registered
from tools.compatibility.findings import Outcome
from tools.compatibility.gate import check_project, choose_contracts
from tools.compatibility.places import whole_json
from tools.compatibility.report import write_report
from tools.errors import UserError

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

_NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_CONFLICT: Final = 409
_Answer = TypeVar("_Answer")


class RegistryUnavailable(UserError):
    """The registry cannot be reached, or does not let us do this."""


class RegistrationRefused(UserError):
    """The registry answered that a schema breaks its compatibility level."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one contract needs: the level that the subject has now, and its versions with their ids where they are."""

    contract: Contract
    level: str | None
    ids: Mapping[int, int]
    conflicts: tuple[str, ...]

    @property
    def missing(self) -> list[ContractVersion]:
        return [version for version in self.contract.versions if version.number not in self.ids]


def run_register(root: Path, names: Sequence[str], *, dry_run: bool, out: TextIO) -> int:
    """Check the contracts of the project at `root` (all, or the named ones), then register them.

    Gives 0 when the registry holds them afterwards (or would, with `dry_run`), 1 when the gate or the registry says no.
    Raises UserError when the registry cannot be asked.
    """
    from tools.config import schema_registry_conf

    result = check_project(root, names)
    if result.outcome is not Outcome.HOLDS:
        write_report(result, root, "text", out)
        out.write("nothing was registered\n")
        return result.outcome.exit_code
    contracts = choose_contracts(read_contracts(root / "schemas"), names)
    return register_contracts(contracts, schema_registry_conf(), dry_run, out)


def _way_out(error: Exception) -> str:
    """What a person can do: a certificate that is not trusted reaches us as text alone."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "set SCHEMA_REGISTRY_SSL_CA_LOCATION to the certificate of its authority"
    return "is it running?"


def register_contracts(
    contracts: Sequence[Contract], registry_conf: Mapping[str, Any], dry_run: bool, out: TextIO
) -> int:
    """Give the registry what it lacks of `contracts`, which have passed the gate; say what was done.

    Gives 0, or 1 when the registry holds something else than the files. Raises RegistryUnavailable and
    RegistrationRefused.
    """
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    url = _without_credentials(str(registry_conf["url"]))
    try:
        with SchemaRegistryClient(dict(registry_conf)) as client:
            code, missing = _register(client, contracts, dry_run, out)
    except _transport_errors() as error:
        reason = str(error) or type(error).__name__
        raise RegistryUnavailable(
            f"no answer from the schema registry at {url} ({reason}); {_way_out(error)}"
        ) from None
    except SchemaRegistryError as error:
        if error.http_status_code == _CONFLICT:
            raise RegistrationRefused(f"the schema registry at {url} refused it: {error.error_message}") from None
        code = error.http_status_code
        hint = "; correct SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO" if code == _UNAUTHORIZED else ""
        raise RegistryUnavailable(
            f"the schema registry at {url} answered {code}: {error.error_message}{hint}"
        ) from None
    if dry_run and code == 0:
        would = (
            f"{missing} version{'' if missing == 1 else 's'} would be registered" if missing else "it lacks no version"
        )
        out.write(f"nothing was written to {url}: {would}\n")
    return code


def _register(
    client: SchemaRegistryClient, contracts: Sequence[Contract], dry_run: bool, out: TextIO
) -> tuple[int, int]:
    """The exit code, and how many versions the registry lacked."""
    plans = [_plan(client, contract) for contract in contracts]
    conflicts = [conflict for plan in plans for conflict in plan.conflicts]
    if conflicts:
        out.writelines(f"error: {conflict}\n" for conflict in conflicts)
        out.write("nothing was registered\n")
        return 1, 0
    for plan in plans:
        misplaced = _carry_out(client, plan, dry_run, out)
        if misplaced is not None:
            out.write(f"error: {misplaced}\n")
            return 1, 0
    return 0, sum(len(plan.missing) for plan in plans)


def _plan(client: SchemaRegistryClient, contract: Contract) -> _Plan:
    subject = contract.subject
    present = _or_none(lambda: client.get_versions(subject)) or []
    ever = _or_none(lambda: client.get_versions(subject, deleted=True)) or present
    ids: dict[int, int] = {}
    conflicts: list[str] = []
    for number in present:
        registered = client.get_version(subject, number)
        version = contract.version(number)
        if version is None:
            conflicts.append(
                f"{subject} has a version {number} in the registry, and {contract.name} has no v{number}.avsc; "
                "add the file, or delete the version there"
            )
        elif (difference := _difference(registered.schema.schema_str or "", version)) is not None:
            conflicts.append(
                f"version {number} of {subject} in the registry differs from {contract.name}/v{number}.avsc at "
                f"{difference}; bring the file back to what is registered, and make the change in a new version"
            )
        else:
            ids[number] = registered.schema_id or 0
    following = max(ever, default=0) + 1
    for version in contract.versions:
        if version.number not in present:
            if version.number != following:
                conflicts.append(
                    f"{contract.name}/v{version.number}.avsc would become version {following} of {subject}, because "
                    f"the registry has had versions up to {following - 1}; numbers and files must agree"
                )
                break
            following += 1
    level = _or_none(lambda: client.get_compatibility(subject))
    return _Plan(contract, level, ids, tuple(conflicts))


def _difference(registered: str, version: ContractVersion) -> str | None:
    """Where the registered schema differs from the file, or None."""
    try:
        was = read_json_source(registered).value
    except JsonSyntaxError:
        was = registered  # a registry may hand out a bare type name
    pointer = difference_to_registered(was, version)
    return "the root" if pointer == "" else pointer


def _carry_out(client: SchemaRegistryClient, plan: _Plan, dry_run: bool, out: TextIO) -> str | None:
    """Write what is missing. Gives a sentence when the registry numbered a version otherwise."""
    from confluent_kafka.schema_registry import Schema

    contract, subject = plan.contract, plan.contract.subject
    would = "would be " if dry_run else ""
    if plan.level != contract.compatibility:
        before = f"was {plan.level}" if plan.level else "had none of its own"
        if not dry_run:
            client.set_compatibility(subject, contract.compatibility)
        out.write(f"{subject}: compatibility level {would}set to {contract.compatibility} ({before})\n")
    out.writelines(
        f"{subject}: version {number} is registered, schema id {schema_id}\n"
        for number, schema_id in sorted(plan.ids.items())
    )
    for version in plan.missing:
        if dry_run:
            out.write(f"{subject}: version {version.number} would be registered\n")
            continue
        schema = Schema(json.dumps(whole_json(version), ensure_ascii=False), "AVRO")
        client.register_schema(subject, schema, normalize_schemas=False)
        registered = client.lookup_schema(subject, schema, normalize_schemas=False)
        if registered.version != version.number:
            return (
                f"the registry keeps {contract.name}/v{version.number}.avsc as version {registered.version} of "
                f"{subject}; a version equal to an earlier one gets no number of its own, so remove the file"
            )
        out.write(f"{subject}: version {version.number} registered, schema id {registered.schema_id}\n")
    return None


def _or_none(ask: Callable[[], _Answer]) -> _Answer | None:
    """The answer; None where the registry does not know the subject, or has no setting for it."""
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    try:
        return ask()
    except SchemaRegistryError as error:
        if error.http_status_code == _NOT_FOUND:
            return None
        raise


def _transport_errors() -> tuple[type[Exception], ...]:
    """What the client raises when there is no answer: it takes httpx2 where that is installed, else httpx."""
    from confluent_kafka.schema_registry.error import OAuthTokenError

    installed = [import_module(name) for name in ("httpx2", "httpx") if find_spec(name) is not None]
    return (*(library.HTTPError for library in installed), OAuthTokenError, OSError)


def _without_credentials(urls: str) -> str:
    return ", ".join(re.sub(r"//[^/@]*@", "//", url.strip()) for url in urls.split(","))
