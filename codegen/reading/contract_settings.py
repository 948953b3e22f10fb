"""`contract.toml`: what the house needs to know of a contract beyond its schemas. Every key is optional."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from codegen.reading.contract_rules import RuleSetting, SettingsFault, Waiver, read_rules, read_waivers

LEVELS: Final = (
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
    "NONE",
)
STRATEGIES: Final = ("TopicName", "RecordName", "TopicRecordName")
# Routes that the API has of its own; a contract's path may not take one, nor one below them.
FIXED_ROUTES: Final = ("/health", "/metrics", "/docs", "/redoc", "/openapi.json")
# Kafka, org.apache.kafka.common.internals.Topic: legal characters, and at most 249 of them.
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_KEYS: Final = {
    "subject": str,
    "subject_strategy": str,
    "topic": str,
    "path": str,
    "key": str,
    "compatibility": str,
    "owner": str,
    "ingest": bool,
    "writers": dict,
    "readers": dict,
    "references": dict,
    "rules": dict,
    "waivers": list,
}
_KINDS: Final = {str: "a string", bool: "true or false", dict: "a table", list: "an array of tables"}


class Settings(NamedTuple):
    subject: str | None
    subject_strategy: str
    topic: str
    path: str
    key: str | None
    compatibility: str
    owner: str | None
    ingest: bool
    writers: Mapping[str, int]
    readers: Mapping[str, int]
    references: Mapping[str, Any] = MappingProxyType({})
    rules: Mapping[str, RuleSetting] = MappingProxyType({})
    waivers: tuple[Waiver, ...] = ()

    def references_of(self, version: int) -> dict[str, int]:
        """Contract → the version of it that `version` of this contract refers to, as far as `[references]` says."""
        own: dict[str, int] = self.references.get(f"v{version}", {})
        return {name: number for name, number in self.references.items() if type(number) is int} | own

    def subject_of(self, full_name: str) -> str:
        """The subject: as said, or by Confluent's subject name strategy for record values."""
        if self.subject is not None:
            return self.subject
        names = {
            "TopicName": f"{self.topic}-value",
            "RecordName": full_name,
            "TopicRecordName": f"{self.topic}-{full_name}",
        }
        return names[self.subject_strategy]


def line_of(text: str, key: str) -> int | None:
    """The line of `text` (from 1) that sets `key` or opens its table, or None."""
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(rf"\s*\[{{0,2}}\s*[\"']?{re.escape(key)}\b", line):
            return number
    return None


class SettingsReader:
    """Reads one `contract.toml`; what is wrong with it is in `faults` afterwards."""

    def __init__(self, contract: str, versions: tuple[int, ...]) -> None:
        self.contract = contract
        self.versions = versions
        self.faults: list[SettingsFault] = []
        self._text = ""

    def read(self, text: str) -> Settings | None:
        self._text = text
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            match = re.search(r"at line (\d+)", str(error))
            reason = str(error).partition(" (at ")[0]
            # Without a line it says: at end of document.
            line = int(match.group(1)) if match else len(text.splitlines()) or 1
            where = "" if match else " where the file ends: is a bracket or a quote left open?"
            self.faults.append(SettingsFault(line, "", reason[:1].lower() + reason[1:] + where, "correct the TOML"))
            return None
        self._check_keys(values)
        if self.faults:
            return None
        topic = values.get("topic", self.contract)
        path = values.get("path", f"/{self.contract}")
        settings = Settings(
            subject=values.get("subject"),
            subject_strategy=values.get("subject_strategy", "TopicName"),
            topic=topic,
            path=path,
            key=values.get("key"),
            compatibility=values.get("compatibility", "BACKWARD_TRANSITIVE"),
            owner=values.get("owner"),
            ingest=values.get("ingest", True),
            writers=values.get("writers", {}),
            readers=values.get("readers", {}),
            references=values.get("references", {}),
            rules=self._rules(values.get("rules", {})),
            waivers=self._waivers(values.get("waivers", [])),
        )
        self._check_values(settings)
        return None if self.faults else settings

    def _fault(self, key: str, reason: str, hint: str) -> None:
        self.faults.append(SettingsFault(line_of(self._text, key) or 1, key, reason, hint))

    def _rules(self, values: Mapping[str, Any]) -> Mapping[str, RuleSetting]:
        rules, faults = read_rules(values, self._text)
        self.faults += faults
        return rules

    def _waivers(self, values: list[Any]) -> tuple[Waiver, ...]:
        waivers, faults = read_waivers(values, self._text, self.versions)
        self.faults += faults
        return waivers

    def _check_keys(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if key not in _KEYS:
                import difflib

                near = difflib.get_close_matches(key, _KEYS, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(_KEYS)}"
                self._fault(key, f"unknown key {key!r}", hint)
            elif type(value) is not _KEYS[key]:
                self._fault(key, f"{key!r} is {value!r}", f"write {_KINDS[_KEYS[key]]}")

    def _check_values(self, settings: Settings) -> None:
        self._check_choice("compatibility", settings.compatibility, LEVELS)
        self._check_choice("subject_strategy", settings.subject_strategy, STRATEGIES)
        if not _TOPIC.fullmatch(settings.topic) or settings.topic in (".", ".."):
            hint = "use up to 249 letters, digits, '.', '_' and '-'"
            self._fault("topic", f"{settings.topic!r} is no name for a Kafka topic", hint)
        if not _PATH.fullmatch(settings.path):
            self._fault("path", f"{settings.path!r} is no path for a route", 'write it as "/events"')
        for fixed in FIXED_ROUTES:
            if settings.ingest and (settings.path == fixed or settings.path.startswith(f"{fixed}/")):
                hint = f"choose a path other than {', '.join(FIXED_ROUTES)}"
                self._fault("path", f"the path {settings.path!r} collides with the API's own route {fixed}", hint)
        for table in ("writers", "readers"):
            self._check_pins(table, getattr(settings, table))
        self._check_references(settings.references)

    def _check_choice(self, key: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            self._fault(key, f"{key!r} is {value!r}", f"choose one of {', '.join(choices)}")

    def _check_pins(self, table: str, pins: Mapping[str, Any]) -> None:
        for app, version in pins.items():
            if type(version) is not int or version not in self.versions:
                known = ", ".join(str(number) for number in self.versions)
                self._fault(app, f"{table}.{app} is pinned to {version!r}", f"the versions are {known}")

    def _check_references(self, references: Mapping[str, Any]) -> None:
        """A contract's name with a version, or a version of this contract with a table of them."""
        own = {f"v{number}" for number in self.versions}
        for key, value in references.items():
            pins = value if isinstance(value, dict) else {key: value}
            if isinstance(value, dict) and key not in own:
                self._fault(
                    key, f"references.{key} is no version of this contract", f"there are {', '.join(sorted(own))}"
                )
            for name, number in pins.items():
                if type(number) is not int or number < 1:
                    self._fault(
                        name, f"the reference to {name!r} is {number!r}", f"write a version, such as {name} = 1"
                    )
