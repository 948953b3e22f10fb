"""`python -m tools.bench`: runs rows of the benchmark and prints each case as soon as it is measured."""

from __future__ import annotations

import resource
from pathlib import Path
from time import monotonic

import click

from tools.bench.case import BrokerChoice, Scale
from tools.bench.machine import describe_machine
from tools.bench.pages import write_pages
from tools.bench.record import make_record, read_record
from tools.bench.rows import ROWS
from tools.bench.runner import Outcome, run_rows
from tools.bench.served import choose_parts
from tools.bench.table import outcome_lines
from tools.cli import run_command

_SMOKE = Scale(seconds=0.3, rounds=3)
_FULL = Scale(seconds=1.5, rounds=3, full=True)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--row", "names", multiple=True, type=click.Choice(list(ROWS)), help="This row alone. Repeatable.")
@click.option("--full", is_flag=True, help="Longer, more rounds, all cases.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="For one measurement.")
@click.option("--rounds", type=click.IntRange(1), help="Measurements of each contender.")
@click.option(
    "--broker",
    default="auto",
    type=click.Choice(["auto", "kafka", "embedded"]),
    show_default=True,
    help="auto: Apache Kafka where Java and Maven are.",
)
@click.option("--json", "json_path", type=_FILE, help="Write the figures there.")
@click.option("--docs", type=click.Path(file_okay=False, path_type=Path), help="Write the pages and charts there.")
@click.option("--from", "kept", type=_FILE, help="Measure nothing: take the figures of an earlier --json.")
def bench(
    names: tuple[str, ...],
    full: bool,
    seconds: float | None,
    rounds: int | None,
    broker: BrokerChoice,
    json_path: Path | None,
    docs: Path | None,
    kept: Path | None,
) -> int:
    """Measure the product beside its floors. Exit 0, or 1 if a row failed; an aim that is missed is no failure."""
    if kept is not None:
        record = read_record(kept)
        for outcome in record.run.outcomes:
            _show(outcome)
    else:
        scale = _FULL if full else _SMOKE
        scale = scale._replace(seconds=seconds or scale.seconds, rounds=rounds or scale.rounds, broker=broker)
        started = monotonic()
        machine = {**describe_machine(), "broker": _which_broker(broker)}
        click.echo("\n".join(f"{name}: {value}" for name, value in machine.items() if value))
        _allow_many_connections()
        record = make_record(machine, scale, run_rows([ROWS[name] for name in names or ROWS], scale, click.echo, _show))
        click.echo(f"\n{monotonic() - started:.0f} s")
    if json_path is not None:
        record.write(json_path)
    if docs is not None:
        click.echo("\n".join(f"wrote {path}" for path in write_pages(record, docs)))
    return 1 if record.run.failed else 0


def _which_broker(choice: BrokerChoice) -> str:
    if choose_parts(choice).broker == "kafka":
        return "Apache Kafka, acks=all, idempotent producer"
    why = "as asked for" if choice == "embedded" else "Apache Kafka needs Java and Maven, which this machine has not"
    return f"the embedded one ({why})"


def _allow_many_connections() -> None:
    """Thousands of connections want as many files; the servers and the load are our children."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _show(outcome: Outcome) -> None:
    for line in outcome_lines(outcome):
        click.echo(line)


def main() -> None:
    """One sentence for what a person can mend, as the other commands have it."""
    run_command(bench, "python -m tools.bench")


if __name__ == "__main__":
    main()
