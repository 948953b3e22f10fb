"""A run as JSON, and back: what is kept, and what tables, plots and the sizing page are made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tools.bench.case import Aim, Case, Contender, Metric, Scale
from tools.bench.runner import Outcome, Run
from tools.errors import UserError


class UnreadableRecord(UserError):
    """The file is no record of a run."""


class Record(NamedTuple):
    """A run with what it was made on."""

    machine: Mapping[str, str]
    scale: Mapping[str, Any]
    run: Run

    def write(self, path: Path) -> None:
        document = {
            "machine": self.machine,
            "scale": self.scale,
            "left_out": self.run.left_out,
            "failed": self.run.failed,
            "outcomes": [outcome.as_json() for outcome in self.run.outcomes],
        }
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def make_record(machine: Mapping[str, str], scale: Scale, run: Run) -> Record:
    return Record(machine, scale._asdict(), run)


def read_record(path: Path) -> Record:
    """Raises UnreadableRecord."""
    try:
        document = json.loads(path.read_text("utf-8"))
        outcomes = [_outcome(part) for part in document["outcomes"]]
        return Record(document["machine"], document["scale"], Run(outcomes, document["left_out"], document["failed"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableRecord(f"{path} is no record of a run ({error}): make one with --json") from error


def _outcome(part: dict[str, Any]) -> Outcome:
    samples: dict[str, dict[str, list[float]]] = {}
    for metric in part["metrics"]:
        for name, figures in metric["contenders"].items():
            samples.setdefault(name, {})[metric["name"]] = figures["rounds"]
    case = Case(
        part["case"],
        tuple(Metric(**{name: metric[name] for name in Metric._fields}) for metric in part["metrics"]),
        tuple(Contender(name, _not_again) for name in part["contenders"]),
        tuple(Aim(**{name: aim[name] for name in Aim._fields}) for aim in part["aims"]),
        part["note"],
        part["x"],
    )
    return Outcome(part["row"], case, samples)


def _not_again() -> Mapping[str, float]:
    raise NotImplementedError("what was read from a record cannot be measured again")
