"""The events that the fake client makes: reproducible, believable, valid, and wrong where they are meant to be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

import codegen.models
from codegen.models import CONTRACTS
from tools.fake_client import SendOptions, SendOptionsError
from tools.fake_client.activity import NEXT_ACTIONS, Activity
from tools.fake_client.bodies import Body, BodyBuffer, _event_template, make_bodies
from tools.fake_client.mistakes import Mistakes, Shape
from tools.fake_client.people import make_world

START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
OPTIONS = SendOptions(seed=7, start=START, users=50)
KINDS = {
    "missing field",
    "unknown field",
    "wrong type",
    "bad uuid",
    "timestamp without offset",
    "unknown enum symbol",
    "repeated key",
    "broken JSON",
    "NaN",
}


class _Sampled:
    """Stands in for the model of a version that is not published yet."""

    @classmethod
    def fake(cls) -> _Sampled:
        return cls()

    def model_dump_json(self, *, by_alias: bool) -> str:
        return '{"device_properties":{"a":"{b}"}}'


def make(count: int, options: SendOptions = OPTIONS, **changes: Any) -> list[Body]:
    return list(islice(make_bodies(replace(options, **changes)), count))


def events(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [json.loads(body.data) for body in make(count, **changes)]


def by_session(made: list[dict[str, Any]]) -> Mapping[str, list[dict[str, Any]]]:
    sessions = defaultdict(list)
    for event in made:
        sessions[event["session_id"]].append(event)
    return sessions


class TestReproducible:
    def test_the_same_options_make_the_same_bytes(self) -> None:
        assert make(200, invalid_ratio=0.1) == make(200, invalid_ratio=0.1)

    def test_another_seed_makes_other_events(self) -> None:
        assert not {body.data for body in make(50)} & {body.data for body in make(50, seed=8)}

    def test_hash_randomisation_changes_nothing(self) -> None:
        code = (
            "import hashlib; from itertools import islice; from datetime import datetime, UTC;"
            "from tools.fake_client import SendOptions; from tools.fake_client.bodies import make_bodies;"
            "o = SendOptions(seed=7, start=datetime(2026, 1, 31, 8, tzinfo=UTC), users=50, invalid_ratio=0.1);"
            "print(hashlib.sha256(b'|'.join(b.data for b in islice(make_bodies(o), 100))).hexdigest())"
        )
        digests = {
            subprocess.run(
                [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
            ).stdout
            for seed in ("1", "2")
        }
        assert len(digests) == 1

    def test_a_seed_and_a_start_are_chosen_when_none_is_given(self) -> None:
        options = SendOptions(users=5)
        assert options.seed is not None
        assert options.start is not None
        assert make(5, options) == make(5, options)


class TestActivity:
    @pytest.mark.parametrize("version", [1, 2])
    def test_every_event_fits_its_version(self, version: int) -> None:
        model = CONTRACTS["user_action"].model(version)
        for body in make(300, schema_version=version):
            assert model.model_validate_json(body.data).model_dump(mode="json")["event_id"] == body.label

    def test_version_1_has_its_own_shape(self) -> None:
        names = {name for event in events(50, schema_version=1) for name in event}
        assert names == {"event_id", "user_id", "action", "page", "occurred_at", "properties"}

    def test_version_1_knows_no_later_symbol(self) -> None:
        assert "share" in {event["action"] for event in events(2000, schema_version=2)}
        assert "share" not in {event["action"] for event in events(2000, schema_version=1)}

    def test_the_latest_version_is_the_default(self) -> None:
        assert make(5) == make(5, schema_version=CONTRACTS["user_action"].latest)

    def test_a_later_version_gets_what_activity_lacks(self) -> None:
        model = CONTRACTS["user_action"].model()
        schema = json.loads(model.AVSC)
        by_name = {field["name"]: field for field in schema["fields"]}
        fields = [{**by_name["page_url"], "name": "url", "aliases": ["page"]}, by_name["session_id"]]
        fields += [{"name": "brand_new", "type": "string", "default": "{}"}]
        template = _event_template(model, {"fields": fields})
        event = next(iter(Activity(make_world(7, 5), 7, ["click"], START, 1.0)))
        assert json.loads(template.format(event)) == {"url": json.loads(event.page), "session_id": event.session_id}
        unknown = {"name": "device_properties", "type": by_name["properties"]["type"]}
        sampled = _event_template(_Sampled, {"fields": [unknown]})  # type: ignore[arg-type]
        assert json.loads(sampled.format(event)) == {"device_properties": {"a": "{b}"}}

    def test_event_ids_are_distinct_uuids(self) -> None:
        labels = [body.label for body in make(1000)]
        assert len(set(labels)) == 1000
        assert all(UUID(label).version == 4 and str(UUID(label)) == label for label in labels)

    def test_users_and_pages_are_skewed(self) -> None:
        made = events(5000)
        users = [count for _, count in Counter(event["user_id"] for event in made).most_common()]
        assert len(users) == 50
        assert sum(users[:5]) > sum(users[-20:])  # were all alike, a quarter
        products = Counter(event["page_url"] for event in made if event["page_url"].startswith("/products/"))
        counts = [count for _, count in products.most_common()]
        assert sum(counts[:10]) > 3 * sum(counts[-10:])

    def test_a_user_has_one_device_for_good(self) -> None:
        devices = defaultdict(set)
        for event in events(2000):
            devices[event["user_id"]].add(json.dumps(event["device"]))
        assert {len(seen) for seen in devices.values()} == {1}
        assert len({device for seen in devices.values() for device in seen}) > 10

    def test_a_session_belongs_to_one_user(self) -> None:
        for session in by_session(events(2000)).values():
            assert len({event["user_id"] for event in session}) == 1

    def test_sessions_progress_step_by_step(self) -> None:
        sessions = by_session(events(3000))
        assert max(map(len, sessions.values())) >= 5
        for session in sessions.values():
            before = "first"
            for event in session:
                assert event["action"] in NEXT_ACTIONS[before]
                before = event["action"]

    def test_nobody_buys_what_is_not_in_the_cart(self) -> None:
        purchases = 0
        for session in by_session(events(3000)).values():
            cart = 0
            for event in session:
                if event["action"] == "add_to_cart":
                    cart += round(float(event["properties"]["price"]) * 100)
                elif event["action"] == "purchase":
                    purchases += 1
                    assert cart > 0
                    assert round(float(event["properties"]["amount"]) * 100) == cart
                    cart = 0
        assert purchases > 10

    def test_times_advance_from_the_start_at_the_pace(self) -> None:
        times = [datetime.fromisoformat(event["occurred_at"]) for event in events(2001, pace=10.0)]
        assert times[0] == START
        assert times == sorted(times)
        assert timedelta(seconds=180) < times[-1] - START < timedelta(seconds=220)

    def test_the_rate_is_the_pace(self) -> None:
        assert make(20, rate=10.0) == make(20, pace=10.0)

    def test_a_long_silence_ends_a_session(self) -> None:
        made = events(40, users=1, pace=1 / 7200)
        close = 0
        for before, event in pairwise(made):
            gap = datetime.fromisoformat(event["occurred_at"]) - datetime.fromisoformat(before["occurred_at"])
            if gap > timedelta(minutes=30):
                assert event["session_id"] != before["session_id"]
            else:
                close += 1
        assert close < len(made) / 2


class TestMistakes:
    def test_the_share_is_exact_and_evenly_spread(self) -> None:
        wrong = [number for number, body in enumerate(make(1000, invalid_ratio=0.29), start=1) if body.mistake]
        assert len(wrong) == 290
        assert all(abs(number * 0.29 - count) <= 1 for count, number in enumerate(wrong, start=1))

    def test_every_kind_is_made_equally_often(self) -> None:
        kinds = Counter(body.mistake for body in make(900, invalid_ratio=0.1))
        assert kinds.pop(None) == 810
        assert kinds == dict.fromkeys(KINDS, 10)

    @pytest.mark.parametrize("version", [1, 2])
    def test_what_is_wrong_on_purpose_is_refused(self, version: int) -> None:
        model = CONTRACTS["user_action"].model(version)
        for body in make(300, schema_version=version, invalid_ratio=1.0):
            with pytest.raises(ValidationError):
                model.model_validate_json(body.data)

    def test_a_mistake_leaves_the_other_events_as_they_were(self) -> None:
        good, some_wrong = make(100), make(100, invalid_ratio=0.2)
        assert [body.label for body in some_wrong] == [body.label for body in good]
        assert all(body in good for body in some_wrong if body.mistake is None)

    def test_every_line_stays_a_line(self) -> None:
        assert all(body.data.strip() and b"\n" not in body.data for body in make(500, invalid_ratio=1.0))

    def test_only_what_a_shape_allows_is_got_wrong(self) -> None:
        shape = Shape.of({"fields": [{"name": "count", "type": "int", "default": 0}]})
        assert set(Mistakes(shape).kinds) == {"unknown field", "wrong type", "repeated key", "broken JSON", "NaN"}

    def test_a_boolean_field_gets_something_else_than_a_boolean(self) -> None:
        mistakes = Mistakes(Shape.of({"fields": [{"name": "no_such_field", "type": "boolean"}]}))
        made = dict(mistakes.spoil(b'{"no_such_field":true}') for _ in mistakes.kinds)
        assert not isinstance(json.loads(made["wrong type"])["no_such_field"], bool)
        assert json.loads(made["unknown field"]) == {"no_such_field": True, "no_such_field_": "x"}


class TestOtherContracts:
    @pytest.fixture
    def options(self, monkeypatch: pytest.MonkeyPatch) -> SendOptions:
        postable = replace(CONTRACTS["activity_count"], ingest=True)
        monkeypatch.setattr(codegen.models, "CONTRACTS", MappingProxyType({**CONTRACTS, "activity_count": postable}))
        return replace(OPTIONS, contract="activity_count")

    def test_events_fit_the_contract_and_repeat(self, options: SendOptions) -> None:
        made = make(20, options)
        model = CONTRACTS["activity_count"].model()
        for body in made:
            model.model_validate_json(body.data)
        assert len({body.data for body in made}) == 20
        assert make(20, options) == made

    def test_timestamps_advance(self, options: SendOptions) -> None:
        times = [json.loads(body.data)["window_start"] for body in make(50, options, pace=10.0)]
        assert times[0] == "2026-01-31T08:00:00.000Z"
        assert times == sorted(times)
        assert times[-1] > times[0]

    def test_mistakes_are_refused(self, options: SendOptions) -> None:
        model = CONTRACTS["activity_count"].model()
        made = make(100, options, invalid_ratio=1.0)
        assert "timestamp without offset" in {body.mistake for body in made}
        for body in made:
            with pytest.raises(ValidationError):
                model.model_validate_json(body.data)


class TestOptions:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"count": 0}, "--count is 0"),
            ({"batch": 0}, "--batch is 0"),
            ({"concurrency": -1}, "--concurrency is -1"),
            ({"rate": 0.0}, "--rate is 0"),
            ({"rate": float("nan")}, "--rate is nan"),
            ({"duration_s": -1.0}, "--duration is -1"),
            ({"invalid_ratio": 1.5}, "--invalid-ratio is 1.5"),
            ({"url": "localhost:8000"}, "--url is 'localhost:8000'"),
            ({"url": "http://localhost:99999"}, "--url is"),
            ({"start": datetime(2026, 1, 31)}, "--start needs an offset"),  # noqa: DTZ001 - that is the mistake
        ],
    )
    def test_a_bad_value_is_named(self, given: dict[str, Any], words: str) -> None:
        with pytest.raises(SendOptionsError, match=words):
            SendOptions(**given)

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"contract": "no_such"}, "there is no contract 'no_such'; events can be sent of user_action"),
            ({"contract": "activity_count"}, "takes no events of activity_count"),
            ({"schema_version": 99}, "has no version 99; --schema-version may be 1, 2"),
        ],
    )
    def test_a_contract_that_cannot_be_sent_is_named(self, given: dict[str, Any], words: str) -> None:
        with pytest.raises(SendOptionsError, match=words):
            SendOptions(**given).find_contract()

    @pytest.mark.parametrize("url", ["http://api:8000", "http://api:8000/", "http://api:8000/events"])
    def test_the_path_is_added_once(self, url: str) -> None:
        assert SendOptions(url=url).endpoint("/events") == "http://api:8000/events"


class TestBuffer:
    def bodies(self, count: int) -> list[Body]:
        return [Body(b"%d" % number, str(number), "x") for number in range(count)]

    def test_it_holds_no_more_than_its_capacity(self) -> None:
        source = iter(self.bodies(10))
        buffer = BodyBuffer(source, 3, None)
        assert buffer.fill(64)
        assert not buffer.fill(64)
        assert next(source).label == "3"

    def test_order_is_kept_whether_made_ahead_or_at_once(self) -> None:
        buffer = BodyBuffer(iter(self.bodies(10)), 3, 7)
        buffer.fill(2)
        taken = [[body.label for body in buffer.take(4)] for _ in range(3)]
        assert taken == [["0", "1", "2", "3"], ["4", "5", "6"], []]
