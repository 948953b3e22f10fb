"""`pipeline registry`: run it, and what is done with all that it holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tools.errors import UserError

if TYPE_CHECKING:
    from tools.registry.remote import Remote

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DB: Final = ".pipeline/registry.db"


def _db(command: _Command) -> _Command:
    text = "SQLite file; it survives a restart."
    return click.option("--db", default=_DB, show_default=True, help=text)(command)


def _place(command: _Command) -> _Command:
    text = "A running registry instead, of any make: http://[user:password@]host:port[/path]."
    return _tls_ca(_db(click.option("--url", help=text)(command)))


def _reason(command: _Command) -> _Command:
    return click.option("--reason", help="Why, for the audit log.")(command)


def _tls_ca(command: _Command) -> _Command:
    text = "The authority behind an https URL, where this machine does not know it (PEM)."
    return click.option("--tls-ca", metavar="FILE", help=text)(command)


def _merge(command: _Command) -> _Command:
    text = "Add to a registry that is not empty; what is there and differs refuses all."
    return click.option("--merge", is_flag=True, help=text)(command)


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535))
@_db
@click.option("--user", "users", multiple=True, metavar="NAME:HASH", help="May come in; see `user`. Repeatable.")
@click.option("--users", "users_file", metavar="FILE", help="File with a line NAME:HASH for each user.")
@click.option("--tls-cert", metavar="FILE", help="Certificate chain (PEM): serve https.")
@click.option("--tls-key", metavar="FILE", help="Its private key (PEM).")
@click.pass_context
def registry(context: click.Context, /, host: str, port: int, db: str, **guard: Any) -> int:
    """Run the embedded Schema Registry until Ctrl-C; the commands act on what one holds."""
    if context.invoked_subcommand is not None:
        context.default_map = {context.invoked_subcommand: {"db": db}}  # `registry --db X export` means X too
        return 0
    from tools.registry.guard import Guard
    from tools.registry.server import run

    return run(host, port, _below(context.obj, db), guard=Guard(**guard))


def _below(root: Path, file: str) -> str:
    """A relative file lies below the project; SQLite's own name for "in memory" stays."""
    if file == ":memory:" or Path(file).is_absolute():
        return file
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)


def _chosen(root: Path, db: str, url: str | None, tls_ca: str | None, reason: str | None = None) -> str | Remote:
    from tools.registry.remote import Remote

    return _below(root, db) if url is None else Remote(url, reason, tls_ca)


@registry.command("export")
@click.argument("file", default="-")
@_place
@click.pass_obj
def export_(root: Path, file: str, db: str, url: str | None, tls_ca: str | None) -> int:
    """Write everything to FILE ("-": standard output) as text."""
    from tools.registry.transfer import export

    return export(file, _chosen(root, db, url, tls_ca), sys.stderr)


@registry.command("import")
@click.argument("file")
@_place
@_reason
@_merge
@click.pass_obj
def import_(root: Path, /, file: str, reason: str | None, merge: bool, **place: Any) -> int:
    """Read everything from FILE ("-": standard input) into a registry that is empty."""
    from tools.registry import transfer

    return transfer.import_(file, _chosen(root, reason=reason, **place), sys.stderr, reason=reason, merge=merge)


@registry.command()
@click.option("--from", "source", required=True, help="The registry to read: http://[user:password@]host:port[/path].")
@click.option("--to", "target", help="A running registry to write; without it, the file of --db.")
@_tls_ca
@_db
@_reason
@_merge
@click.pass_obj
def migrate(
    root: Path, source: str, target: str | None, tls_ca: str | None, db: str, reason: str | None, merge: bool
) -> int:
    """Carry everything over from another registry, and tell what could not be carried (exit code 1)."""
    from tools.registry import transfer
    from tools.registry.remote import Remote

    there = _chosen(root, db, target, tls_ca, reason)
    return transfer.migrate(Remote(source, tls_ca=tls_ca), there, sys.stderr, reason=reason, merge=merge)


@registry.command()
@click.argument("name")
@click.password_option(prompt=True, help="Asked for where it is not given.")
def user(name: str, password: str) -> int:
    """Print the line NAME:HASH for --users or --user."""
    from tools.registry.access import hash_password

    if not name or ":" in name:
        raise UserError("a user's name is not empty and holds no colon")
    print(f"{name}:{hash_password(password)}")
    return 0


@registry.command()
@_db
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each change.")
@click.pass_obj
def log(root: Path, db: str, as_json: bool) -> int:
    """Who changed what, when and why; oldest first."""
    from tools.registry.transfer import opened

    with opened(_below(root, db), existing=True) as store, store.reading("reading the audit log") as rows:
        entries = rows.audit_log()
    for entry in entries:
        print(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry))
    return 0


def _line(entry: dict[str, Any]) -> str:
    when = datetime.fromtimestamp(entry["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
    what = entry["action"] + (f" {entry['subject']}" if entry["subject"] else "")
    why = f"  ({entry['reason']})" if entry["reason"] else ""
    return f"{when}  {entry['who']}  {what}  {json.dumps(entry['detail'], ensure_ascii=False)}{why}"
