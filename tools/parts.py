"""Which broker and which registry a stack is made of, and the options of the commands that start one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import click

BrokerKind = Literal["embedded", "kafka"]
RegistryKind = Literal["embedded", "apicurio"]


class Parts(NamedTuple):
    """The parts of a stack that come in two makes; by default those that need nothing but Python."""

    broker: BrokerKind = "embedded"
    brokers: int = 1
    registry: RegistryKind = "embedded"


EMBEDDED: Final = Parts()


def parts_options(command: Callable[..., int]) -> Callable[..., int]:
    """`--broker`, `--brokers` and `--registry`, which the command gets as `parts`."""

    @click.option("--broker", default="embedded", type=click.Choice(["embedded", "kafka"]), show_default=True)
    @click.option("--brokers", default=1, type=click.IntRange(1), show_default=True, help="1 or 3, of Kafka.")
    @click.option("--registry", default="embedded", type=click.Choice(["embedded", "apicurio"]), show_default=True)
    @functools.wraps(command)
    def with_parts(*arguments: Any, broker: BrokerKind, brokers: int, registry: RegistryKind, **options: Any) -> int:
        return command(*arguments, parts=Parts(broker, brokers, registry), **options)

    return with_parts
