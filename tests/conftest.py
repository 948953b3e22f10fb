"""Fixtures for every room: an embedded broker, Avro for Java, and an environment that says nothing.

Hypothesis: `HYPOTHESIS_PROFILE=long` tries thousands of examples (`soak` tens of thousands), the default a modest
number; `first` shows what fails as it was drawn. In CI the examples are the same each time, because it judges a change;
a person's run looks further each time.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

from codegen.native.build import NoBuild, build, load_engine
from tests.java_oracle import JavaMissingError, JavaOracle, require_java
from tools.broker import EmbeddedBroker
from tools.maven import JavaMissing
from tools.maven import require_java as require_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType


_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "short", max_examples=40, deadline=None, suppress_health_check=_SLOW, derandomize="CI" in os.environ
)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("soak", parent=settings.get_profile("long"), max_examples=20_000)
settings.register_profile("first", parent=settings.get_profile("long"), phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    """One broker for all tests of a worker: give your topics and groups names of their own."""
    with EmbeddedBroker() as embedded:
        yield embedded


@pytest.fixture(scope="session")
def native_engine(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The compiled transcoder, built for the tests alone; skipped where there is no C compiler, but not in CI."""
    folder = tmp_path_factory.mktemp("native")
    try:
        build(folder)
    except NoBuild as missing:
        if "CI" in os.environ:
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    engine = load_engine(folder)
    assert engine is not None
    return engine


@pytest.fixture(scope="session")
def java_oracle() -> Iterator[JavaOracle]:
    """Apache Avro for Java. Whoever asks it is marked `java`; where there is no Java it is skipped, but not in CI."""
    try:
        require_java()
    except JavaMissingError as missing:
        if "CI" in os.environ:
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with JavaOracle() as oracle:
        yield oracle


@pytest.fixture(scope="session")
def java_parts() -> None:
    """Java and Maven, for Apache Kafka and Apicurio. Whoever takes it is marked `kafka`; skipped without, not in CI."""
    try:
        require_parts("a test with real parts")
    except JavaMissing as missing:
        if "CI" in os.environ:
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def apicurio(java_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one Apicurio Registry for all tests of a worker, level BACKWARD: give your subjects new names."""
    from tests.integration.real_parts import apicurio_registry

    with apicurio_registry(tmp_path_factory.mktemp("apicurio")) as url:
        yield url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks Java is marked so: `make test` has to do without."""
    for item in items:
        for fixture, mark in (("java_oracle", "java"), ("java_parts", "kafka")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was compared with Avro for Java, and in how many cases each known difference was met."""
    totals: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for title, counts in report.user_properties:
            if title.startswith("java: "):
                totals.setdefault(title, Counter()).update(counts)
    for title, total in totals.items():
        terminalreporter.write_sep("-", title)
        for name, count in total.most_common():
            terminalreporter.write_line(f"{count:>9,}  {name.replace('_', ' ')}")


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable of ours is set and no `.env` is near; the current folder, an empty one, is returned."""
    for name in list(os.environ):
        if name.startswith(("KAFKA_", "SCHEMA_REGISTRY_", "READER_", "WRITER_", "CALF_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
