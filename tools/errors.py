"""What a person at the terminal can cause: one sentence, one exit code, never a traceback."""

from __future__ import annotations


class UserError(Exception):
    """A mistake or a condition that the person at the terminal can mend.

    The text is one sentence that says what, where and what to do. The command line prints it as `error: …` and exits
    with `exit_code`: 2 means "could not do it", as opposed to 1, "did it and the answer is no".
    """

    exit_code: int = 2
