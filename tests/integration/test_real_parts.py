"""The main job and a schema change on Apache Kafka, with our registry and with Apicurio."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools.project import this_code

pytestmark = [pytest.mark.usefixtures("java_parts"), pytest.mark.timeout(300)]
AGREES = "Every accepted event was seen by every consumer, and the totals agree."


def run_pipeline(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tools.cli", *arguments],
        cwd=this_code(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_main_job_on_three_brokers_with_our_registry() -> None:
    said = run_pipeline("demo", "--broker", "kafka", "--brokers", "3", "--events", "2000", "--seed", "11")
    assert "(kafka: records end with it)" in " ".join(said.split())  # a long line is broken somewhere
    assert "(embedded)" in said
    assert AGREES in said


def test_the_main_job_on_one_broker_with_apicurio() -> None:
    said = run_pipeline("demo", "--broker", "kafka", "--registry", "apicurio", "--events", "3000")
    assert "/apis/ccompat/v7 (apicurio)" in said
    assert AGREES in said


@pytest.mark.parametrize("registry", ["embedded", "apicurio"])
def test_a_schema_change_under_load(registry: str) -> None:
    """On one broker; with our registry it is at the same time the main job there."""
    said = run_pipeline("evolve", "--broker", "kafka", "--registry", registry)
    assert "the registry: 409, incompatible" in said
    assert AGREES in said
