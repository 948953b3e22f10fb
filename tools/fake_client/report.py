"""The account of a run: every event that was sent has exactly one entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tools.fake_client.bodies import Body
from tools.fake_client.latency import Latencies

_MAX_EXAMPLES: Final = 5


@dataclass(slots=True)
class SendReport:
    """`sent` counts events, not requests: at the end it is accepted + refused + `failed`, which got no final answer.

    `retried` counts events sent again, `in_doubt` events whose answer was lost on its way: the API may have taken such
    an event, and once it is sent again its topic may have it twice. A surprise is an answer that an event did not
    deserve: good and refused, or wrong on purpose and accepted. `totals` counts what was acknowledged, by action;
    `shapes` the same by schema version of the JSON. `stopped` says why a run ended before its time.
    """

    seed: int = 0
    schema_version: int = 0
    sent: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    mistakes_refused: Counter[str] = field(default_factory=Counter)
    good_but_refused: int = 0
    wrong_but_accepted: int = 0
    examples: list[str] = field(default_factory=list)
    retried: int = 0
    in_doubt: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    shapes: Counter[int] = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)
    duration_s: float = 0.0
    stopped: str | None = None

    @property
    def acknowledged(self) -> int:
        return self.accepted

    @property
    def unanswered(self) -> int:
        return self.failed.total()

    @property
    def surprises(self) -> int:
        return self.good_but_refused + self.wrong_but_accepted

    @property
    def in_flight(self) -> int:
        """Sent and without an answer yet."""
        return self.sent - self.accepted - self.refused.total() - self.unanswered

    @property
    def rate(self) -> float:
        """Answered events per second."""
        return (self.sent - self.in_flight) / self.duration_s if self.duration_s else 0.0

    @property
    def is_good(self) -> bool:
        """Whether every event got the final answer that it deserved."""
        return not (self.unanswered or self.surprises or self.in_flight or self.stopped)

    def accept(self, body: Body) -> None:
        self.accepted += 1
        self.totals[body.action] += 1
        self.shapes[self.schema_version] += 1
        if body.mistake is not None:
            self.wrong_but_accepted += 1
            self._remember(f"event {body.label} was accepted in spite of its mistake: {body.mistake}")

    def refuse(self, body: Body, reason: str, message: str) -> None:
        self.refused[reason] += 1
        if body.mistake is not None:
            self.mistakes_refused[body.mistake] += 1
        else:
            self.good_but_refused += 1
            self._remember(f"event {body.label} was refused although nothing is wrong with it: {reason}: {message}")

    def give_up(self, body: Body, reason: str, message: str) -> None:
        self.failed[reason] += 1
        self._remember(f"event {body.label} got no final answer: {reason}: {message}")

    def _remember(self, sentence: str) -> None:
        if len(self.examples) < _MAX_EXAMPLES:
            self.examples.append(sentence)

    def to_json(self) -> dict[str, Any]:
        """JSON-able; latencies are in milliseconds."""
        return {
            "seed": self.seed,
            "sent": self.sent,
            "accepted": self.accepted,
            "refused": dict(self.refused.most_common()),
            "mistakes_refused": dict(sorted(self.mistakes_refused.items())),
            "good_but_refused": self.good_but_refused,
            "wrong_but_accepted": self.wrong_but_accepted,
            "surprises": self.surprises,
            "examples": list(self.examples),
            "retried": self.retried,
            "in_doubt": self.in_doubt,
            "failed": dict(self.failed.most_common()),
            "unanswered": self.unanswered,
            "in_flight": self.in_flight,
            "totals": dict(sorted(self.totals.items())),
            "shapes": {str(version): count for version, count in sorted(self.shapes.items())},
            "latency_ms": self.latencies.to_json(),
            "requests": self.latencies.count,
            "duration_s": round(self.duration_s, 3),
            "rate": round(self.rate, 1),
            "stopped": self.stopped,
            "good": self.is_good,
        }


def format_report(report: SendReport) -> str:
    """The report for a person, as aligned lines."""
    rows = list(_rows(report))
    width = max(len(label) for label, _ in rows)
    lines = [f"{label:<{width}}  {value}".rstrip() for label, value in rows]
    lines += [f"! {sentence}" for sentence in report.examples]
    if report.stopped:
        lines.append(f"! stopped early: {report.stopped}")
    return "\n".join(lines)


def _rows(report: SendReport) -> Iterator[tuple[str, str]]:
    how = f"in {report.duration_s:.1f} s, {report.rate:,.0f} a second; seed {report.seed}"
    yield "sent", f"{report.sent:>9,}  {how}"
    yield "accepted", f"{report.accepted:>9,}  in the shape of v{report.schema_version}"
    for action, count in report.totals.most_common():
        yield f"  {action}", f"{count:>9,}"
    yield "refused", f"{report.refused.total():>9,}"
    for reason, count in report.refused.most_common():
        yield f"  {reason}", f"{count:>9,}"
    yield "wrong on purpose, refused", f"{report.mistakes_refused.total():>9,}"
    for kind, count in sorted(report.mistakes_refused.items()):
        yield f"  {kind}", f"{count:>9,}"
    yield "wrong on purpose, but accepted", f"{report.wrong_but_accepted:>9,}"
    yield "good, but refused", f"{report.good_but_refused:>9,}"
    doubt = (
        f"  (answers lost on the way: {report.in_doubt:,}; those events may be in the topic twice)"
        if report.in_doubt
        else ""
    )
    yield "sent again", f"{report.retried:>9,}{doubt}"
    yield "given up", f"{report.unanswered:>9,}"
    for reason, count in report.failed.most_common():
        yield f"  {reason}", f"{count:>9,}"
    latency = "  ".join(f"{name} {value:g} ms" for name, value in report.latencies.to_json().items())
    yield "latency", f"{latency}  ({report.latencies.count:,} requests)"
