"""From one running registry to another, or to a file: what is carried, and what is said not to be."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import pbkdf2_hmac
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from tests.tools.registry.rich import WHO, fill
from tools.cli import pipeline
from tools.errors import UserError
from tools.registry.guard import Guard
from tools.registry.lookup import SchemaRequest
from tools.registry.registry import Registry
from tools.registry.remote import Remote
from tools.registry.remote_reading import read_remote, without_times
from tools.registry.server import EmbeddedRegistry
from tools.registry.snapshot import Snapshot
from tools.registry.snapshot_store import read_store
from tools.registry.store import Store

pytestmark = pytest.mark.integration

_ROOT = Path(__file__).resolve().parents[3]


def _pipeline(*arguments: str, code: int = 0, **rest: Any) -> Result:
    """The command in this process; a mistake of the user's comes out as UserError."""
    result = CliRunner().invoke(pipeline, ["--root", str(_ROOT), "registry", *arguments], standalone_mode=False, **rest)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exception is None, result.output
    assert result.return_value == code, result.output
    return result


def _snapshot(path: Path) -> Snapshot:
    store = Store(path)
    try:
        return read_store(store)
    finally:
        store.close()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[tuple[EmbeddedRegistry, Snapshot]]:
    path = tmp_path / "source.db"
    store = Store(path)
    fill(Registry(store))
    store.close()
    with EmbeddedRegistry(path) as running:
        yield running, _snapshot(path)


def test_a_migration_to_a_file_keeps_everything(source: tuple[EmbeddedRegistry, Snapshot], tmp_path: Path) -> None:
    running, there = source
    result = _pipeline("migrate", "--from", running.url, "--db", str(tmp_path / "target.db"), "--reason", "a move")
    assert "migrated 7 subjects, 8 versions, 8 schemas" in result.stderr
    assert "note: subject 'back': no version 1 is left there" in result.stderr
    here = _snapshot(tmp_path / "target.db")
    assert here == there
    (entry,) = map(json.loads, _pipeline("log", "--json", "--db", str(tmp_path / "target.db")).stdout.splitlines())
    assert (entry["action"], entry["reason"], entry["detail"]["from"]) == ("import", "a move", running.url)


def test_a_migration_from_one_to_the_other(source: tuple[EmbeddedRegistry, Snapshot], tmp_path: Path) -> None:
    running, there = source
    with EmbeddedRegistry(tmp_path / "target.db") as target:
        result = _pipeline("migrate", "--from", running.url, "--to", target.url, "--reason", "ü move")
        assert "not carried" not in result.stderr
        again = read_remote(Remote(target.url)).snapshot
        # A second time it would be no empty one; with --merge nothing is left to do.
        with pytest.raises(UserError, match="is not empty"):
            _pipeline("migrate", "--from", running.url, "--to", target.url)
        _pipeline("migrate", "--from", running.url, "--to", target.url, "--merge")
        assert read_remote(Remote(target.url)).snapshot == again
    assert (again.contents, again.config, again.mode) == (there.contents, there.config, there.mode)
    assert without_times(again).subjects == without_times(there).subjects
    lines = _pipeline("log", "--db", str(tmp_path / "target.db")).stdout.splitlines()
    assert any("register zz-dep" in line and "(ü move)" in line for line in lines)


def test_export_and_import_by_url_and_by_file_give_one_text(
    source: tuple[EmbeddedRegistry, Snapshot], tmp_path: Path
) -> None:
    running, _ = source
    dump, copy = tmp_path / "dump.json", str(tmp_path / "copy.db")
    _pipeline("export", str(dump), "--db", str(tmp_path / "source.db"))
    by_url = _pipeline("export", "--url", running.url).stdout_bytes
    assert b'"highestId": 9' in dump.read_bytes()
    assert by_url == dump.read_bytes()
    _pipeline("--db", copy, "import", "-", input=dump.read_bytes())
    assert _pipeline("export", "--db", copy).stdout_bytes == dump.read_bytes()
    with EmbeddedRegistry() as target:
        result = _pipeline("import", str(dump), "--url", target.url)
        assert "note: ids up to 9 were given before" in result.stderr
        assert without_times(read_remote(Remote(target.url)).snapshot).contents == _snapshot(Path(copy)).contents


