"""The parts of a Flink cluster, laid out as Flink's own scripts look for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.cli import pipeline
from tools.flink import home
from tools.flink.home import FlinkMissing, flink_home, flink_python
from tools.project import this_code


def test_without_the_environment_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FlinkMissing, match="`make flink` does it"):
        flink_python(tmp_path)
    monkeypatch.setattr(flink_python, "__defaults__", (tmp_path,))
    words = ["--root", str(this_code()), "flink", "submit", "user_action", "--checkpoints", "file:///c"]
    assert isinstance(CliRunner().invoke(pipeline, words).exception, FlinkMissing)


def test_scripts_are_copied_and_jars_are_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, connectors = tmp_path / "venv", tmp_path / "connectors"
    wheel = environment / "lib" / "python3.11" / "site-packages" / "pyflink"
    for file in ("bin/jobmanager.sh", "conf/config.yaml", "lib/flink-dist.jar", "opt/flink-python.jar"):
        (wheel / file).parent.mkdir(parents=True, exist_ok=True)
        (wheel / file).touch()
    (environment / "bin").mkdir()
    (environment / "bin" / "python").touch()
    (environment / ".installed").touch()
    connectors.mkdir()
    for jar in ("flink-sql-connector-kafka.jar", "jsr305.jar"):
        (connectors / jar).touch()
    monkeypatch.setattr(home, "require_java", lambda _what: None)
    monkeypatch.setattr(home, "fetch_jars", lambda _name, _coordinates: connectors)
    made = flink_home(environment, tmp_path / "homes")
    found = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    assert found == [
        "bin/jobmanager.sh",
        "conf/config.yaml",
        "lib/flink-dist.jar",
        "lib/flink-sql-connector-kafka.jar",
        "opt/flink-python.jar",
    ]
    assert os.access(made / "bin" / "jobmanager.sh", os.X_OK)
    assert flink_home(environment, tmp_path / "homes") == made
    assert [path.name for path in (tmp_path / "homes").iterdir()] == [made.name]
