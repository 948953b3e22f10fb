"""Greets a person at the first login. `pipeline consume run greetings:welcome` runs it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from codegen.models.activity_count.v1 import ActivityCount
from codegen.models.user_action.v2 import Action, UserAction
from consumers.effects import Produce
from consumers.faults import TransientError

FILE = Path("greetings.db")


def welcome(event: UserAction) -> list[Produce]:
    if event.action is not Action.LOGIN:
        return []
    if "@" in event.user_id:
        raise ValueError("a user id is no mail address")  # for good: this record goes to events.dlq
    try:
        remember(event)
    except sqlite3.OperationalError as error:
        raise TransientError(str(error)) from error  # locked: tried again in a moment
    return [Produce(greeting(event))]


def remember(event: UserAction) -> None:
    """Idempotent, because after a crash a record comes again."""
    with closing(sqlite3.connect(FILE)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS greeted (event_id TEXT PRIMARY KEY, user_id TEXT)")
        database.execute("INSERT OR REPLACE INTO greeted VALUES (?, ?)", (str(event.event_id), event.user_id))


def greeting(event: UserAction) -> ActivityCount:
    return ActivityCount(
        bucket=f"greeted|{event.event_id}",
        source_topic="events",
        source_partition=0,
        window_start=event.occurred_at,
        action="login",
        count=1,
        next_offset=0,
    )
