"""What people do: visits that progress from page to page towards a purchase, one event after the other in time."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final, NamedTuple

from tools.fake_client.people import Product, User, World, Zipf, seeded

VISIT_GAP_MS: Final = 30 * 60 * 1000  # a visit is over after half an hour without an event
_END: Final = ""
_FIRST: Final = "first"
# What follows what, in parts of 100; a purchase only ever follows something put into the cart.
NEXT_ACTIONS: Final = {
    _FIRST: {"page_view": 75, "login": 25},
    "login": {"page_view": 70, "search": 30},
    "page_view": {"page_view": 33, "click": 20, "search": 18, "add_to_cart": 12, "share": 3, _END: 14},
    "click": {"page_view": 55, "add_to_cart": 20, "search": 10, _END: 15},
    "search": {"page_view": 60, "click": 25, "search": 8, _END: 7},
    "add_to_cart": {"purchase": 30, "page_view": 40, "search": 15, _END: 15},
    "purchase": {"page_view": 25, "share": 8, "logout": 22, _END: 45},
    "share": {"page_view": 50, _END: 50},
    "logout": {_END: 100},
}
_REFERRERS: Final = ("direct", "search", "newsletter", "social", "partner")
_ELEMENTS: Final = ("gallery", "reviews", "size", "colour", "delivery", "related")
_METHODS: Final = ("password", "passkey", "google", "apple")
_CHANNELS: Final = ("mail", "messenger", "link")


class Event(NamedTuple):
    """One event. `user.user_id`, `user.device`, `page` and `properties` are JSON values, the rest is plain text."""

    event_id: str
    user: User
    action: str
    page: str
    occurred_at: str
    session_id: str
    properties: str


@dataclass(slots=True)
class _Visit:
    session_id: str
    product: Product
    page: str
    action: str = _FIRST
    last_ms: float = 0.0
    items: int = 0
    cart_cents: int = 0


class Activity:
    """An endless stream of events, which follows from its arguments alone.

    `actions` are the symbols that the contract's version knows, `start` is when it begins, `pace` the mean number of
    events per second of the users' clocks. The order of the events is the order of their times.
    """

    def __init__(self, world: World, seed: int, actions: Collection[str], start: datetime, pace: float) -> None:
        self._rng = seeded(seed, "activity")
        self._users = Zipf(world.users, self._rng)
        self._products = Zipf(world.products, self._rng)
        self._pages = Zipf(world.pages, self._rng)
        self._searches = Zipf(world.searches, self._rng)
        self._steps = {action: _step(action, actions) for action in NEXT_ACTIONS}
        self._start_ms = start.timestamp() * 1000
        self._mean_gap_ms = 1000 / pace
        self._visits: dict[User, _Visit] = {}

    def __iter__(self) -> Iterator[Event]:
        rng = self._rng
        now_ms = self._start_ms
        clock = Clock()
        while True:
            user = self._users.draw()
            visit, action = self._advance(user, now_ms)
            properties = self._act(visit, user, action)
            yield Event(make_uuid(rng), user, action, visit.page, clock.show(int(now_ms)), visit.session_id, properties)
            now_ms += rng.expovariate(1.0) * self._mean_gap_ms

    def _advance(self, user: User, now_ms: float) -> tuple[_Visit, str]:
        """The user's visit and what comes next in it; a new visit where the last one has ended."""
        visit = self._visits.get(user)
        action = _END
        if visit is not None and now_ms - visit.last_ms <= VISIT_GAP_MS:
            action = self._draw_action(visit.action)
        if visit is None or action == _END:
            product = self._products.draw()
            visit = self._visits[user] = _Visit(f"s-{self._rng.getrandbits(64):016x}", product, self._pages.draw())
            action = self._draw_action(_FIRST)
        visit.action = action
        visit.last_ms = now_ms
        return visit, action

    def _draw_action(self, after: str) -> str:
        actions, weights = self._steps[after]
        return actions[bisect_right(weights, self._rng.random() * weights[-1])]

    def _act(self, visit: _Visit, user: User, action: str) -> str:
        """Bring the visit to its next page; gives back the event's properties as JSON."""
        rng = self._rng
        match action:
            case "page_view":
                if rng.random() < 0.3:
                    visit.page = self._pages.draw()
                else:
                    visit.product = self._products.draw()
                    visit.page = visit.product.page
                return f'{{"referrer":"{_pick(rng, _REFERRERS)}","locale":{user.locale}}}'
            case "click":
                return f'{{"element":"{_pick(rng, _ELEMENTS)}"}}'
            case "search":
                visit.page = '"/search"'
                return f'{{"query":{self._searches.draw()},"results":"{int(rng.random() * 60)}"}}'
            case "add_to_cart":
                visit.page = visit.product.page
                visit.items += 1
                visit.cart_cents += visit.product.price_cents
                return f'{{"product":{visit.product.name},"price":"{_money(visit.product.price_cents)}"}}'
            case "purchase":
                visit.page = '"/checkout/done"'
                bought = f'{{"items":"{visit.items}","amount":"{_money(visit.cart_cents)}","currency":"EUR"}}'
                visit.items = visit.cart_cents = 0
                return bought
            case "login" | "logout":
                visit.page = f'"/{action}"'
                return f'{{"method":"{_pick(rng, _METHODS)}"}}' if action == "login" else "{}"
            case "share":
                return f'{{"channel":"{_pick(rng, _CHANNELS)}"}}'
            case _:
                return "{}"


class Clock:
    """Shows milliseconds since the epoch as RFC 3339 in UTC; the part down to the second is made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._shown = ""

    def show(self, epoch_ms: int) -> str:
        second, millisecond = divmod(epoch_ms, 1000)
        if second != self._second:
            self._second = second
            self._shown = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._shown}.{millisecond:03d}Z"


def make_uuid(rng: random.Random) -> str:
    """A random UUID, version 4 (RFC 9562, section 5.4), in its 36 characters."""
    bits = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(bits[16], 16) & 3]
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{variant}{bits[17:20]}-{bits[20:]}"


def _step(after: str, known: Collection[str]) -> tuple[list[str], list[float]]:
    """What may follow `after` with its cumulated weights, as far as the contract's version knows it."""
    following = {action: weight for action, weight in NEXT_ACTIONS[after].items() if action == _END or action in known}
    # A version without any of these symbols still has a first event.
    following = following or dict.fromkeys(known, 1)
    return list(following), list(accumulate(float(weight) for weight in following.values()))


def _pick(rng: random.Random, words: tuple[str, ...]) -> str:
    return words[int(rng.random() * len(words))]


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
