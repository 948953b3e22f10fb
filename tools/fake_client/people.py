"""Who acts, on what, and where: users with their devices, and the pages of a shop. Made by Faker from the seed.

Every text that goes into an event stands here as JSON already, so that making an event only puts texts together.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from faker import Faker

_Item = TypeVar("_Item")

PRODUCTS: Final = 300
WORDS: Final = 200
_CATEGORIES: Final = 12
# Shares of operating systems, roughly as a shop sees them.
_SYSTEMS: Final = {"android": 38, "ios": 32, "windows": 18, "macos": 9, "linux": 3}
_MODELS: Final = {
    "android": ("Pixel 8", "Pixel 9 Pro", "Galaxy S23", "Galaxy S24", "Galaxy A54", "Redmi Note 13", "OnePlus 12"),
    "ios": ("iPhone13,2", "iPhone14,5", "iPhone15,3", "iPhone16,1", "iPhone17,2", "iPad13,4"),
    "macos": ("MacBookAir10,1", "MacBookPro18,3", "Mac14,2"),
}
_MOBILE: Final = ("android", "ios")
_LOCALES: Final = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pt_BR", "ja_JP", "pl_PL")
_NO_DEVICE_SHARE: Final = 0.05
_CONSENT_SHARE: Final = 0.6


def seeded(seed: int, purpose: str) -> random.Random:
    """A generator of its own for each purpose, so that one more draw for one leaves the others as they were."""
    return random.Random(f"{seed}/{purpose}")  # noqa: S311 - repeatable on purpose; nothing here is secret


class Zipf(Generic[_Item]):
    """Draws items by Zipf's law: the item of rank r has a weight of 1 / (r + 2), so the first few are drawn most."""

    def __init__(self, items: Sequence[_Item], rng: random.Random) -> None:
        self._items = items
        self._rng = rng
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(items))))
        self._drawn: list[_Item] = []

    def draw(self) -> _Item:
        if not self._drawn:
            # Many at once cost a third of one by one.
            self._drawn = self._rng.choices(self._items, cum_weights=self._weights, k=256)
        return self._drawn.pop()


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """One person with one device for good. The texts are JSON values."""

    user_id: str
    device: str
    locale: str


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """What can be bought. `page` and `name` are JSON values."""

    page: str
    name: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class World:
    """Everything that activity is made of; the most active users and the best known products come first."""

    users: list[User]
    products: list[Product]
    pages: list[str]
    searches: list[str]


def make_world(seed: int, users: int) -> World:
    """The same world for the same numbers, whatever else is drawn."""
    from faker import Faker

    faker = Faker("en_US")
    faker.seed_instance(f"{seed}/world")
    rng = seeded(seed, "world")
    words = [str(faker.word()) for _ in range(WORDS)]
    return World(
        users=[_make_user(number, faker, rng) for number in range(users)],
        products=[_make_product(number, words, rng) for number in range(PRODUCTS)],
        pages=['"/"', *(json.dumps(f"/categories/{word}") for word in _distinct(faker.word, _CATEGORIES))],
        searches=[json.dumps(f"{first} {second}") for first, second in zip(words, reversed(words), strict=True)],
    )


def _distinct(make: Callable[[], str], count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[make()] = None
    return list(found)


def _make_user(number: int, faker: Faker, rng: random.Random) -> User:
    return User(
        # The number keeps two people of one name apart.
        user_id=json.dumps(f"{faker.user_name()}-{number}"),
        device=json.dumps(_make_device(faker, rng), separators=(",", ":")),
        locale=json.dumps(rng.choice(_LOCALES)),
    )


def _make_device(faker: Faker, rng: random.Random) -> dict[str, str | None] | None:
    if rng.random() < _NO_DEVICE_SHARE:
        return None
    system = rng.choices(list(_SYSTEMS), weights=list(_SYSTEMS.values()))[0]
    consents = system in _MOBILE and rng.random() < _CONSENT_SHARE
    return {
        "os": system,
        "model": rng.choice(_MODELS[system]) if system in _MODELS else None,
        "app_version": str(faker.numerify("%.#.##")),
        "advertising_id": str(faker.uuid4()) if consents else None,
    }


def _make_product(number: int, words: list[str], rng: random.Random) -> Product:
    name = f"{rng.choice(words)}-{rng.choice(words)}-{number}"
    price_cents = round(rng.lognormvariate(7.8, 0.8)) // 10 * 10 + 99
    return Product(page=json.dumps(f"/products/{name}"), name=json.dumps(name), price_cents=price_cents)
