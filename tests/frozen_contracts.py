"""The contracts as of their versions 1 and 2, which are published and never change.

Tests of behaviour stand on these, so that the next version of a contract is added without touching a test.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from codegen.catalog import GeneratedContract
from codegen.models import CONTRACTS as LIVE

CONTRACTS: Final[dict[str, GeneratedContract]] = {
    "activity_count": replace(LIVE["activity_count"], versions=(1,), writers={"counts": 1}, readers={"counts": 1}),
    "user_action": replace(
        LIVE["user_action"],
        versions=(1, 2),
        writers={"producer_api": 2},
        readers={"standard": 2, "counts": 2, "faust": 2},
    ),
}
