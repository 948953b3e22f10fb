"""`pipeline consume table`: the records of a contract as the rows of a database table, one for each key.

At least once, and a row is written so that a record which comes again changes nothing: rows are exact after any crash.
Of `activity_count`, whose records are counts, a table is the result to be asked in SQL. What an aborted transaction
held is not read.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Final

from consumers.decoding.deserializer import Decoded
from consumers.options import ConsumerOptions
from consumers.running.runner import Setup, run
from consumers.running.sending import Sending
from consumers.table.columns import key_text, table_of
from consumers.table.database import Change, Database

APP: Final = "table"


@dataclass(slots=True)
class TableHandler:
    """Writes what came since the last commit in one transaction of the database, before the offsets move."""

    database: Database
    _pending: list[tuple[int, Change]] = field(default_factory=list)

    def assign(self, partitions: Collection[int]) -> None:
        """The rows are in the database."""

    def handle(self, decoded: Decoded) -> None:
        record, value = decoded.record, decoded.value
        if value is None and decoded.writer is not None:
            return  # another contract's
        row = None if value is None else self.database.table.row(record, value)
        self._pending.append((record.partition, Change(key_text(record.key), row)))

    def flush(self, timeout_s: float) -> None:
        del timeout_s
        if self._pending:
            self.database.write(change for _, change in self._pending)
            self._pending.clear()

    def discard(self, partitions: Collection[int]) -> None:
        self._pending = [each for each in self._pending if each[0] not in partitions]


def run_table(url: str, options: ConsumerOptions, name: str | None = None) -> int:
    """Write rows until stopped; the exit code. Raises ConsumerError for what a person must mend."""

    with ExitStack() as stack:

        def make_handler(setup: Setup, _sending: Sending) -> TableHandler:
            database = Database(url, table_of(setup.contract, setup.choice.version, name))
            return TableHandler(stack.enter_context(closing(database)))

        return run(APP, options, make_handler)
