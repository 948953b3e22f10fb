from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from random import Random

import pytest

from consumers.faults import ConsumerError
from consumers.loop.backoff import Backoff
from consumers.options import ConsumerOptions, app_version, choose_reader, find_contract
from consumers.record import headers_from, record_from
from consumers.running.stopping import stop_on_signals
from tests.consumers.fakes import CONTRACT, message


def test_the_pin_is_read_unless_something_nearer_says_otherwise(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(**options: int) -> tuple[int, str]:
        choice = choose_reader(CONTRACT, "standard", ConsumerOptions(**options))  # type: ignore[arg-type]
        return choice.version, choice.origin

    assert chosen() == (CONTRACT.readers["standard"], "")
    monkeypatch.setenv("READER_VERSION", "1")
    assert chosen() == (1, "READER_VERSION")
    assert chosen(reader_version=2) == (2, "--reader-version")


@pytest.mark.usefixtures("clean_environment")
def test_expired_versions_come_from_both_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPIRED_VERSIONS", "3, 4")
    assert choose_reader(CONTRACT, "standard", ConsumerOptions(expired=(1,))).expired == {1, 3, 4}


@pytest.mark.usefixtures("clean_environment")
def test_a_version_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConsumerError, match=r"user_action has no version 9; its versions are 1, 2"):
        choose_reader(CONTRACT, "standard", ConsumerOptions(reader_version=9))


def test_an_unknown_contract_is_refused_with_those_that_are_known() -> None:
    assert find_contract("user_action").name == CONTRACT.name
    with pytest.raises(ConsumerError, match=r"no contract 'user_actions'; the generated ones are: activity_count"):
        find_contract("user_actions")


def test_each_application_has_a_group_of_its_own() -> None:
    assert ConsumerOptions().group_for("counts") == "user_action-counts"
    assert ConsumerOptions(group="mine").group_for("counts") == "mine"


def test_the_version_of_the_software_is_the_installed_one() -> None:
    assert app_version()[0].isdigit()


def test_a_message_becomes_a_record_with_its_bytes_untouched() -> None:
    record = record_from(message(b"\x00v", 7, 2, headers=[("a", b"1"), ("b", None)]))
    assert (record.topic, record.partition, record.offset, record.timestamp_ms) == ("events", 2, 7, 1000)
    assert (record.key, record.value, record.headers) == (b"k", b"\x00v", (("a", b"1"), ("b", None)))
    assert record.place == "events[2]@7"
    assert headers_from(None) == ()
    assert headers_from(()) == ()


def test_both_signals_ask_and_the_old_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for number in (signal.SIGINT, signal.SIGTERM):
        with stop_on_signals(threading.Event()) as stop:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
            assert stop.wait(5)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_ignored_sigint_is_heard_nevertheless() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signals(threading.Event()) as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(5)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_waits_double_up_to_a_limit_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(first_s=1, most_s=8, draw=Random(3))
    for ceiling in (1, 2, 4, 8, 8):
        assert ceiling / 2 <= backoff.next_s() <= ceiling
    backoff.reset()
    assert backoff.next_s() <= 1
