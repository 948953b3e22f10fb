"""How many events somebody may send: an allowance that fills up with time, and may be overdrawn once.

A request is let in while there is something left, and pays for its events when they are known. So a large batch is
taken whole, and is followed by a pause that is as long as it was large.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

_MAX_CLIENTS: Final = 65_536
_SUBNET_BITS: Final = 64  # an IPv6 client has the rest to itself (RFC 6177)
_SOONEST_S: Final = 1


class Allowance:
    """Full at first; one second's worth is saved up at most."""

    __slots__ = ("_at", "_left", "_most", "_per_s")

    def __init__(self, events_per_s: float, now: float) -> None:
        self._per_s = events_per_s
        self._most = max(1.0, events_per_s)
        self._left = self._most
        self._at = now

    def wait_s(self, now: float) -> int:
        """0 if a request may come in, else in how many whole seconds."""
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        return 0 if self._left >= 1.0 else max(_SOONEST_S, math.ceil((1.0 - self._left) / self._per_s))

    def pay(self, events: int) -> None:
        self._left -= events


class ClientAllowances:
    """An allowance for each client address. Those that have not been seen for longest are forgotten first."""

    def __init__(self, events_per_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_s = events_per_s
        self._clock = clock
        self._clients: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, address: str) -> Allowance:
        """The allowance of a client; IPv6 clients share that of their /64."""
        client = _subnet(address) if ":" in address else address
        allowance = self._clients.get(client)
        if allowance is None:
            if len(self._clients) >= _MAX_CLIENTS:
                self._clients.popitem(last=False)
            allowance = self._clients[client] = Allowance(self._per_s, self._clock())
        else:
            self._clients.move_to_end(client)
        return allowance


def _subnet(address: str) -> str:
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped is not None else str(int(parsed) >> (128 - _SUBNET_BITS))
