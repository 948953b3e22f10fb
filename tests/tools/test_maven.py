"""Fetching Java programs, with programs of our own in place of `java` and `mvn`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.maven import JavaMissing, MavenFailed, fetch_archive, fetch_jars, require_java

JAVA_17 = "print('openjdk version \"17.0.1\" 2021-10-19', file=sys.stderr)"
# Each call leaves a line in `calls`; `copy-dependencies` writes a jar, `copy` an archive.
MAVEN = """
import pathlib, tarfile
folder = pathlib.Path(__file__).parent
with (folder / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + chr(10))
target = pathlib.Path(next(word for word in sys.argv if word.startswith("-DoutputDirectory=")).partition("=")[2])
if any(word.endswith(":copy-dependencies") for word in sys.argv):
    (target / "a.jar").write_text("a jar")
else:
    (target / "runner.jar").write_text("a runner")
    with tarfile.open(target / "app.tar.gz", "w:gz") as archive:
        archive.add(target / "runner.jar", "app-runner.jar")
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found; Java and Maven are in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    install(folder, "java", JAVA_17)
    install(folder, "mvn", MAVEN)
    return folder


def install(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!{sys.executable}\nimport sys\n{body}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("absent", "named"), [(["java"], "java"), (["mvn"], "mvn"), (["java", "mvn"], "java and mvn")])
def test_what_is_missing_is_named_with_what_to_install(programs: Path, absent: list[str], named: str) -> None:
    for name in absent:
        (programs / name).unlink()
    with pytest.raises(JavaMissing) as missing:
        require_java("Apache Kafka")
    assert str(missing.value).startswith(f"Apache Kafka needs {named}, which this machine has not: install Java 17")
    assert "apt-get install" in str(missing.value)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("print('java version \"1.8.0_392\"', file=sys.stderr)", "this machine has Java 8"),
        ("print('openjdk version \"11.0.2\"', file=sys.stderr)", "this machine has Java 11"),
        ("sys.exit('Unable to locate a Java Runtime.')", "a `java` that does not run"),
    ],
)
def test_an_old_java_is_none(programs: Path, body: str, found: str) -> None:
    install(programs, "java", body)
    with pytest.raises(JavaMissing, match=f"needs Java 17, and .*{found}"):
        require_java("Apache Kafka")


@pytest.mark.usefixtures("programs")
def test_a_new_java_is_taken() -> None:
    require_java("Apache Kafka")


def test_jars_are_fetched_once_for_the_same_coordinates(programs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = fetch_jars("thing", ["org.example:thing:1"], cache)
    assert (first / "a.jar").read_text(encoding="utf-8") == "a jar"
    assert fetch_jars("thing", ["org.example:thing:1"], cache) == first
    assert fetch_jars("thing", ["org.example:thing:2"], cache) != first
    assert len((programs / "calls").read_text(encoding="utf-8").splitlines()) == 2
    assert sorted(path.name[:6] for path in cache.iterdir()) == ["thing-", "thing-"]


@pytest.mark.usefixtures("programs")
def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    found = fetch_archive("thing", "org.example:thing:1:tar.gz:all", tmp_path / "cache")
    assert [path.name for path in found.iterdir()] == ["app-runner.jar"]


def test_what_is_there_needs_no_maven(programs: Path, tmp_path: Path) -> None:
    first = fetch_jars("thing", ["org.example:thing:1"], tmp_path / "cache")
    (programs / "mvn").unlink()
    assert fetch_jars("thing", ["org.example:thing:1"], tmp_path / "cache") == first


def test_a_failed_fetch_is_one_sentence_and_leaves_nothing(programs: Path, tmp_path: Path) -> None:
    install(programs, "mvn", "print('[ERROR] no such artifact'); sys.exit(1)")
    cache = tmp_path / "cache"
    with pytest.raises(MavenFailed, match=r"could not fetch thing; is Maven Central reachable\? It says: no such"):
        fetch_jars("thing", ["org.example:thing:1"], cache)
    assert list(cache.iterdir()) == []
