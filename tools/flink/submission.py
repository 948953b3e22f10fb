"""Hands a job to a cluster: the part on our side of the interpreter that has PyFlink."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from tools.errors import UserError
from tools.flink.home import flink_home, flink_python
from tools.flink.job import Job

_SCRIPT: Final = Path(__file__).with_name("submit.py")
# Starting a JVM, planning and sending the job.
_TIMEOUT_S: Final = 600


class SubmissionFailed(UserError):
    """Flink did not take the job."""

    exit_code = 1


def submit_job(job: Job, jobmanager: str) -> str:
    """The id of the job, which runs when this returns. Raises FlinkMissing, JavaMissing and SubmissionFailed."""
    asked = {"jobmanager": jobmanager, "settings": dict(job.settings), "statements": job.statements}
    try:
        done = subprocess.run(
            [str(flink_python()), "-I", str(_SCRIPT)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
            env={**os.environ, "FLINK_HOME": str(flink_home())},
        )
    except subprocess.TimeoutExpired:
        raise SubmissionFailed(f"{jobmanager} did not take the job within {_TIMEOUT_S} s: is Flink there?") from None
    if done.returncode != 0:
        causes = [line.strip() for line in done.stderr.splitlines() if "Caused by:" in line]
        said = causes[-1] if causes else (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise SubmissionFailed(f"Flink at {jobmanager} did not take the job; it says: {said}")
    return str(json.loads(done.stdout.splitlines()[-1])["job"])
