"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from codegen.models import CONTRACTS
from tools.cli import pipeline
from tools.config import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str = "pipeline") -> set[str]:
    found: set[str] = set()
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        found |= commands(command, path) if isinstance(command, click.Group) else {path}
    return found


def test_the_configuration_table_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z_…]+)` \| (?:`(.*)`)? ?\| (.*) \|$", README, re.MULTILINE)
    assert rows == [(row.name, row.default, row.meaning) for row in VARIABLES]


def test_the_readme_names_every_command() -> None:
    said = {path for path in commands(pipeline) if path in README}
    # These two are shown as `python -m codegen` and `make demo`.
    assert commands(pipeline) - said <= {"pipeline codegen", "pipeline demo"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        for target in re.findall(
            r"`make ([a-z-]+)`|^\$ make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert next(filter(None, target)) in targets


def test_the_model_that_the_readme_shows_is_what_codegen_writes() -> None:
    (shown,) = re.findall(r"```python\n(class Shipment.*?)\n *…\n```", README, re.DOTALL)
    assert shown in (ROOT / "tests" / "codegen" / "golden" / "shipment.py.txt").read_text(encoding="utf-8")


def test_the_handler_that_is_shown_and_its_tests_are_those_that_run() -> None:
    shown = (ROOT / "docs" / "consumers.md").read_text(encoding="utf-8")
    for name in ("greetings.py", "test_greetings.py"):
        source = (ROOT / "tests" / "consumers" / name).read_text(encoding="utf-8").strip()
        assert (
            "```python\n" + source.replace("from tests.consumers import greetings", "import greetings") + "\n```"
            in shown
        )


def test_the_transcoder_of_the_page_does_what_it_says() -> None:
    (shown,) = re.findall(r"```python\n(.*?transcoder.*?)```", (ROOT / "docs" / "models.md").read_text(), re.DOTALL)
    one = CONTRACTS["user_action"].model(2).fake()
    for text in (one.model_dump_json(), one.model_dump_json(indent=1)):
        names: dict[str, Any] = {"body": text.encode()}
        exec(shown, names)  # noqa: S102 - our own page
        assert names["avro"] == one.serialize()
