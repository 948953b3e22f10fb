"""`pipeline schema diff`: what changed between two versions of a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from codegen.contract import Contract, ContractVersion
from codegen.nodes import MISSING, Json
from tools.compatibility.changes import Change
from tools.compatibility.choice import find_contract, find_version
from tools.compatibility.differences import find_changes

_WIDTH: Final = 20


def run_diff(root: Path, name: str, before: int, after: int, format_: str, out: TextIO) -> int:
    """Write the changes from version `before` to `after` of the contract `name`. Raises UserError."""
    contract = find_contract(root, name)
    was, now = find_version(contract, before), find_version(contract, after)
    changes = find_changes(was.schema.root, now.schema.root)
    if format_ == "json":
        told: list[Json] = [change_json(change) for change in changes]
        answer: dict[str, Json] = {"contract": name, "before": before, "after": after, "changes": told}
        out.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        out.writelines(f"{line}\n" for line in diff_lines(contract, was, now, changes))
    return 0


def diff_lines(contract: Contract, was: ContractVersion, now: ContractVersion, changes: list[Change]) -> Iterator[str]:
    """The changes as text, a line each."""
    count = "1 change" if len(changes) == 1 else f"{len(changes) or 'no'} changes"
    yield f"{contract.name} v{was.number} → v{now.number}: {count}"
    for change in changes:
        yield f"  {change.kind.ljust(_WIDTH)} {change.path or '(the record)'}: {change.message}"


def change_json(change: Change) -> dict[str, Json]:
    """One change as a JSON object; `before` or `after` is left out where there is nothing."""
    told: dict[str, Json] = {"kind": change.kind.value, "path": change.path, "message": change.message}
    if change.before is not MISSING:
        told["before"] = change.before  # type: ignore[assignment]  # JSON by construction
    if change.after is not MISSING:
        told["after"] = change.after  # type: ignore[assignment]
    return told
