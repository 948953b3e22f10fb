"""One redrive at a time on this machine: two at once could not see each other's marks."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consumers.faults import ConsumerError


@contextmanager
def only_one(audit_file: Path, *, is_needed: bool = True) -> Iterator[None]:
    """Holds the audit file, which is made where it is missing. Raises ConsumerError while another one holds it."""
    if not is_needed:
        yield
        return
    try:
        audit_file.parent.mkdir(parents=True, exist_ok=True)
        file = audit_file.open("ab")
    except OSError as error:
        raise ConsumerError(
            f"the audit file {audit_file} cannot be written ({error.strerror}): name another"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConsumerError(f"another redrive is under way (it holds {audit_file}): wait for its end") from None
        yield
