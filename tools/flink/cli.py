"""`pipeline flink`: contracts as tables, and the counts as a job, of Apache Flink. Only `submit` needs Flink."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tools.errors import UserError

if TYPE_CHECKING:
    from codegen.contract import Contract
    from tools.flink.job import Job
    from tools.flink.table import Place

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _common(command: _Command) -> _Command:
    for option in (
        click.option("--version", type=click.IntRange(1), help="Read this one; default the pin of `flink`, or latest."),
        click.option("--topic", help="Read this one; default TOPIC.clean."),
        click.option("--group", help="Default CONTRACT-flink."),
        click.option("--time-field", help="When the event happened; default the only timestamp, or the tagged one."),
        click.option("--delay", "delay_s", default=60, show_default=True, type=click.IntRange(0, 86_400), help="Wait."),
        click.option("--property", "properties", multiple=True, metavar="K=V", help="Of the Java client. Repeatable."),
        click.option("--registry-option", "registry", multiple=True, metavar="K=V", help="Of avro-confluent."),
    ):
        command = option(command)
    return command


def _job_options(command: _Command) -> _Command:
    for option in (
        click.option("--checkpoints", required=True, metavar="URI", help="A folder that every machine sees: file:///…"),
        click.option("--count-field", default="action", show_default=True),
        click.option("--idle", "idle_s", default=60, show_default=True, type=click.IntRange(1), help="Seconds."),
        click.option("--checkpoint-interval", "checkpoint_interval_s", default=10, show_default=True, type=int),
        click.option("--set", "settings", multiple=True, metavar="K=V", help="A further setting. Repeatable."),
    ):
        command = option(command)
    return _common(command)


@click.group()
def flink() -> None:
    """Past one machine: the same contracts on Apache Flink."""


@flink.command("ddl")
@click.argument("contract")
@_common
@click.pass_obj
def flink_ddl(root: Path, /, contract: str, properties: tuple[str, ...], registry: tuple[str, ...], **told: Any) -> int:
    """Print CREATE TABLE for the records of CONTRACT."""
    from tools.flink.job import cleaned_topic
    from tools.flink.table import APP, event_time_field, pinned_version, source_table

    found = _contracts(root, contract)[contract]
    version = pinned_version(found, told["version"])
    table = source_table(
        found,
        version,
        _place(properties, registry),
        topic=told["topic"] or cleaned_topic(found),
        group=told["group"] or f"{contract}-{APP}",
        time_field=event_time_field(found, version, told["time_field"]),
        delay_s=told["delay_s"],
    )
    print(f"{table.ddl()};")
    return 0


@flink.command("job")
@click.argument("contract")
@_job_options
@click.pass_obj
def flink_job(root: Path, /, contract: str, **told: Any) -> int:
    """Print the windowed counts of CONTRACT as a script for Flink's sql-client.sh -f."""
    print(_job(root, contract, told).sql(), end="")
    return 0


@flink.command("submit")
@click.argument("contract")
@click.option("--jobmanager", default="127.0.0.1:8081", show_default=True, help="host:port of its REST interface.")
@_job_options
@click.pass_obj
def flink_submit(root: Path, /, contract: str, jobmanager: str, **told: Any) -> int:
    """Hand the same job to a cluster by PyFlink (`make flink` installs it), and print the job's id."""
    from tools.flink.submission import submit_job

    print(submit_job(_job(root, contract, told), jobmanager))
    return 0


def _job(root: Path, contract: str, told: dict[str, Any]) -> Job:
    from tools.flink.job import OUTPUT, JobOptions, counts_job

    place = _place(told.pop("properties"), told.pop("registry"))
    settings = _pairs("--set", told.pop("settings"))
    contracts = _contracts(root, contract, OUTPUT)
    return counts_job(contracts[contract], contracts[OUTPUT], place, JobOptions(**told, settings=settings))


def _contracts(root: Path, *names: str) -> dict[str, Contract]:
    from codegen.contract import InvalidContract, read_contracts

    try:
        contracts = {contract.name: contract for contract in read_contracts(root / "schemas")}
    except InvalidContract as faults:
        raise UserError(str(faults)) from None
    for name in names:
        if name not in contracts:
            raise UserError(f"there is no contract {name!r}; there are: {', '.join(sorted(contracts)) or 'none'}")
    return contracts


def _place(properties: tuple[str, ...], registry: tuple[str, ...]) -> Place:
    """Brokers and registry of the environment. What else it says is librdkafka's, which Java does not understand."""
    from tools.config import kafka_conf, schema_registry_conf
    from tools.flink.table import Place

    kafka = kafka_conf("consumer")
    foreign = sorted(name for name in kafka if name.startswith(("security.", "ssl.", "sasl.")))
    if foreign and not properties:
        print(
            f"warning: {', '.join(foreign)} of the environment are librdkafka's: say the same in the words of the Java "
            f"client with --property (truststores instead of PEM files)",
            file=sys.stderr,
        )
    return Place(
        str(kafka["bootstrap.servers"]),
        str(schema_registry_conf()["url"]),
        _pairs("--property", properties),
        _pairs("--registry-option", registry),
    )


def _pairs(option: str, words: tuple[str, ...]) -> dict[str, str]:
    wrong = next((word for word in words if "=" not in word), None)
    if wrong is not None:
        raise UserError(f"{option} {wrong!r} has no '=': write it as key=value")
    return {key: value for key, _, value in (word.partition("=") for word in words)}
