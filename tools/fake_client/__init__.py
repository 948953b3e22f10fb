"""The fake client: activity that looks real, posted to the API over HTTP, and an account of every answer.

    options → bodies (activity or another contract's events, some wrong on purpose) → sender → answers → report

Everything about an event follows from the seed and the start time: the same options make the same bytes in the same
order. Answers, retries and latencies are the network's and differ from run to run.
"""

from __future__ import annotations

from tools.fake_client.command import run_send
from tools.fake_client.options import SendOptions, SendOptionsError
from tools.fake_client.report import SendReport
from tools.fake_client.sender import ApiUnreachableError, send

__all__ = ["ApiUnreachableError", "SendOptions", "SendOptionsError", "SendReport", "run_send", "send"]
