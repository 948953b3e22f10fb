"""Outcomes as lines for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tools.bench.runner import Outcome, Verdict
from tools.bench.spread import Spread


def shown(value: float) -> str:
    """A figure with three digits that count, and thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def shown_spread(spread: Spread) -> str:
    return f"{shown(spread.median)} ±{spread.percent:.0f} %"


def shown_verdict(verdict: Verdict) -> str:
    """Such as `0.52 (0.50 to 0.55) of msgspec; aim ≥ 0.45: met`."""
    sign = "≥" if verdict.at_least else "≤"
    ratio, aim = verdict.ratio, verdict.aim
    wanted = f"{sign} {aim.factor:g}" + (f" + {aim.allowance:g}" if aim.allowance else "")
    word = "met" if verdict.met else "MISSED"
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f}) of {aim.floor}; aim {wanted}: {word}"


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """For a terminal: each metric with each contender, then the verdicts."""
    for metric in outcome.case.metrics:
        parts = [
            f"{contender.name} {shown_spread(outcome.spread(contender.name, metric.name))}"
            for contender in outcome.case.contenders
            if metric.name in outcome.samples[contender.name]
        ]
        yield f"  {outcome.case.name:24} {metric.name} {metric.unit}: " + " | ".join(parts)
    for verdict in outcome.verdicts:
        yield f"  {'':24} → {verdict.aim.metric} {shown_verdict(verdict)}"


def markdown(outcomes: Iterable[Outcome], titles: Mapping[str, str]) -> str:
    """One table for each row."""
    lines: list[str] = []
    last = ""
    for outcome in outcomes:
        if outcome.row != last:
            last = outcome.row
            lines += ["", f"## {titles[last]}", "", "| case | metric | figures: median ± spread | ratio and aim |"]
            lines.append("|---|---|---|---|")
        for metric in outcome.case.metrics:
            figures = "<br>".join(
                f"{contender.name}: **{shown_spread(outcome.spread(contender.name, metric.name))}**"
                for contender in outcome.case.contenders
                if metric.name in outcome.samples[contender.name]
            )
            verdicts = "<br>".join(
                shown_verdict(verdict) for verdict in outcome.verdicts if verdict.aim.metric == metric.name
            )
            lines.append(f"| {outcome.case.name} | {metric.name}, {metric.unit} | {figures} | {verdicts} |")
    return "\n".join(lines[1:]) + "\n"
