"""docs/benchmarks.md, its charts and docs/sizing.md, from the record of a run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from tools.bench.plot import bar_chart, line_chart
from tools.bench.record import Record
from tools.bench.rows import ROWS
from tools.bench.runner import Outcome, Verdict
from tools.bench.sizing import NothingMeasured, inputs_from, sizing_page
from tools.bench.table import markdown

CHARTS: Final = "benchmarks"
_INTRODUCTION: Final = """\
# Benchmarks

Written by `make bench-full` (`python -m tools.bench --full --docs docs`), the last one that was kept; do not edit.
[benchmarks.json](benchmarks.json) has every round.

**The broker, the API or consumer, and the load share the cores of this one machine.** Every figure therefore stands
beside its floor, which is measured in the same run in turns with it: what matters is the ratio. A ratio is the median
over the rounds of the product's figure by the floor's of the same round, with the least and the greatest behind it; a
figure is a median, ± half of what lies between the least and the greatest.

Rates of one core are by the thread's processor time. Over HTTP the load comes from wrk, which corrects latencies for
coordinated omission; at a fixed rate every request has its place in a schedule.
"""


def write_pages(record: Record, folder: Path) -> list[Path]:
    """Write all that the record has the figures for; the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    charts = dict(_charts(record))
    (folder / CHARTS).mkdir(exist_ok=True)
    written = [folder / CHARTS / name for name in charts]
    for path, text in zip(written, charts.values(), strict=True):
        path.write_text(text, "utf-8")
    record.write(folder / "benchmarks.json")
    (folder / "benchmarks.md").write_text(benchmarks_page(record, list(charts)), "utf-8")
    written += [folder / "benchmarks.json", folder / "benchmarks.md"]
    sizing = _sizing(record)
    if sizing:
        (folder / "sizing.md").write_text(sizing, "utf-8")
        written.append(folder / "sizing.md")
    return written


def benchmarks_page(record: Record, charts: list[str]) -> str:
    machine = "\n".join(f"| {name} | {value} |" for name, value in record.machine.items() if value)
    scale = record.scale
    titles = {name: row.title for name, row in ROWS.items()}
    parts = [
        _INTRODUCTION,
        f"{scale['rounds']} rounds of {scale['seconds']:g} s each; over a network twice that, 2 s at least.\n",
        f"| what | value |\n|---|---|\n{machine}\n",
        *(f"- **{titles[row]}** was left out: {why}\n" for row, why in record.run.left_out.items()),
        *(f"- **{titles[row]}** failed: {why}\n" for row, why in record.run.failed.items()),
        *(f"![{name.removesuffix('.svg')}]({CHARTS}/{name})\n" for name in charts),
        markdown(record.run.outcomes, titles),
    ]
    return "\n".join(parts)


def _charts(record: Record) -> Iterator[tuple[str, str]]:
    bars = [
        (f"{outcome.row}, {outcome.case.name}: {verdict.aim.metric}", _nearness(verdict))
        for outcome in record.run.outcomes
        for verdict in outcome.verdicts
    ]
    if bars:
        yield "aims.svg", bar_chart("How near each aim is: 1 is met", bars)
    for name, outcomes in groupby(record.run.outcomes, key=lambda outcome: outcome.row):
        row = ROWS[name]
        if row.x_name:
            yield f"{name}.svg", _growth_chart(row.title, row.x_name, list(outcomes))


def _growth_chart(title: str, x_name: str, outcomes: list[Outcome]) -> str:
    metric = outcomes[0].case.metrics[0]
    names = [contender.name for contender in outcomes[0].case.contenders]
    series = {
        name: [(float(outcome.case.x or 0), outcome.spread(name, metric.name).median) for outcome in outcomes]
        for name in names
    }
    return line_chart(title, x_name, metric.unit, series)


def _nearness(verdict: Verdict) -> float:
    """1 where the aim is just met, more where it is exceeded."""
    ratio = verdict.ratio.median
    if verdict.at_least:
        return ratio / verdict.aim.factor
    return verdict.aim.factor / ratio if ratio > 0 else float("inf")


def _sizing(run: Record) -> str:
    """The sizing page, or nothing where a row that it needs was not run."""
    from tools.bench.events import activity, versions
    from tools.bench.producing import ready_batches

    latest = versions()[-1]
    records = [record for batch in ready_batches(latest, 1) for record in batch]
    record_bytes = sum(len(each["value"]) + len(each["key"]) for each in records) / len(records)
    try:
        inputs = inputs_from(run.run.outcomes, activity(latest).mean_bytes, record_bytes)
    except NothingMeasured:
        return ""
    return sizing_page(inputs, run.machine["processor"])
