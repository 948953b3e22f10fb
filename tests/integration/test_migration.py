"""`pipeline registry migrate` from and to Apicurio Registry: what it carries, and what it says it could not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tools.project import this_code
from tools.registry.remote import Remote
from tools.registry.server import EmbeddedRegistry
from tools.registry.snapshot import Snapshot
from tools.registry.snapshot_store import read_store
from tools.registry.store import Store

pytestmark = [pytest.mark.usefixtures("java_parts"), pytest.mark.timeout(120)]
USER = {"type": "record", "name": "User", "fields": [{"name": "name", "type": "string"}]}
WIDER = {**USER, "fields": [*USER["fields"], {"name": "age", "type": "int", "default": 0}]}  # type: ignore[misc]


def migrate(*arguments: str) -> tuple[int, list[str]]:
    """The command as a person runs it: its exit code, and the lines that it says."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tools.cli", "registry", "migrate", *arguments],
        cwd=this_code(),
        env=os.environ | {"COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def snapshot_of(path: Path) -> Snapshot:
    store = Store(path)
    try:
        return read_store(store)
    finally:
        store.close()


def register(registry: Remote, subject: str, schema: object, **rest: object) -> int:
    answer = registry.post(f"/subjects/{subject}/versions", {"schema": json.dumps(schema), **rest})  # type: ignore[dict-item]
    assert isinstance(answer, dict)
    assert isinstance(answer["id"], int)
    return answer["id"]


def test_what_apicurio_gives_comes_over_and_the_rest_is_told(apicurio: str, tmp_path: Path) -> None:
    there, name = Remote(apicurio), f"m{uuid4().hex}"
    users, texts, gone, holder = f"{name}-users", f"{name}-texts", f"{name}-gone", f"{name}-holder"
    first, second = register(there, users, USER), register(there, users, WIDER)
    there.put(f"/config/{users}", {"compatibility": "FULL"})
    there.delete(f"/subjects/{users}/versions/1")
    reference = {"name": "User", "subject": users, "version": 2}
    fourth = register(there, holder, {"type": "array", "items": "User"}, references=[reference])
    register(there, gone, {**USER, "name": name})
    there.delete(f"/subjects/{gone}")
    no_avro = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}
    register(there, texts, no_avro, schemaType="JSON")

    code, said = migrate("--from", apicurio, "--db", str(tmp_path / "here.db"))
    assert code == 1
    told = [line for line in said if name in line]
    assert told == [
        f"not carried: version 1 of '{gone}': the registry lists it and does not give it",
        f"not carried: version 1 of '{texts}': its type is JSON, and only AVRO is known here",
    ]
    here = snapshot_of(tmp_path / "here.db")
    entry = here.subjects[users]
    assert [(v.number, v.schema_id, v.deleted) for v in entry.versions] == [(1, first, True), (2, second, False)]
    assert entry.config == {"compatibilityLevel": "FULL"}
    assert json.loads(here.contents[second].text) == WIDER
    (version,) = here.subjects[holder].versions
    assert version.schema_id == fourth
    assert [(r.subject, r.version) for r in here.contents[fourth].references] == [(users, 2)]
    # It answers NONE for a subject under its global level; taken at its word, everything would be allowed here.
    assert here.subjects[holder].config is None
    assert not {gone, texts} & here.subjects.keys()


def test_apicurio_has_no_mode_that_keeps_ids_and_is_left_alone(apicurio: str) -> None:
    there, subject = Remote(apicurio), f"m{uuid4().hex}"
    with EmbeddedRegistry() as source:
        here = Remote(source.url)
        here.put("/mode", {"mode": "IMPORT"})
        register(here, subject, USER, id=2_000_000, version=3)  # an id that Apicurio has not given
        here.put("/mode", {"mode": "READWRITE"})
        code, said = migrate("--from", source.url, "--to", apicurio, "--merge")
    assert (code, said) == (
        2,
        [f"error: the registry {apicurio} does not go into IMPORT mode (404), so ids cannot be kept in it"],
    )
    assert there.find(f"/subjects/{subject}/versions") is None
