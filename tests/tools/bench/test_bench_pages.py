"""The record of a run, its tables, charts, pages and sizes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.tools.bench.fake_outcomes import measured, outcome
from tools.bench.case import Aim
from tools.bench.pages import write_pages
from tools.bench.plot import bar_chart, line_chart
from tools.bench.record import UnreadableRecord, read_record
from tools.bench.sizing import Inputs, NothingMeasured, inputs_from, size_for
from tools.bench.table import outcome_lines, shown


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = measured()
    record.write(tmp_path / "run.json")
    again = read_record(tmp_path / "run.json")
    assert [each.as_json() for each in again.run.outcomes] == [each.as_json() for each in record.run.outcomes]
    assert (again.machine, again.run.left_out, again.run.failed) == (
        record.machine,
        record.run.left_out,
        record.run.failed,
    )


@pytest.mark.parametrize("text", ["", "[]", '{"outcomes": []}', '{"outcomes": [1]}'])
def test_what_is_no_record_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UnreadableRecord, match=r"run\.json is no record of a run"):
        read_record(tmp_path / "run.json")


@pytest.mark.parametrize(("value", "text"), [(1234.5, "1,234"), (99.95, "100"), (0.5, "0.5"), (12.34, "12.3")])
def test_figures_have_the_digits_that_count(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_case_is_shown_with_its_floor_and_its_aim() -> None:
    shown_case = outcome("encode", "v1", {"product": [20.0], "floor": [10.0]}, Aim("rate", "floor", 1.5))
    figures, verdict = outcome_lines(shown_case)
    assert "product 20 ±0 % | floor 10 ±0 %" in figures
    assert "2.00 (2.00 to 2.00) of floor; aim ≥ 1.5: met" in verdict


def test_the_pages_hold_every_row_and_what_was_left_out(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path).as_posix() for path in write_pages(measured(), tmp_path)}
    assert written == {
        "benchmarks.json",
        "benchmarks.md",
        "sizing.md",
        "benchmarks/aims.svg",
        "benchmarks/grow-fields.svg",
    }
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| 500 fields | rate, /s |" in page
    assert "**memory of the API** was left out: it is read from /proc" in page
    assert "failed: it was answered 500" in page
    assert "Java" not in page
    assert "| 1,000,000 | 834 | 167 | 84 | 100 | 100 |" in (tmp_path / "sizing.md").read_text()


def _parsed(chart: str) -> ET.Element:
    return ET.fromstring(chart)  # noqa: S314 - our own text


def test_charts_are_well_formed_and_escape_what_they_name() -> None:
    lines = line_chart("a < b", "x", "/s", {"p & q": [(1, 0.0), (1000, 50.0)], "r": [(1, 5.0), (1000, 7.0)]})
    bars = bar_chart("aims", [("half <met>", 0.5), ("far beyond", 9.0), ("never", float("inf"))])
    assert len(_parsed(lines).findall("{*}polyline")) == 2
    assert "half <met>" in [each.text for each in _parsed(bars).findall("{*}text")]


def test_a_chart_of_one_point_or_of_nothing_but_zeros_is_drawn() -> None:
    assert _parsed(line_chart("t", "x", "y", {"a": [(1, 0.0)]})).findall("{*}circle")


INPUTS = Inputs(single=2_000, batch=10_000, consumer=20_000, produced=50_000, json_bytes=350, record_bytes=200)


def test_sizes_follow_from_the_measured_limits() -> None:
    size = size_for(100_000, INPUTS)
    assert (size.single_workers, size.batch_workers, size.consumers) == (84, 17, 9)
    assert (size.partitions, size.brokers, size.megabytes) == (10, 10, 20.0)


def test_little_needs_one_of_each_and_brokers_of_which_one_may_fail() -> None:
    size = size_for(10, INPUTS)
    assert (size.single_workers, size.batch_workers, size.consumers, size.partitions, size.brokers) == (1, 1, 1, 3, 3)


def test_no_size_is_made_up_where_a_row_was_not_run() -> None:
    with pytest.raises(NothingMeasured, match="the row single"):
        inputs_from([], 1.0, 1.0)
