"""Records that come to the topic past the API: as the floor of batches, and for the consumers to read."""

from __future__ import annotations

import json
import urllib.request

from codegen.models import CONTRACTS
from tools.bench.events import CONTRACT, versions
from tools.bench.served import Served


def registered(served: Served, contract: str) -> int:
    """The schema id of the contract's latest version."""
    url = f"{served.stack.registry_url}/subjects/{CONTRACTS[contract].subject}/versions/latest"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the registry of this stack
        return int(json.load(answer)["id"])


def produce_with(
    served: Served,
    processes: int,
    schema_id: int,
    *,
    seconds: float = 3600.0,
    records: int = 10**12,
    reports: bool = False,
) -> float:
    """Records a second that so many processes bring to the topic together; with `reports`, each hears of its records.

    Raises ChildError.
    """
    topic = CONTRACTS[CONTRACT].topic
    arguments = [topic, str(versions()[-1]), str(schema_id), str(seconds), str(records), str(int(reports))]
    said = served.run_together(["-m", "tools.bench.producing", *arguments], processes)
    return sum(float(each["records"] / each["seconds"]) for each in said)
