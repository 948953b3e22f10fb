"""What a Flink cluster here consists of: the optional environment `.venv-flink`, and jars from Maven Central."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tools.errors import UserError
from tools.maven import fetch_jars, require_java
from tools.project import this_code

ENVIRONMENT: Final = this_code() / ".venv-flink"
HOMES: Final = this_code() / ".pipeline" / "flink"
# The connector for Kafka is built for Flink 2.2 and up; the format comes with Flink itself.
CONNECTORS: Final = (
    "org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2",
    "org.apache.flink:flink-sql-avro-confluent-registry:2.3.0",
)


class FlinkMissing(UserError):
    """The optional environment of Flink is not there."""


def flink_python(environment: Path = ENVIRONMENT) -> Path:
    """The interpreter that has PyFlink. Raises FlinkMissing."""
    python = environment / "bin" / "python"
    if not (environment / ".installed").is_file() or not python.exists():
        raise FlinkMissing(
            f"Apache Flink is not installed in {environment}: `make flink` does it (Python 3.11, 0.8 GB on the disk)"
        )
    return python


def flink_home(environment: Path = ENVIRONMENT, homes: Path = HOMES) -> Path:
    """A folder as Flink's own scripts want it: the wheel's scripts and settings, and in `lib` the connectors too.

    Made once, below `.pipeline/flink`. Raises FlinkMissing, JavaMissing and MavenFailed.
    """
    flink_python(environment)
    require_java("Apache Flink")
    (wheel,) = environment.glob("lib/python3*/site-packages/pyflink")
    connectors = fetch_jars("flink-connectors", CONNECTORS)
    asked = f"{wheel} {connectors}"
    home = homes / f"home-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"
    if home.is_dir():
        return home
    homes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=homes, prefix="unfinished-") as unfinished:
        making = Path(unfinished) / "home"
        _make_home(making, wheel, connectors)
        try:
            making.rename(home)
        except OSError:
            # Another process may have finished first; what it made is the same.
            if not home.is_dir():
                raise
    return home


def _make_home(home: Path, wheel: Path, connectors: Path) -> None:
    """The scripts find everything from their own real place, so they and the folders are copies; the jars are links."""
    home.mkdir()
    for folder in ("bin", "conf"):
        shutil.copytree(wheel / folder, home / folder)
    for script in (home / "bin").glob("*.sh"):
        script.chmod(0o755)
    (home / "plugins").mkdir()
    jars = {
        "lib": [*(wheel / "lib").glob("*.jar"), *connectors.glob("flink-*.jar")],
        "opt": (wheel / "opt").glob("*.jar"),
    }
    for folder, files in jars.items():
        (home / folder).mkdir()
        for jar in files:
            (home / folder / jar.name).symlink_to(jar)
