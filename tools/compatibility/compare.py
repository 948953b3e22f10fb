"""`pipeline schema compare`: can one schema read what another has written?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from codegen.incompatibility import Incompatibility
from codegen.nodes import Json
from codegen.resolution import resolve
from tools.compatibility.choice import ChosenSchema, find_schema
from tools.compatibility.findings import Finding, Rule
from tools.compatibility.formats.json_report import finding_json
from tools.compatibility.formats.text import finding_lines
from tools.compatibility.places import places_of


def run_compare(root: Path, reader: str, writer: str, format_: str, out: TextIO) -> int:
    """Say whether `reader` reads what `writer` wrote; each is a file or CONTRACT@N. Gives 0 for yes, 1 for no.

    Raises UserError for what is no schema.
    """
    read, written = find_schema(root, reader), find_schema(root, writer)
    here = Path.cwd()
    base = root if here.is_relative_to(root) else here
    findings = [_finding(found, read, written) for found in resolve(read.schema.root, written.schema.root)]
    if format_ == "json":
        told: list[Json] = [finding_json(finding, base) for finding in findings]
        answer: dict[str, Json] = {"reader": reader, "writer": writer, "can_read": not findings, "findings": told}
        out.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            out.writelines(f"{line}\n" for line in (*finding_lines(finding, base), ""))
        out.write(f"{reader} {'cannot read' if findings else 'can read'} what {writer} writes\n")
    return 1 if findings else 0


def _finding(found: Incompatibility, read: ChosenSchema, written: ChosenSchema) -> Finding:
    place, related = places_of(found, _absolute(read), _absolute(written))
    at = f"at {found.reader_path}: " if found.reader_path else ""
    return Finding(
        Rule.INCOMPATIBLE,
        "",
        place,
        f"{at}{found.message}",
        found.hint,
        related=related,
        incompatibility=found,
    )


def _absolute(schema: ChosenSchema) -> ChosenSchema:
    return replace(schema, path=schema.path.absolute())
