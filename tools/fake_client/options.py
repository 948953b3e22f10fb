"""What is sent, where to and how fast."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tools.errors import UserError

if TYPE_CHECKING:
    from codegen.catalog import GeneratedContract

# Events per second of the users' own clocks where no rate is asked for: above what one client process posts one by
# one, so that events lag behind the wall clock rather than come from the future.
DEFAULT_PACE = 10_000.0


class SendOptionsError(UserError):
    """An option of `pipeline send` has a value that cannot be meant."""


@dataclass(frozen=True, slots=True)
class SendOptions:
    """Options of one run; after construction nothing is open any more: `seed` and `start` are chosen if not given.

    `url` is the API's root, to which the contract's path is added. `rate` is in events per second, None for as fast
    as the answers come. The run ends after `count` events or `duration_s` seconds, whichever is first; with neither
    it ends when it is told to. `batch` events go in one request; `concurrency` requests are under way at once.
    `invalid_ratio` of the events are wrong on purpose. `start` is when the first event happened; the users' clocks go
    on from there at `pace` events per second (the rate, or DEFAULT_PACE). An event that is refused for the moment is
    sent again for `retry_for_s` seconds; after a stop, what is under way has `drain_s` seconds. Raises
    SendOptionsError.
    """

    url: str = "http://127.0.0.1:8000"
    contract: str = "user_action"
    schema_version: int | None = None
    count: int | None = None
    duration_s: float | None = None
    rate: float | None = None
    batch: int = 1
    concurrency: int = 32
    invalid_ratio: float = 0.0
    seed: int | None = None
    start: datetime | None = None
    pace: float | None = None
    users: int = 1_000
    timeout_s: float = 30.0
    retry_for_s: float = 30.0
    retry_base_s: float = 0.1
    retry_cap_s: float = 2.0
    drain_s: float = 15.0

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_url()
        if self.seed is None:
            object.__setattr__(self, "seed", secrets.randbelow(2**32))
        if self.start is None:
            object.__setattr__(self, "start", datetime.now(UTC))
        elif self.start.tzinfo is None:
            raise SendOptionsError("--start needs an offset, such as 2026-01-31T08:00:00Z")

    def _check_numbers(self) -> None:
        for name, value in (("--count", self.count), ("--batch", self.batch), ("--concurrency", self.concurrency)):
            if value is not None and value < 1:
                raise SendOptionsError(f"{name} is {value}; give a whole number from 1")
        positive = {"--rate": self.rate, "--duration": self.duration_s, "--pace": self.pace, "--users": self.users}
        for name, number in positive.items():
            if number is not None and not 0 < number < float("inf"):
                raise SendOptionsError(f"{name} is {number:g}; give a number above 0")
        if not 0 <= self.invalid_ratio <= 1:
            raise SendOptionsError(f"--invalid-ratio is {self.invalid_ratio:g}; give a share from 0 to 1")

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise SendOptionsError(f"--url is {self.url!r}; give the API's root, such as http://127.0.0.1:8000")

    def find_contract(self) -> GeneratedContract:
        """The contract to send events of. Raises SendOptionsError if there is none, or nobody may post it."""
        from codegen.models import CONTRACTS

        found = CONTRACTS.get(self.contract)
        if found is None:
            known = ", ".join(sorted(name for name, contract in CONTRACTS.items() if contract.ingest))
            raise SendOptionsError(f"there is no contract {self.contract!r}; events can be sent of {known}")
        if not found.ingest:
            raise SendOptionsError(
                f"the API takes no events of {self.contract} (`ingest = false` in its contract.toml)"
            )
        if self.schema_version is not None and self.schema_version not in found.versions:
            known = ", ".join(map(str, found.versions))
            raise SendOptionsError(
                f"{self.contract} has no version {self.schema_version}; --schema-version may be {known}"
            )
        return found

    def endpoint(self, path: str) -> str:
        """The URL to post to; `url` may carry the contract's `path` already."""
        root = self.url.rstrip("/")
        return root if root.endswith(path) else root + path
