"""Java programs from Maven Central: fetched once, kept below `.pipeline/java`, for those who want the real parts.

Everything else in the house runs without Java. A folder is named by a hash of what was asked for, so that another
version is another folder, and what is there is complete.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tools.errors import UserError
from tools.project import this_code

CACHE: Final = this_code() / ".pipeline" / "java"
LEAST_JAVA: Final = 17
_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin"
# The last line of versions whose `copy` reads no POM: later ones want that of a parent, which not everybody publishes.
_COPY: Final = f"{_PLUGIN}:2.10:copy"
_COPY_DEPENDENCIES: Final = f"{_PLUGIN}:3.11.0:copy-dependencies"
_TIMEOUT_S: Final = 900
_INSTALL: Final = (
    f"install Java {LEAST_JAVA} or later and Maven (on Debian and Ubuntu: apt-get install default-jdk-headless maven; "
    "on macOS: brew install openjdk maven)"
)
_POM: Final = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>schema-pipeline</groupId>
  <artifactId>fetched</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
%s  </dependencies>
</project>
"""


class JavaMissing(UserError):
    """This machine has no Java, none that is new enough, or no Maven."""


class MavenFailed(UserError):
    """Maven could not fetch what was asked for."""


def require_java(what: str) -> None:
    """Raise JavaMissing, with one sentence that says what to install, unless `what` can be fetched and run here."""
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if missing:
        raise JavaMissing(f"{what} needs {' and '.join(missing)}, which this machine has not: {_INSTALL}")
    done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)  # noqa: S607 - as found
    version = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    if version is None or int(version[1]) < LEAST_JAVA:
        found = f"Java {version[1]}" if version else "a `java` that does not run"
        raise JavaMissing(f"{what} needs Java {LEAST_JAVA}, and this machine has {found}: {_INSTALL}")


def fetch_jars(name: str, coordinates: Sequence[str], cache: Path = CACHE) -> Path:
    """The folder with the jars of `group:artifact:version` coordinates and all that they need."""
    dependencies = "".join(
        "    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>\n".format(
            *coordinate.split(":")
        )
        for coordinate in coordinates
    )
    pom = _POM % dependencies

    def fetch(making: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pom.xml"
            file.write_text(pom, encoding="utf-8")
            making.mkdir()
            options = ["-DincludeScope=runtime", f"-DoutputDirectory={making}"]
            _run_maven(["--file", str(file), _COPY_DEPENDENCIES, *options], name)

    return _cached(name, pom, fetch, cache)


def fetch_archive(name: str, coordinate: str, cache: Path = CACHE) -> Path:
    """The folder with the unpacked content of a `group:artifact:version:tar.gz:classifier`."""

    def fetch(making: Path) -> None:
        with tempfile.TemporaryDirectory(dir=making.parent) as folder:
            _run_maven([_COPY, f"-Dartifact={coordinate}", f"-DoutputDirectory={folder}"], name)
            (archive,) = Path(folder).glob("*.tar.gz")
            with tarfile.open(archive) as content:
                content.extractall(making, filter="data")

    return _cached(name, coordinate, fetch, cache)


def _cached(name: str, asked: str, fetch: Callable[[Path], None], cache: Path) -> Path:
    """The folder for what was asked: made now by `fetch`, unless it is there."""
    kept = cache / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"
    if kept.is_dir():
        return kept
    require_java(name)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="unfinished-") as unfinished:
        making = Path(unfinished) / name
        fetch(making)
        try:
            making.rename(kept)
        except OSError:
            # Another process may have finished first; what it made is the same.
            if not kept.is_dir():
                raise
    return kept


def _run_maven(arguments: Sequence[str], name: str) -> None:
    command = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", *arguments]
    # In a folder without a pom.xml: Maven would otherwise read the one that happens to lie there.
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise MavenFailed(
                f"Maven did not fetch {name} within {_TIMEOUT_S} s: is Maven Central reachable?"
            ) from None
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        reason = lines[0].removeprefix("[ERROR] ").strip() if lines else done.stderr.strip()
        raise MavenFailed(f"Maven could not fetch {name}; is Maven Central reachable? It says: {reason}")
