"""Hands a job to a cluster by PyFlink: run by the interpreter of `.venv-flink`, which has nothing of ours.

It reads `{"jobmanager": "host:port", "settings": {…}, "statements": […]}` from stdin, and prints the id of the job.
"""

from __future__ import annotations

import json
import sys

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment


def submit() -> str:
    """Run the statements in order; the last one is the INSERT, whose job's id is given back."""
    asked = json.load(sys.stdin)
    host, _, port = asked["jobmanager"].rpartition(":")
    configuration = Configuration()
    for key, value in {
        "execution.target": "remote",
        "rest.address": host,
        "rest.port": port,
        **asked["settings"],
    }.items():
        configuration.set_string(key, value)
    settings = EnvironmentSettings.new_instance().with_configuration(configuration).in_streaming_mode().build()
    tables = TableEnvironment.create(settings)
    *definitions, insert = asked["statements"]
    for definition in definitions:
        tables.execute_sql(definition)
    return str(tables.execute_sql(insert).get_job_client().get_job_id())


if __name__ == "__main__":
    print(json.dumps({"job": submit()}), flush=True)
