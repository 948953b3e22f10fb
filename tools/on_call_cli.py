"""`pipeline dlq`, `tail`, `lag` and `replay`: functions of `consumers.on_call`, which get their options here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

_contract = click.option("--contract", default="user_action", show_default=True)
_rejects = click.option("--rejects", "is_rejects", is_flag=True, help="What the API refused, instead of dead letters.")


@click.group()
def dlq() -> None:
    """Dead letters: what could not be read or handled."""


@dlq.command("ls")
@_contract
@_rejects
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
def dlq_ls(contract: str, format_: str, is_rejects: bool) -> int:
    """What lies there, by cause."""
    from consumers.on_call.dlq import run_ls

    return run_ls(contract, format_, sys.stdout, is_rejects=is_rejects)


@dlq.command("show")
@click.argument("place")
@_contract
@_rejects
@click.option("--reader-version", "version", type=click.IntRange(1), help="Instead of the consumer's pin.")
def dlq_show(contract: str, place: str, is_rejects: bool, version: int | None) -> int:
    """One record, decoded as far as it goes. PLACE is partition@offset in the dead-letter topic."""
    from consumers.on_call.dlq import run_show

    return run_show(contract, place, sys.stdout, is_rejects=is_rejects, version=version)


@dlq.command("redrive")
@_contract
@_rejects
@click.option("--run", "is_real", is_flag=True, help="Send. Without it, only say what would be sent.")
@click.option("--why", default="", help="The reason, for the audit file; needed with --run.")
@click.option("--upgrade", "upgrade_to", type=click.IntRange(1), help="Re-encode into this version.")
@click.option("--reader-version", type=click.IntRange(1), help="Judge by this version, instead of the consumer's pin.")
@click.option("--stage", help="Only letters of this stage.")
@click.option("--group", help="Only letters of this consumer group.")
@click.option("--limit", type=click.IntRange(1), help="Send at most so many.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Records per second.")
@click.option("--audit-file", type=click.Path(dir_okay=False, path_type=Path), help="Default .pipeline/redrive.jsonl.")
@click.pass_obj
def dlq_redrive(root: Path, /, audit_file: Path | None, is_rejects: bool, **options: Any) -> int:
    """Send records again that can be read today, or rejects that the API takes today; each once."""
    from consumers.on_call.redrive import RedriveOptions, run_redrive

    told = RedriveOptions(audit_file=audit_file or root / ".pipeline" / "redrive.jsonl", **options)
    if not is_rejects:
        return run_redrive(told, sys.stdout)
    for name in ("group", "upgrade_to", "reader_version"):
        if options[name] is not None:
            option = "--upgrade" if name == "upgrade_to" else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} is for dead letters: leave it out with --rejects")
    from tools.rejects import run_redrive_rejects

    return run_redrive_rejects(told, sys.stdout)


@click.command()
@_contract
@click.option("--where", help='Only records that pass, as in: action == "click" and $version == 1')
@click.option("--format", "format_", default="table", type=click.Choice(["table", "json"]), show_default=True)
@click.option("--from-beginning", is_flag=True, help="Show what is there already, too.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many.")
@click.option("--reader-version", "version", type=click.IntRange(1), help="Read into this version; default the latest.")
def tail(**options: Any) -> int:
    """Records as they come, with their schema version; personal fields are masked."""
    from consumers.on_call.tail import TailOptions, run_tail

    return run_tail(TailOptions(**options), sys.stdout)


@click.command()
@_contract
@click.option("--group", "groups", multiple=True, help="Default those of the pinned readers. Repeatable.")
@click.option("--format", "format_", default="table", type=click.Choice(["table", "json"]), show_default=True)
@click.option(
    "--interval", "interval_s", default=5.0, show_default=True, type=click.FloatRange(0), help="Seconds of two looks."
)
def lag(contract: str, groups: tuple[str, ...], format_: str, interval_s: float) -> int:
    """How far each group is behind, how fast it goes, and when it will be there."""
    from consumers.on_call.lag import run_lag

    return run_lag(contract, groups, format_, sys.stdout, interval_s)


@click.command()
@_contract
@click.option("--from", "begin", default="beginning", show_default=True, help="A moment, an offset, or p@offset,…")
@click.option("--to", "end", default="end", show_default=True, help="The same; that record is left out.")
@click.option("--into", required=True, help="A consumer group that nobody uses; it is left at the span's end.")
@click.option("--handler", help="Your own, as module:function, instead of the counts.")
@click.option("--reader-version", type=click.IntRange(1), help="Instead of the consumer's pin.")
@click.option("--again", is_flag=True, help="Also into a group that has offsets already.")
@click.option("--json", "json", is_flag=True, help="One machine-readable line.")
def replay(**options: Any) -> int:
    """What a consumer would make of old records, without doing it; exit 1 where its counts would differ."""
    from consumers.on_call.replay.command import ReplayOptions, run_replay

    return run_replay(ReplayOptions(**options), sys.stdout)
