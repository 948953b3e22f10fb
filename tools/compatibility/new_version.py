"""`pipeline schema new`: the next version of a contract, to be changed by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from tools.compatibility.choice import find_contract
from tools.compatibility.findings import relative_path
from tools.compatibility.published import NothingPublished, read_published
from tools.compatibility.published_changes import changed_versions
from tools.errors import UserError


class LatestNotPublished(UserError):
    """The latest version is still free to change: it is not committed as it stands."""

    exit_code = 1


def run_new(root: Path, name: str, out: TextIO) -> int:
    """Write the next version of the contract `name` as a copy of its latest, and say what to do with it.

    Raises LatestNotPublished where the latest itself can still be changed, and UserError.
    """
    contract = find_contract(root, name)
    latest = contract.latest
    file = relative_path(latest.path, root)
    try:
        published = read_published(root, [contract], None)
    except NothingPublished as error:
        out.write(f"note: {error}, so that nobody can tell whether {file} is published\n")
    else:
        if latest.number not in published.places[0].versions.get(name, {}):
            raise LatestNotPublished(f"{file} is not committed yet: change it instead, or commit it first")
        if any(finding.place.path == latest.path for finding in changed_versions(contract, published)):
            raise LatestNotPublished(f"{file} differs from what is published: undo that first, or commit it")
    target = latest.path.with_name(f"v{latest.number + 1}.avsc")
    with target.open("x", encoding="utf-8", newline="") as new:
        new.write(latest.path.read_bytes().decode())
    number = latest.number + 1
    out.write(
        f"wrote {relative_path(target, root)}, a copy of v{latest.number}\n"
        f"1. change it; what keeps to {contract.compatibility} is in docs/schema-changes.md\n"
        f"2. python -m codegen\n"
        f"3. pipeline schema check {name}\n"
        f"4. pipeline schema plan {name} {number}\n"
    )
    return 0
