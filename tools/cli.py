"""`pipeline`: the one entry to everything. Each command is a function elsewhere; here it only gets its options."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from tools.consume_cli import consume
from tools.deployments.cli import deploy
from tools.errors import UserError
from tools.flink.cli import flink
from tools.on_call_cli import dlq, lag, replay, tail
from tools.parts import parts_options
from tools.project import is_project, project_for
from tools.registry_cli import registry
from tools.schema_cli import schema

_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), help="The project to act on.")
@click.pass_context
def pipeline(context: click.Context, root: Path | None) -> None:
    """A schema-governed event pipeline: contract → models → HTTP → Kafka → consumers."""
    context.obj = project_for(root, context.invoked_subcommand)


def main() -> None:
    """Run one command of `pipeline`."""
    run_command(pipeline, "pipeline")


def run_command(group: click.Command, name: str) -> None:
    """Run what the arguments say, and exit.

    A mistake of the user's is one sentence on stderr and exit 2 (or the error's own code).
    """
    try:
        code = group.main(standalone_mode=False, prog_name=name)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        text = _user_error(error)
        if text is None:
            raise
        print(f"error: {text}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", 2))
    sys.exit(code if isinstance(code, int) else 0)


def _user_error(error: Exception) -> str | None:
    """The sentence of an error that the person at the terminal can mend, or None for a fault of ours."""
    if isinstance(error, UserError):
        return str(error)
    # These two are defined where tools may not be imported from.
    for module, name in (("tools.config", "ConfigError"), ("consumers.faults", "ConsumerError")):
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and isinstance(error, known):
            return str(error)
    return None


# ---------------------------------------------------------------- the whole stack


@pipeline.command()
@parts_options
@click.option("--events", default=20_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
@click.pass_obj
def demo(root: Path, /, **options: Any) -> int:
    """Run the whole pipeline once on this machine, bounded, and reconcile what each part saw."""
    from tools.demo import DemoOptions, run_demo

    return run_demo(DemoOptions(root=root, **options), sys.stdout)


@pipeline.command()
@parts_options
@click.option("--no-load", is_flag=True, help="Start no fake client.")
@click.option("--no-consumers", is_flag=True, help="Start no consumers.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="uvicorn workers of the API.")
@click.option(
    "--rate",
    default=100.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Events/s of the fake client.",
)
@click.option("--api-port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--broker-port", default=9092, show_default=True, type=click.IntRange(0, 65535))
@click.option("--registry-port", default=8081, show_default=True, type=click.IntRange(0, 65535))
@click.option("--json", "as_json", is_flag=True, help="One machine-readable line a second.")
@click.pass_obj
def up(root: Path, /, **options: Any) -> int:
    """Run the stack until Ctrl-C, with a live view; then drain and reconcile."""
    from tools.up import UpOptions, run_up

    return run_up(UpOptions(root=root, **options), sys.stdout)


@pipeline.command()
@parts_options
@click.option("--keep", is_flag=True, help="Keep the temporary copy of the project.")
@click.pass_obj
def evolve(root: Path, /, **options: Any) -> int:
    """Play a whole schema change under load, in a temporary copy: readers first, then the writer."""
    from tools.evolve import EvolveOptions, run_evolve

    return run_evolve(EvolveOptions(root=root, **options), sys.stdout)


# ---------------------------------------------------------------- its parts, one by one


@pipeline.command()
@click.option("--port", default=9092, show_default=True, type=click.IntRange(0, 65535))
@click.option("--kind", default="embedded", type=click.Choice(["embedded", "kafka"]), show_default=True)
@click.option("--brokers", default=1, type=click.IntRange(1), help="1 or 3 of Kafka.", show_default=True)
def broker(port: int, kind: str, brokers: int) -> int:
    """Run the embedded broker (in memory), or Apache Kafka, until Ctrl-C."""
    from tools.kafka_broker import run_broker

    return run_broker(kind, port, brokers)


pipeline.add_command(registry)


@pipeline.group()
def topics() -> None:
    """Kafka topics of the contracts."""


@topics.command("create")
@click.option("--partitions", default=4, show_default=True, type=click.IntRange(1))
@click.option("--replication", default=-1, show_default=True, type=click.IntRange(-1), help="-1: as the brokers say.")
@click.option("--retention-hours", default=168, show_default=True, type=click.IntRange(1))
@click.option("--clean", is_flag=True, help="Also TOPIC.clean, which `consume clean` fills.")
def topics_create(partitions: int, replication: int, retention_hours: int, clean: bool) -> int:
    """Create what is missing, and say what differs."""
    from tools.topics import create_contract_topics

    return create_contract_topics(
        partitions=partitions,
        replication=replication,
        retention_ms=retention_hours * 3_600_000,
        out=sys.stdout,
        clean=clean,
    )


@pipeline.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def codegen(root: Path, arguments: tuple[str, ...]) -> int:
    """Contracts → typed models; the same as `python -m codegen` (see its --help)."""
    from codegen.__main__ import run

    places = ("--schemas", str(root / "schemas"), "--out", str(root / "codegen" / "models"))
    return run((*places, *arguments), sys.stdout, sys.stderr)


pipeline.add_command(schema)


@pipeline.command()
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Root of the API.")
@click.option("--contract", default="user_action", show_default=True)
@click.option("--schema-version", type=click.IntRange(1), help="Post the shape of this version; default the latest.")
@click.option("--count", type=click.IntRange(1), help="Stop after this many events.")
@click.option("--duration", "duration_s", type=float, help="Stop after this many seconds.")
@click.option("--rate", type=float, help="Events per second; default as fast as the answers come.")
@click.option("--batch", default=1, show_default=True, type=click.IntRange(1), help="Events in a request.")
@click.option("--concurrency", default=32, show_default=True, type=click.IntRange(1), help="Requests at once.")
@click.option("--invalid-ratio", default=0.0, show_default=True, help="Share of events that are wrong on purpose.")
@click.option("--seed", type=int, help="The same seed and start make the same events.")
@click.option("--start", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="When the first event happened.")
@click.option("--json", "as_json", is_flag=True, help="One machine-readable line a second.")
def send(as_json: bool, **options: Any) -> int:
    """Post made-up activity to the API, and account for every answer."""
    from tools.fake_client import SendOptions, run_send

    return run_send(SendOptions(**options), sys.stdout, as_json=as_json)


pipeline.add_command(deploy)
for each in (dlq, tail, lag, replay):
    pipeline.add_command(each)


@pipeline.group("api-key")
def api_key() -> None:
    """Keys of those who may send to the API."""


@api_key.command("new")
@click.argument("name")
@click.option("--file", default=".pipeline/api-keys.toml", show_default=True, help="What API_KEYS_FILE names.")
@click.option("--contract", "contracts", multiple=True, help="Opens this one alone. Repeatable; default all.")
@click.option("--events-per-s", default=0.0, type=click.FloatRange(0), help="Its quota in each worker; default none.")
@click.pass_obj
def api_key_new(root: Path, name: str, file: str, contracts: tuple[str, ...], events_per_s: float) -> int:
    """Add the hash of a new key to FILE, and print the key, which is kept nowhere."""
    from producer_api.api_keys import add_api_key

    key = add_api_key(root / file, name, contracts, events_per_s)
    print(f"{root / file} has the hash of {name}; the API reads it when it starts. This is the key:", file=sys.stderr)
    print(key)
    return 0


@schema.command("audit")
@click.argument("contracts", nargs=-1)
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def schema_audit(root: Path, contracts: tuple[str, ...], format_: str) -> int:
    """Can the readers read what the topics really hold? Exit 0 yes, 1 no, 2 could not find out."""
    from consumers.audit.audit import run_audit
    from tools.deployments.file import read_deployments

    if not is_project(root):
        raise UserError(f"{root} has contracts and no models of them, by which an audit reads: run it in the project")
    return run_audit(contracts, format_, sys.stdout, read_deployments(root).readers())


pipeline.add_command(consume)
pipeline.add_command(flink)


if __name__ == "__main__":
    from tools.entry import main as enter

    enter(main)
