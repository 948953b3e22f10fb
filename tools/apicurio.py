"""Apicurio Registry, from Maven Central: a registry of another make, by its Confluent-compatible API, for testing.

Measured with 3.0.9 on Java 17 and two cores: see docs/kafka.md, which also lists where its answers are its own.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Final

from tools.maven import fetch_archive, require_java
from tools.ports import LOCALHOST

COORDINATE: Final = "io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all"
PATH: Final = "/apis/ccompat/v7"
# A new Confluent registry holds this level; Apicurio begins with NONE, under which it would refuse nothing.
LEVEL: Final = "BACKWARD"
_JVM: Final = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def apicurio_url(port: int) -> str:
    """What `SCHEMA_REGISTRY_URL` says."""
    return f"http://{LOCALHOST}:{port}{PATH}"


def apicurio_command(port: int, folder: Path) -> list[str]:
    """The command that runs it, in memory, with its temporary files in `folder`. Fetches it where it is missing.

    Raises JavaMissing and MavenFailed.
    """
    require_java("Apicurio Registry")
    (runner,) = fetch_archive("apicurio-registry", COORDINATE).glob("*-runner.jar")
    options = {
        "quarkus.http.host": LOCALHOST,
        "quarkus.http.port": str(port),
        "quarkus.log.level": "WARN",
        "quarkus.http.access-log.enabled": "false",
        "java.io.tmpdir": str(folder),
    }
    return ["java", *_JVM, *(f"-D{name}={value}" for name, value in options.items()), "-jar", str(runner)]


def set_first_level(url: str) -> None:
    """Give it the global level of a new Confluent registry."""
    request = urllib.request.Request(  # noqa: S310 - an http URL of this machine
        f"{url}/config",
        method="PUT",
        data=json.dumps({"compatibility": LEVEL}).encode(),
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass
