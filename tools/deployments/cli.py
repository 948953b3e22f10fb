"""`pipeline deploy …`: the options of its commands; what they do is in `tools.deployments.command`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tools.errors import UserError

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def deploy() -> None:
    """What really runs, by environment; for applications of other repositories, too."""


def _release_options(command: _Command) -> _Command:
    """What an application reads and writes, and where that is kept."""
    for option in (
        click.option("--file", help="Where deployments are kept; default deployments.toml of the project."),
        click.option("--writes", multiple=True, metavar="CONTRACT@N", help="It writes this version. Repeatable."),
        click.option("--reads", multiple=True, metavar="CONTRACT@N", help="It reads this version. Repeatable."),
    ):
        command = option(command)
    return command


@deploy.command("record")
@click.argument("app")
@click.option("--env", required=True, help="Where it runs.")
@_release_options
@click.option("--done", is_flag=True, help="The rollout is over: its other versions run no more.")
@click.option("--remove", is_flag=True, help="These, or without versions all of it, run no more.")
@click.option("--if-safe", is_flag=True, help="Ask as `check` does, and record in the same step, or exit 1.")
@click.pass_obj
def deploy_record(
    root: Path, /, app: str, env: str, reads: tuple[str, ...], writes: tuple[str, ...], file: str | None, **how: bool
) -> int:
    """Record that versions run, beside what runs already."""
    from tools.deployments.command import Release, run_record, store_of

    return run_record(root, store_of(root, file), Release(app, reads, writes), env, sys.stdout, **how)


@deploy.command("check")
@click.argument("app", required=False)
@click.option("--env", help="Where; default every environment that is recorded.")
@_release_options
@click.option("--format", "format_", default="text", type=click.Choice(["text", "json"]), show_default=True)
@click.pass_obj
def deploy_check(
    root: Path,
    /,
    app: str | None,
    env: str | None,
    reads: tuple[str, ...],
    writes: tuple[str, ...],
    file: str | None,
    format_: str,
) -> int:
    """May APP be deployed? Without APP: can all that runs read everything? Exit 0 yes, 1 no, 2 cannot be said."""
    from tools.deployments.command import Release, run_check, store_of

    if app is None and (reads or writes):
        raise UserError("say whose versions these are: pipeline deploy check APP --reads CONTRACT@N")
    release = None if app is None else Release(app, reads, writes)
    return run_check(root, store_of(root, file), release, env, format_, sys.stdout)


@deploy.command("expire")
@click.argument("version", metavar="CONTRACT@N")
@click.option("--env", required=True, help="Where.")
@click.option("--file", help="Where deployments are kept; default deployments.toml of the project.")
@click.pass_obj
def deploy_expire(root: Path, /, version: str, env: str, file: str | None) -> int:
    """Record that the topic holds no record of a version any more (`pipeline schema audit` says so)."""
    from tools.deployments.command import run_expire, store_of

    return run_expire(store_of(root, file), version, env, sys.stdout)
