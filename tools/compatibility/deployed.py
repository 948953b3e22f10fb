"""What really runs, as pairs of versions that must get along: with each other, and with the pins of the change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from codegen.contract import Contract
from tools.deployments.model import Deployments, Role

NOTHING_DEPLOYED: Final = Deployments()


def deployed_pairs(contract: Contract, deployed: Deployments) -> Iterator[tuple[int, int, str]]:
    """(reader, writer, reason) for each environment: whoever runs there, beside what is pinned and what is kept."""
    for env in deployed.environments:
        running_readers = deployed.of(env, contract.name, Role.READS)
        running_writers = deployed.of(env, contract.name, Role.WRITES)
        retained = deployed.retained_versions(env, contract.name)
        if not (running_readers or running_writers or retained):
            continue
        readers = [(f"{one.app} in {env}", one.version, True) for one in running_readers]
        readers += [(app, number, False) for app, number in sorted(contract.readers.items())]
        writers = [(f"{one.app} in {env}", one.version, True) for one in running_writers]
        writers += [(app, number, False) for app, number in sorted(contract.writers.items())]
        for reader, read, reader_runs in readers:
            for writer, written, writer_runs in writers:
                if reader_runs or writer_runs:  # two pins are a pair already
                    yield read, written, f"{reader} reads v{read} and {writer} writes v{written}"
            for kept in retained:
                if kept not in {one.version for one in running_writers}:
                    yield read, kept, f"{reader} reads v{read} and the topic in {env} may still hold v{kept}"


def unknown_versions(contract: Contract, deployed: Deployments) -> list[str]:
    """Sentences on what is recorded of versions that this project does not have, and so cannot judge."""
    return [
        f"{one.app} in {one.env} {one.role} version {one.version} of {contract.name}, which this project does not have "
        f"(yet), so that nothing was checked against it"
        for one in sorted(deployed.running)
        if one.contract == contract.name and contract.version(one.version) is None
    ]
