"""Variables with a prefix as the properties of a client: exact names, near-misses, and names of other programs."""

from __future__ import annotations

import difflib
import functools
import logging
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from tools.config.settings import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_log = logging.getLogger(__name__)

# The service links that Kubernetes gives every container of a namespace with a service called, say, `kafka`.
_SERVICE_LINK = re.compile(r"(.+_)?(service_(host|port(_.+)?)|port(_\d+_(tcp|udp|sctp)(_(proto|port|addr))?)?)")
_NEAR = 0.81  # difflib ratio: BOOTSTRAP_BROKERS and SASL_USER are near, GROUP_MAX_SESSION_TIMEOUT_MS is not


@dataclass(frozen=True, slots=True)
class Reading:
    """What the variables with one prefix say: properties, the variable that each came from, names without meaning."""

    properties: dict[str, str]
    variables: dict[str, str]
    unknown: tuple[str, ...]


def read_table(name: str) -> list[list[str]]:
    """The cells of a table beside this module: tab-separated, `#` before a comment."""
    lines = files("tools.config").joinpath(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def read_properties(
    prefix: str, environ: Mapping[str, str], known: Iterable[str], foreign: Mapping[str, str] | None = None
) -> Reading:
    """The variables of `environ` that start with `prefix`; property `a.b_c` is spelled `<prefix>A_B_C`.

    `foreign` says what to do about names that belong to another client. Raises ConfigError for those and for a
    near-miss of a known name.
    """
    by_spelling = {name.replace(".", "_"): name for name in known}
    reading: dict[str, str] = {}
    unknown: list[str] = []
    for variable in sorted(name for name, value in environ.items() if name.startswith(prefix) and value.strip()):
        spelling = variable.removeprefix(prefix).lower()
        if spelling in by_spelling:
            reading[by_spelling[spelling]] = variable
            continue
        if foreign and spelling in foreign:
            raise ConfigError(f"{variable} is a setting of Java clients, which librdkafka lacks: {foreign[spelling]}")
        near = difflib.get_close_matches(spelling, by_spelling, 1, _NEAR)
        if near and not _SERVICE_LINK.fullmatch(spelling):
            meant = f"{prefix}{near[0].upper()} ({by_spelling[near[0]]})"
            raise ConfigError(f"{variable} names no property: if {meant} is meant, rename it, otherwise unset it")
        unknown.append(variable)
    return Reading({name: environ[variable] for name, variable in reading.items()}, reading, tuple(unknown))


@functools.cache
def warn_once(names: tuple[str, ...]) -> None:
    """Log that these variables are ignored, once in a process."""
    if names:
        _log.warning("these variables of the environment name no property and are ignored: %s", ", ".join(names))
