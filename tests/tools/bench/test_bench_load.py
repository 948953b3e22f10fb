"""What is read from the load generator, and what a figure that is void looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.bench import load
from tools.bench.case import NotHere
from tools.bench.load import LoadFailed, Report, Target, find_generator, read_report, run_load

LINE = {
    "requests": 1000,
    "duration_us": 2_000_000,
    "refused": 0,
    "broken": 0,
    "p50_us": 1500,
    "p99_us": 9000,
    "p999_us": 20000,
}


def test_refused_requests_are_no_part_of_the_rate() -> None:
    assert read_report({**LINE, "refused": 200, "broken": 3}) == Report(400.0, 1.5, 9.0, 20.0, 200, 3)


def _generator(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    program = folder / "wrk"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(load, "find_generator", lambda: (program, {}))


def test_the_last_line_is_the_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = str(LINE).replace("'", '"')
    _generator(monkeypatch, tmp_path, f"echo \"$@\" > {tmp_path}/arguments; echo Running; echo '{line}'")
    report = run_load(Target("http://127.0.0.1:9/x", tmp_path / "b.json", lines=True), 8, 1.2, rate=50)
    assert report.rate == 500.0
    said = (tmp_path / "arguments").read_text()
    assert "-c8 -d2s" in said
    assert said.endswith(f"-- application/json lines {tmp_path}/b.json 50\n")


def test_a_figure_of_refused_requests_is_void(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = str({**LINE, "refused": 7}).replace("'", '"')
    _generator(monkeypatch, tmp_path, f"echo '{line}'")
    target = Target("http://127.0.0.1:9/x")
    with pytest.raises(LoadFailed, match=r"7 were not answered with 2xx and 0 broke, .* void"):
        run_load(target, 1, 1)
    assert run_load(target, 1, 1, may_fail=True).failed == 7


def test_no_answer_at_all_is_no_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = str({**LINE, "requests": 0}).replace("'", '"')
    _generator(monkeypatch, tmp_path, f"echo '{line}'")
    with pytest.raises(LoadFailed, match="answered nothing within 1 s"):
        run_load(Target("http://127.0.0.1:9/x"), 1, 1)


def test_a_generator_that_fails_is_named_with_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _generator(monkeypatch, tmp_path, "echo 'unable to connect' >&2; exit 1")
    with pytest.raises(LoadFailed, match="unable to connect"):
        run_load(Target("http://127.0.0.1:9/x"), 1, 1)


def test_without_a_generator_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(load, "_HOME", tmp_path / "wrk-unpacked")
    with pytest.raises(NotHere, match="apt-get install wrk"):
        find_generator()
