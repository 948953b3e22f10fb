"""`pipeline schema plan`: the rollout of a version, step by step, and what HTTP clients notice of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from codegen.contract import Contract
from codegen.nodes import Json
from tools.compatibility.choice import find_contract, find_version
from tools.compatibility.findings import relative_path
from tools.compatibility.rollout import API, Move, Order, PinChange, Rollout, plan_rollout
from tools.deployments.file import read_deployments


def run_plan(root: Path, name: str, number: int, format_: str, out: TextIO) -> int:
    """Write the plan for version `number` of the contract `name`. Gives 0, or 1 where no order is safe.

    Raises UserError.
    """
    contract = find_contract(root, name)
    deployed = read_deployments(root)
    rollout = plan_rollout(contract, find_version(contract, number), settings_lines(contract), deployed)
    if format_ == "json":
        out.write(json.dumps(_as_json(rollout), indent=2, ensure_ascii=False) + "\n")
    else:
        out.writelines(f"{line}\n" for line in plan_lines(rollout, root))
    return 1 if rollout.order is Order.NONE else 0


def settings_lines(contract: Contract) -> list[str]:
    """The lines of the contract's contract.toml, if it has one."""
    path = contract.folder / "contract.toml"
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def plan_lines(rollout: Rollout, root: Path) -> Iterator[str]:
    """The plan as text."""
    contract, number = rollout.contract, rollout.version
    yield f"{contract.name} v{number}, level {contract.compatibility}: {rollout.order}"
    yield from (f"  {obstacle}" for obstacle in rollout.obstacles)
    yield from (f"  note: {note}" for note in rollout.notes)
    if rollout.order is Order.NONE:
        yield "  help: make a version in between that both sides get along with, or a contract with a topic of its own"
    if rollout.order is Order.NOBODY:
        yield from _unpinned(rollout)
    elif rollout.moves:
        yield from (
            f"  no {table} is pinned: they take the latest when deployed next" for table in _unpinned_tables(rollout)
        )
    if rollout.standing.environments:
        yield ""
        yield "What runs, as deployments.toml has it:"
        yield from (f"  {line}" for line in rollout.standing.lines())
    for position, (title, lines) in enumerate(_steps(rollout, root), start=1):
        yield ""
        yield f"{position}. {title}"
        yield from (f"   {line}" for line in lines)
    if contract.ingest:
        yield ""
        yield "HTTP clients:"
        yield from (f"  {line}" for line in _client_lines(rollout))


def _unpinned(rollout: Rollout) -> Iterator[str]:
    pinned = {**rollout.contract.readers, **rollout.contract.writers}
    if pinned:
        yield f"  every pin in contract.toml is at v{min(pinned.values())} or later"
    else:
        yield "  contract.toml pins nobody: each application takes the latest version when it is next deployed,"
        yield "  in whatever order that happens; pin them in [readers] and [writers] to move them one after the other"


def _unpinned_tables(rollout: Rollout) -> list[str]:
    pins = {"reader": rollout.contract.readers, "writer": rollout.contract.writers}
    return [table for table, apps in pins.items() if not apps]


def _steps(rollout: Rollout, root: Path) -> Iterator[tuple[str, list[str]]]:
    name, number = rollout.contract.name, rollout.version
    if rollout.moves:
        commands = f"pipeline schema check {name} && pipeline schema register {name}"
        yield f"Register v{number}", [commands, f"go on when the registry holds version {number}"]
    for move in rollout.moves:
        apps = ", ".join(sorted({*(change.app for change in move.changes), *(one.app for one in move.running)}))
        yield f"Move the {move.table}: {apps}", list(_move_lines(move, rollout.contract, root))


def _move_lines(move: Move, contract: Contract, root: Path) -> Iterator[str]:
    yield from (f"not before {need}" for need in move.needs)
    if move.changes:
        yield f"{relative_path(contract.folder / 'contract.toml', root)}, [{move.table}]:"
    for change in sorted(move.changes, key=lambda change: change.line or 0):
        yield from _change_lines(change)
    yield from (f"{one.env} still runs {one.app} with v{one.version}" for one in move.running)
    yield from (f"may it go? {ask}" for ask in move.asks)
    yield "python -m codegen, commit, roll them out" if move.changes else "roll them out: their pins are there already"
    yield f"safe because {move.because}"
    yield from (f"go on when {wait}" for wait in move.waits)


def _change_lines(change: PinChange) -> Iterator[str]:
    place = f"{change.line}" if change.line is not None else ""
    yield f"{place:>4} - {change.text or f'{change.app} = {change.before}'}"
    yield f"     + {_moved(change)}"


def _moved(change: PinChange) -> str:
    head, equals, tail = change.text.partition("=")
    if not equals:
        return f"{change.app} = {change.after}"
    return f"{head}={tail.replace(str(change.before), str(change.after), 1)}"


def _client_lines(rollout: Rollout) -> Iterator[str]:
    before, after, number = rollout.accepted_before, rollout.accepted_after, rollout.version
    lost = [shape for shape in before if shape not in after]
    gained = [shape for shape in after if shape not in before]
    api = rollout.contract.writers.get(API, rollout.contract.latest.number)
    yield f"now, while {API} writes v{api}: events in the shape of {_shapes(before)} are accepted"
    if api >= number:
        return
    yield f"once it writes v{number}: {_shapes(after)}"
    if number in before:
        yield f"until then events in the shape of v{number} are turned into v{api}, without what is new"
    for shape in gained:
        yield f"clients that post v{shape} get 422 for what is new in it until then"
    for shape in lost:
        yield f"clients that still post v{shape} get 422 from then on, because v{number} cannot read it:"
        yield f'  move {API} when api_event_shapes_total{{version="{shape}"}} stands still'
    if not lost:
        yield "no client has to change: an old shape ends only with a version that cannot read it"


def _shapes(numbers: Sequence[int]) -> str:
    return ", ".join(f"v{number}" for number in numbers)


def _as_json(rollout: Rollout) -> dict[str, Json]:
    moves: list[Json] = [
        {
            "table": move.table,
            "needs": list(move.needs),
            "because": move.because,
            "go_on_when": list(move.waits),
            "running": [{"environment": one.env, "app": one.app, "version": one.version} for one in move.running],
            "ask": list(move.asks),
            "pins": [
                {"app": change.app, "from": change.before, "to": change.after, "line": change.line}
                for change in move.changes
            ],
        }
        for move in rollout.moves
    ]
    return {
        "contract": rollout.contract.name,
        "version": rollout.version,
        "level": rollout.contract.compatibility,
        "order": rollout.order.value,
        "obstacles": list(rollout.obstacles),
        "notes": list(rollout.notes),
        "moves": moves,
        "shapes_accepted_before": list(rollout.accepted_before),
        "shapes_accepted_after": list(rollout.accepted_after),
    }