class _Canned(BaseHTTPRequestHandler):
    """Another registry: what it knows is a table from path to answer."""

    answers: dict[str, Any]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        known = path in self.answers
        body = json.dumps(self.answers[path] if known else {"error_code": 40401, "message": "not here"}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextmanager
def _canned(answers: dict[str, Any]) -> Iterator[str]:
    handler = type("Handler", (_Canned,), {"answers": answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_what_cannot_be_carried_is_told_and_the_rest_is_carried(tmp_path: Path) -> None:
    answers = {
        "/subjects": [":.ctx:a", "bad", "good", "json", "rules"],
        "/subjects/bad/versions": [1],
        "/subjects/bad/versions/1": {"id": 1, "schema": '{"type":"array","items":"nope"}'},
        "/subjects/good/versions": [1, 4],
        "/subjects/good/versions/1": {"id": 2, "schema": '"int"'},
        "/subjects/good/versions/4": {"id": 3, "schema": '"long"'},
        "/subjects/json/versions": [1],
        "/subjects/json/versions/1": {"id": 4, "schema": "{}", "schemaType": "JSON"},
        "/subjects/rules/versions": [1],
        "/subjects/rules/versions/1": {"id": 5, "schema": '"int"', "ruleSet": {"enableAt": "now", "domainRules": []}},
        "/config": {"compatibilityLevel": "FULL", "loudness": 3},
        "/config/good": {"compatibilityLevel": "LOUD"},
        "/mode": {"mode": "SILENT"},
    }
    path = tmp_path / "target.db"
    with _canned(answers) as url:
        result = _pipeline("migrate", "--from", url, "--db", str(path), code=1)
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith("note: ")] == [
        "note: subject 'good': no version 2, 3 is left there; the numbers stay unused"
    ]
    told = [line.removeprefix("not carried: ") for line in lines if line.startswith("not carried: ")]
    for line, start in zip(
        told,
        [
            "subject ':.ctx:a': it is in a context",
            "subject 'good': its config cannot be kept (Invalid compatibility level",
            "version 1 of 'json': its type is JSON",
            "version 1 of 'rules': ruleSet.enableAt is not known here",
            "the registry: the config's loudness is not known here",
            "the registry: the mode SILENT is not known here",
            "version 1 of 'bad': ",
        ],
        strict=True,
    ):
        assert line.startswith(start)
    here = _snapshot(path)
    assert {name: [v.number for v in entry.versions] for name, entry in here.subjects.items()} == {
        "good": [1, 4],
        "rules": [1],
    }
    assert here.config == {"compatibilityLevel": "FULL"}


def test_a_registry_without_import_mode_is_left_alone() -> None:
    store = Store(":memory:")
    Registry(store).register("a", SchemaRequest('"int"'), WHO, normalize=False)
    from tools.registry.remote_writing import write_remote

    with _canned({"/subjects": []}) as url, pytest.raises(UserError, match="does not go into IMPORT mode"):
        write_remote(Remote(url), read_store(store))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost:8081", "is no URL of a registry; it begins with http://"),
        ("http://127.0.0.1:1", "cannot be reached"),
    ],
)
def test_what_is_no_registry_is_one_sentence(url: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        _pipeline("export", "--url", url)


def test_an_answer_of_something_else_is_one_sentence() -> None:
    with _canned({"/subjects": {"hello": "world"}}) as url, pytest.raises(UserError, match="sends no list of subjects"):
        _pipeline("export", "--url", url)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no registry in"):
        _pipeline("export", "--db", str(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(UserError, match=r"none\.json cannot be read"):
        _pipeline("import", str(tmp_path / "none.json"), "--db", str(tmp_path / "r.db"))
    assert not (tmp_path / "r.db").exists()


def test_a_password_in_the_url_lets_in_and_is_never_told(tmp_path: Path) -> None:
    line = "ann:pbkdf2_sha256$1$c2FsdA==$" + b64encode(pbkdf2_hmac("sha256", b"p@ss", b"salt", 1)).decode()
    with EmbeddedRegistry(guard=Guard(users=(line,))) as running:
        with pytest.raises(UserError, match="401 Unauthorized"):
            _pipeline("export", "--url", running.url)
        result = _pipeline("export", "--url", running.url.replace("//", "//ann:p%40ss@"))
        assert json.loads(result.stdout)["subjects"] == []
        path = tmp_path / "target.db"
        result = _pipeline("migrate", "--from", running.url.replace("//", "//ann:p%40ss@"), "--db", str(path))
    assert "p%40ss" not in result.output + _pipeline("log", "--db", str(path)).stdout
