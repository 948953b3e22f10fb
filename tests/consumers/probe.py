"""A handler for tests: writes down what it takes, is busy once at each tenth record, and refuses purchases for good."""

from pathlib import Path

from codegen.runtime import AvroModel
from consumers.faults import TransientError
from consumers.record import Record

busy: set[str] = set()


def take(event: AvroModel, record: Record) -> None:
    if record.offset % 10 == 0 and record.place not in busy:
        busy.add(record.place)
        raise TransientError("busy")
    if event.action.value == "purchase":  # type: ignore[attr-defined] - every version has it
        raise ValueError("not for sale")
    with Path("taken.txt").open("a", encoding="utf-8") as file:
        file.write(f"{record.place}\n")
