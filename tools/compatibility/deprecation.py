"""The property `deprecated` of a field: who lets it go, since when, for what, and until when it stays.

`"deprecated": {"owner": "team", "since": "2026-03-01", "replacement": "page_url", "sunset": "2026-12-31"}`; only the
replacement may be missing. Avro keeps unknown properties and gives them no meaning (specification 1.12, section
"Schema Declaration"), so that this one costs no reader anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from codegen.nodes import Json
from tools.compatibility.rules import DEPRECATED

_REQUIRED: Final = ("owner", "since", "sunset")
_KEYS: Final = (*_REQUIRED, "replacement")
_HINT: Final = 'write {"owner": "…", "since": "…", "sunset": "YYYY-MM-DD"}, and "replacement" if there is one'


@dataclass(frozen=True, slots=True)
class Deprecation:
    owner: str
    since: str
    sunset: date
    replacement: str | None = None

    def is_over(self, today: date) -> bool:
        """Whether the field should be gone; the day of the sunset still belongs to it."""
        return today > self.sunset

    @property
    def advice(self) -> str:
        """What to do instead."""
        return f"use {self.replacement}" if self.replacement else f"ask {self.owner} what to use instead"

    def __str__(self) -> str:
        return f"deprecated since {self.since} by {self.owner}, sunset {self.sunset.isoformat()}"


@dataclass(frozen=True, slots=True)
class MalformedDeprecation:
    reason: str
    hint: str = _HINT


def read_deprecation(properties: Mapping[str, Json]) -> Deprecation | MalformedDeprecation | None:
    """What a field's properties say; None where it is not deprecated, which `false` and `null` say too."""
    value = properties.get(DEPRECATED)
    if value is None or value is False:
        return None
    if not isinstance(value, dict):
        return MalformedDeprecation(f'"{DEPRECATED}" is no object')
    for key in value:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(_KEYS)}"
            return MalformedDeprecation(f'"{DEPRECATED}" has the unknown key "{key}"', hint)
    for key in _REQUIRED:
        if key not in value:
            return MalformedDeprecation(f'"{DEPRECATED}" has no "{key}"')
    return _from_object(value)


def _from_object(value: dict[str, Json]) -> Deprecation | MalformedDeprecation:
    texts: dict[str, str] = {}
    for key, entry in value.items():
        if isinstance(entry, str) and entry.strip():
            texts[key] = entry
        elif key != "replacement" or entry is not None:
            return MalformedDeprecation(f'"{key}" of "{DEPRECATED}" is {entry!r}', "write it as a string")
    try:
        sunset = date.fromisoformat(texts["sunset"])
    except ValueError:
        reason = f'the "sunset" of "{DEPRECATED}" is {texts["sunset"]!r}, which is no date'
        return MalformedDeprecation(reason, 'write it as "YYYY-MM-DD"')
    return Deprecation(texts["owner"], texts["since"], sunset, texts.get("replacement"))
