"""`python -m tools.bench`: runs rows of the benchmark and prints each case as soon as it is measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from tools.bench.case import BrokerChoice, Scale
from tools.bench.rows import ROWS
from tools.bench.runner import Outcome, run_rows
from tools.bench.table import outcome_lines
from tools.errors import UserError

_SMOKE = Scale(seconds=0.5, rounds=3)
_FULL = Scale(seconds=3.0, rounds=7, full=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--row", "names", multiple=True, type=click.Choice(list(ROWS)), help="This row alone. Repeatable.")
@click.option("--full", is_flag=True, help="Longer, more rounds, all cases.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="For one measurement.")
@click.option("--rounds", type=click.IntRange(1), help="Measurements of each contender.")
@click.option("--broker", default="auto", type=click.Choice(["auto", "kafka", "embedded"]), show_default=True)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
def bench(
    names: tuple[str, ...],
    full: bool,
    seconds: float | None,
    rounds: int | None,
    broker: BrokerChoice,
    json_path: Path | None,
) -> None:
    """Measure the product beside its floors."""
    scale = _FULL if full else _SMOKE
    scale = scale._replace(seconds=seconds or scale.seconds, rounds=rounds or scale.rounds, broker=broker)
    run = run_rows([ROWS[name] for name in names or ROWS], scale, click.echo, _show)
    if json_path is not None:
        json_path.write_text(json.dumps([outcome.as_json() for outcome in run.outcomes], indent=1) + "\n", "utf-8")


def _show(outcome: Outcome) -> None:
    for line in outcome_lines(outcome):
        click.echo(line)


def main() -> None:
    """One sentence for what a person can mend, as the other commands have it."""
    try:
        bench.main(standalone_mode=False, prog_name="python -m tools.bench")
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UserError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
