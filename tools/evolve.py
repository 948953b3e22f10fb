"""`pipeline evolve`: a whole schema change under load, in a temporary copy of the project.

Version 1 everywhere, clients of version 1 posting; the gate passes version 2; readers move first, then the writer, and
the old clients go on; a breaking version 3 is refused by the gate and by the registry. No event may be lost, refused
or undecodable at any step.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console

from tools.child import ChildError
from tools.fake_client import SendOptions
from tools.load import Load
from tools.parts import EMBEDDED, Parts
from tools.project import copy_project
from tools.run import STALL_TIMEOUT_S, Work, close_books, seen_by, show_books, wait_drained
from tools.signals import stop_requested
from tools.stack import CONSUMERS, Stack, StackOptions

CONTRACT: Final = "user_action"
_RATE: Final = 200.0
_STEP_S: Final = 3.0


class StepFailed(ChildError):
    """A step of the story went another way than it must."""


@dataclass(frozen=True, slots=True)
class EvolveOptions:
    """`keep` leaves the temporary copy of the project behind."""

    root: Path
    keep: bool = False
    parts: Parts = EMBEDDED


def run_evolve(options: EvolveOptions, out: TextIO) -> int:
    """Play the story; 0 if it went as it must and the books add up."""
    console = Console(file=out, highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="evolve-"))
    work = Work(folder, options.keep)
    try:
        project = copy_project(options.root, folder / "project")
        console.print(f"a copy of the project is in {project}")
        with stop_requested() as stop:
            parts = StackOptions(
                root=project,
                work=folder / "logs",
                parts=options.parts,
            )
            code = _play(parts, console, stop, work)
    except BaseException:
        work.keep = True
        raise
    finally:
        if not work.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return code


def _play(parts: StackOptions, console: Console, stop: threading.Event, work: Work) -> int:
    v2 = take_back_to_v1(parts.root)
    with Stack(parts, lambda line: console.print(f"  {line}")) as stack:
        story = _Story(stack, parts.root, v2, console, stop)
        story.play()
        stack.stop()
    return show_books(console, stack, close_books(stack, *(load.result() for load in story.loads)), work)


def take_back_to_v1(project: Path) -> str:
    """Leave version 1 alone in the copy, everything pinned to it; gives back the text of version 2."""
    folder = project / "schemas" / CONTRACT
    for path in folder.glob("v*.avsc"):
        if path.name not in ("v1.avsc", "v2.avsc"):
            path.unlink()
    v2 = (folder / "v2.avsc").read_text(encoding="utf-8")
    (folder / "v2.avsc").unlink()
    pin(project, "writers", 1)
    pin(project, "readers", 1)
    return v2


def pin(project: Path, table: str, version: int) -> None:
    """Set every pin of a table of `contract.toml`."""
    path = project / "schemas" / CONTRACT / "contract.toml"
    head, mark, rest = path.read_text(encoding="utf-8").partition(f"[{table}]\n")
    body, other, tail = rest.partition("\n[")
    path.write_text(head + mark + re.sub(r"= \d+", f"= {version}", body) + other + tail, encoding="utf-8")


@dataclass(slots=True)
class _Story:
    stack: Stack
    project: Path
    v2: str
    console: Console
    stop: threading.Event
    loads: list[Load] = field(default_factory=list)

    def play(self) -> None:
        steps: list[tuple[str, Callable[[], None]]] = [
            ("1. Version 1 everywhere, under load from clients of version 1", self.start_with_v1),
            ("2. Version 2 is written; the gate passes it, and it is registered", self.add_v2),
            ("3. Readers move first, one after the other", self.move_readers),
            ("4. Then the writer; old clients go on posting version 1, new ones post version 2", self.move_writer),
            ("5. A breaking version 3 is refused, by the gate and by the registry", self.refuse_v3),
            ("6. The load ends, everything drains", self.drain),
        ]
        for title, step in steps:
            self.console.print(title, style="bold")
            step()

    def start_with_v1(self) -> None:
        self.stack.run_command("codegen", "--clean")
        self.stack.start_base()
        self.stack.start_api()
        self.stack.start_consumers()
        self._send(schema_version=1, seed=1)
        self._go_on()

    def add_v2(self) -> None:
        published = self.project.parent / "published"
        shutil.copytree(self.project / "schemas", published)
        (self.project / "schemas" / CONTRACT / "v2.avsc").write_text(self.v2, encoding="utf-8")
        self.stack.run_command("schema", "check", "--no-drift", "--against", str(published))
        self.console.print("  the gate: version 2 holds")
        self.stack.run_command("codegen")
        self.stack.register()
        self._go_on()

    def move_readers(self) -> None:
        pin(self.project, "readers", 2)
        self._check_and_generate()
        for name in CONSUMERS:
            self.stack.stop_consumers([name])
            self.stack.start_consumers([name])
            self.console.print("  … now reads version 2")
        self._go_on()

    def move_writer(self) -> None:
        pin(self.project, "writers", 2)
        self._check_and_generate()
        self.stack.stop_api()
        self.stack.start_api()
        self._send(schema_version=2, seed=2)
        self._go_on()

    def refuse_v3(self) -> None:
        schema = json.loads(self.v2)
        schema["fields"].append({"name": "tenant", "type": "string", "doc": "Required from now on: this breaks."})
        path = self.project / "schemas" / CONTRACT / "v3.avsc"
        path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
        try:
            self.stack.run_command("schema", "check", "--no-drift")
        except ChildError as error:
            self.console.print(f"  the gate: {_first_finding(str(error))}", markup=False)
        else:
            raise StepFailed("the gate let a breaking version 3 pass")
        status = self._register_by_hand(json.dumps(schema))
        if status != 409:
            raise StepFailed(f"the registry answered {status} to a breaking version 3, not 409")
        self.console.print("  the registry: 409, incompatible")
        path.unlink()
        self._go_on()

    def drain(self) -> None:
        for load in self.loads:
            load.stop()
        accepted = sum(load.result().accepted for load in self.loads)
        wait_drained(self.stack, accepted, threading.Event())

    def _check_and_generate(self) -> None:
        self.stack.run_command("codegen")
        self.stack.run_command("schema", "check", "--against", str(self.project / "schemas"))

    def _send(self, schema_version: int, seed: int) -> None:
        options = SendOptions(
            url=self.stack.api_url, rate=_RATE, concurrency=8, schema_version=schema_version, seed=seed
        )
        self.loads.append(Load(options))
        self.loads[-1].start()

    def _go_on(self) -> None:
        """Let the load run on for a while, and see that records arrive."""
        before = seen_by(self.stack)
        begun = time.monotonic()
        while (passed_s := time.monotonic() - begun) < _STEP_S or (
            passed_s < STALL_TIMEOUT_S and _idle(before, seen_by(self.stack))  # a busy machine takes its time
        ):
            self.stack.check()
            if self.stop.wait(0.1):
                raise StepFailed("stopped")
        for load in self.loads:
            if not load.running:
                load.result()
                raise StepFailed("the fake client ended by itself")
        seen = seen_by(self.stack)
        self.console.print("  " + ", ".join(f"{name} saw {count:,}" for name, count in seen.items()))
        for name in _idle(before, seen):
            raise StepFailed(f"the consumer {name} saw nothing for {STALL_TIMEOUT_S:.0f} s")

    def _register_by_hand(self, schema: str) -> int:
        """What somebody would meet who went around the gate: the registry's own check."""
        subject = f"{self.stack.registry_url}/subjects/events-value/versions"
        request = urllib.request.Request(  # noqa: S310 - an http URL of this machine
            subject,
            data=json.dumps({"schema": schema}).encode(),
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


def _idle(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """The consumers that have seen nothing since."""
    return [name for name, count in now.items() if count <= before.get(name, 0)]


def _first_finding(text: str) -> str:
    """The first line that names the field; the whole report is long."""
    return next((line.strip() for line in text.splitlines() if "tenant" in line), text.splitlines()[0])
