"""`pipeline schema …`: the options of its commands. Each command is a function elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
def schema() -> None:
    """The gate: compatibility, and the only way into a registry."""


@schema.command("check")
@click.argument("contracts", nargs=-1)
@click.option("--against", help="git:REF, registry, or a folder of contracts; default git:HEAD.")
@click.option("--level", help="Check at this level instead of the contract's.")
@click.option(
    "--format",
    "format_",
    default="text",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    show_default=True,
)
@click.option("--no-drift", is_flag=True, help="Do not look whether the generated models are up to date.")
@click.pass_obj
def schema_check(
    root: Path, contracts: tuple[str, ...], against: str | None, level: str | None, format_: str, no_drift: bool
) -> int:
    """Does every change hold? Exit 0 yes, 1 findings, 2 could not check."""
    from tools.compatibility.gate import run_check

    return run_check(root, contracts, against, level, format_, sys.stdout, drift=not no_drift)


@schema.command("lint")
@click.argument("contracts", nargs=-1)
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def schema_lint(root: Path, contracts: tuple[str, ...], format_: str) -> int:
    """What is doubtful in the latest versions? Exit 0 no errors, 1 errors, 2 could not read."""
    from tools.compatibility.lint import run_lint

    return run_lint(root, contracts, format_, sys.stdout)


@schema.command("compare")
@click.argument("reader")
@click.argument("writer")
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def schema_compare(root: Path, reader: str, writer: str, format_: str) -> int:
    """Can READER read what WRITER wrote? Both are a file or CONTRACT@N. Exit 0 yes, 1 no, 2 could not tell."""
    from tools.compatibility.compare import run_compare

    return run_compare(root, reader, writer, format_, sys.stdout)


@schema.command("diff")
@click.argument("contract")
@click.argument("before", type=click.IntRange(1))
@click.argument("after", type=click.IntRange(1))
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def schema_diff(root: Path, contract: str, before: int, after: int, format_: str) -> int:
    """What changed between two versions, field by field. Exit 0 whether or not anything did."""
    from tools.compatibility.diff import run_diff

    return run_diff(root, contract, before, after, format_, sys.stdout)


@schema.command("new")
@click.argument("contract")
@click.pass_obj
def schema_new(root: Path, contract: str) -> int:
    """Write the next version of a contract as a copy of its latest."""
    from tools.compatibility.new_version import run_new

    return run_new(root, contract, sys.stdout)


@schema.command("plan")
@click.argument("contract")
@click.argument("version", type=click.IntRange(1))
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def schema_plan(root: Path, contract: str, version: int, format_: str) -> int:
    """In which order to roll out a version. Exit 0 there is a safe one, 1 there is none."""
    from tools.compatibility.plan import run_plan

    return run_plan(root, contract, version, format_, sys.stdout)


@schema.command("history")
@click.argument("contract")
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def schema_history(root: Path, contract: str, format_: str) -> int:
    """Which version can read which, with the pins."""
    from tools.compatibility.history import run_history

    return run_history(root, contract, format_, sys.stdout)


@schema.command("comment")
@click.option("--against", help="git:REF, registry, or a folder of contracts; default git:HEAD.")
@click.pass_obj
def schema_comment(root: Path, against: str | None) -> int:
    """Write the comment of a pull request as Markdown: findings, what changed, rollout order. Exits as check does."""
    from tools.compatibility.comment import run_comment

    return run_comment(root, against, sys.stdout)


@schema.command("register")
@click.argument("contracts", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be registered.")
@click.pass_obj
def schema_register(root: Path, contracts: tuple[str, ...], dry_run: bool) -> int:
    """Register every version that the registry lacks, after the gate has passed."""
    from tools.register import run_register

    return run_register(root, contracts, dry_run=dry_run, out=sys.stdout)
