"""`pipeline consume`: the consumers, each a function of `consumers`, which get their options here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from consumers.options import ConsumerOptions

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _guarantee_options(command: _Command) -> _Command:
    """What a crash may repeat, and who takes over."""
    for option in (
        click.option(
            "--guarantee",
            default="at-least-once",
            show_default=True,
            type=click.Choice(["at-least-once", "exactly-once"]),
            help="exactly-once: effects in Kafka and offsets in one transaction.",
        ),
        click.option("--instance", help="This process's name in its group, the same after a restart."),
    ):
        command = option(command)
    return command


def _told(options: dict[str, Any]) -> ConsumerOptions:
    from consumers.options import ConsumerOptions, Guarantee

    return ConsumerOptions(**{**options, "guarantee": Guarantee(options["guarantee"])})


@click.group()
def consume() -> None:
    """Consumers of the topic, each with its pinned reader schema."""


def _consumer_options(command: _Command) -> _Command:
    """What every consumer is told."""
    for option in (
        click.option("--json", "json", is_flag=True, help="One machine-readable line a second."),
        click.option("--group", help="Consumer group; default <contract>-<consumer>."),
        click.option("--reader-version", type=click.IntRange(1), help="Instead of the contract's pin."),
        click.option(
            "--expired-version", "expired", type=int, multiple=True, help="No record of it is left. Repeatable."
        ),
        click.option("--contract", default="user_action", show_default=True),
        click.option("--attempts", default=5, show_default=True, type=click.IntRange(1), help="Of a failing handler."),
        click.option(
            "--dead-letter-limit",
            default=50,
            show_default=True,
            type=click.IntRange(0, 100),
            help="Of 100 records; more, and the consumer stops.",
        ),
        click.option(
            "--stuck-after",
            "stuck_after_s",
            default=60.0,
            show_default=True,
            help="Seconds until /live fails; faust ends as well.",
        ),
    ):
        command = option(command)
    return command


def _http_options(command: _Command) -> _Command:
    """What a consumer is told that answers over HTTP."""
    for option in (
        click.option("--http-port", type=click.IntRange(0, 65535), help="Answer /live, /progress and /metrics."),
        click.option("--http-host", default="127.0.0.1", show_default=True),
    ):
        command = option(command)
    return command


@consume.command("standard")
@_http_options
@_consumer_options
def consume_standard(**options: Any) -> int:
    """Read every record, count, commit after the work."""
    from consumers.options import ConsumerOptions
    from consumers.standard import run_standard

    return run_standard(ConsumerOptions(**options))


@consume.command("run")
@click.argument("function")
@click.option("--name", help="What it is called: its pin, its group, its reports; default the function's name.")
@click.option("--concurrency", default=1, show_default=True, type=click.IntRange(1), help="Records of different keys.")
@click.option("--dedupe-field", help="Pass over a record whose event was there before, by this field.")
@click.option("--dedupe-window", default=10_000, show_default=True, type=click.IntRange(1), help="In records.")
@_guarantee_options
@_http_options
@_consumer_options
def consume_run(function: str, name: str | None, **options: Any) -> int:
    """Run your own handler: FUNCTION is module:function, from the pinned model to effects."""
    from consumers.function import run_function

    return run_function(function, _told(options), name)


@consume.command("counts")
@click.option("--grace", "grace_s", type=click.FloatRange(0), help="Seconds; what is further off goes to TOPIC.late.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="Keep a copy of the counts, to start faster.")
@_guarantee_options
@_http_options
@_consumer_options
def consume_counts(**options: Any) -> int:
    """Count events per minute and action into the topic of activity_count."""
    from consumers.counts.app import run_counts

    return run_counts(_told(options))


@consume.command("clean")
@_guarantee_options
@_http_options
@_consumer_options
def consume_clean(**options: Any) -> int:
    """Copy what can be read, unchanged, to TOPIC.clean, for readers that pass over nothing (Flink)."""
    from consumers.clean import run_clean

    return run_clean(_told(options))


@consume.command("table")
@click.option("--database", required=True, help="sqlite:///FILE or postgresql://USER@HOST/NAME.")
@click.option("--table", help="Default the contract's name.")
@_http_options
@_consumer_options
def consume_table(database: str, table: str | None, **options: Any) -> int:
    """Write a contract's records (--contract activity_count) as rows, one for each key."""
    from consumers.options import ConsumerOptions
    from consumers.table.app import run_table

    return run_table(database, ConsumerOptions(**options), table)


@consume.command("faust")
@click.option("--handler", help="Your own, as module:function, instead of the table.")
@_http_options
@_consumer_options
def consume_faust(handler: str | None, **options: Any) -> int:
    """The same as a Faust app with a windowed table."""
    from consumers.faust_app import run_faust
    from consumers.options import ConsumerOptions

    return run_faust(ConsumerOptions(**options), handler)
