"""The file of deployments: what it says, in which order, and what happens when several write at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tools.deployments.file import DeploymentFile, UnreadableDeployments, read_deployments, to_toml
from tools.deployments.model import Deployments, Retained, Role, Running

FILE = """\
# What really runs, and which versions the topics may still hold. Written by `pipeline deploy`.

[production.orders]
retained = [1, 2]

[production.orders.readers]
"b.b" = [1]
billing = [1, 2]

[production.orders.writers]
shop = [2]

[staging.users.readers]
billing = [3]
"""


def running(env: str, contract: str, role: Role, app: str, version: int) -> Running:
    return Running(env, contract, role, app, version)


ENTRIES = [
    running("staging", "users", Role.READS, "billing", 3),
    running("production", "orders", Role.WRITES, "shop", 2),
    running("production", "orders", Role.READS, "billing", 2),
    running("production", "orders", Role.READS, "b.b", 1),
    running("production", "orders", Role.READS, "billing", 1),
]


@pytest.fixture
def file(tmp_path: Path) -> DeploymentFile:
    return DeploymentFile(tmp_path / "deployments.toml")


def test_a_file_that_is_not_there_says_nothing(file: DeploymentFile, tmp_path: Path) -> None:
    assert file.load() == Deployments()
    assert read_deployments(tmp_path) == Deployments()


@pytest.mark.parametrize("entries", [ENTRIES, ENTRIES[::-1]])
def test_the_order_in_the_file_is_that_of_the_names(file: DeploymentFile, entries: list[Running]) -> None:
    kept = Deployments(retained=frozenset({Retained("production", "orders", 1)}))
    for one in entries:
        kept = file.change(lambda now, one=one, kept=kept: kept.start([one]))  # type: ignore[misc]
    assert file.path.read_text(encoding="utf-8") == FILE
    assert file.load() == kept
    assert to_toml(file.load()) == FILE


def test_what_a_writer_writes_is_retained_even_if_a_hand_left_it_out(file: DeploymentFile) -> None:
    file.path.write_text("[production.orders.writers]\nshop = [2]\n")
    assert file.load().retained_versions("production", "orders") == [2]


def test_nothing_stays_behind_and_an_edit_that_fails_changes_nothing(file: DeploymentFile) -> None:
    file.change(lambda now: now.start(ENTRIES))
    before = file.path.read_bytes()

    def fail(_now: Deployments) -> Deployments:
        raise KeyError("no")

    with pytest.raises(KeyError):
        file.change(fail)
    assert [path.name for path in file.path.parent.iterdir()] == ["deployments.toml"]
    assert file.path.read_bytes() == before


def test_nobodys_entry_is_lost_when_many_write_at_once(file: DeploymentFile) -> None:
    def record(number: int) -> None:
        for version in (1, 2, 3):
            entry = running("production", "orders", Role.READS, f"app-{number}", version)
            DeploymentFile(file.path).change(lambda now, entry=entry: now.start([entry]))  # type: ignore[misc]

    threads = [threading.Thread(target=record, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.load().running) == 24


def test_a_lock_that_never_comes_free_is_a_sentence(file: DeploymentFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.deployments.file._LOCK_WITHIN_S", 0.02)

    def nested(now: Deployments) -> Deployments:
        with pytest.raises(UnreadableDeployments, match=r"another process has held .*deployments\.toml"):
            DeploymentFile(file.path).change(lambda inner: inner)
        return now

    file.change(nested)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<<<<<<< HEAD\n", "cannot be understood: "),
        ("production = 1\n", "production is 1, not a table"),
        ("[production.orders.reader]\n", "production.orders has 'reader', and only retained, readers and writers"),
        (
            "[production.orders.readers]\nbilling = 2\n",
            "production.orders.readers.billing is 2, not a list of versions",
        ),
        ("[production.orders]\nretained = [0]\n", "production.orders.retained is [0], not a list of versions"),
        ("[production.orders]\nretained = [true]\n", "production.orders.retained is [True], not a list"),
    ],
)
def test_a_file_that_cannot_be_understood_says_where(file: DeploymentFile, text: str, told: str) -> None:
    file.path.write_text(text)
    with pytest.raises(UnreadableDeployments) as caught:
        file.load()
    assert told in str(caught.value)
    assert str(file.path) in str(caught.value)


def test_bytes_that_are_no_text_and_folders_that_are_not_there(file: DeploymentFile, tmp_path: Path) -> None:
    file.path.write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableDeployments, match="cannot be read"):
        file.load()
    with pytest.raises(UnreadableDeployments, match="cannot be written: No such file or directory"):
        DeploymentFile(tmp_path / "nowhere" / "d.toml").change(lambda now: now)
