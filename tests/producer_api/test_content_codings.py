"""Content codings undone within bounds: what comes out, how many members it comes from, how much memory it asks for."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from producer_api.coding import CODINGS, STEP_BYTES, undo
from producer_api.errors import Refusal

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
TEXT = bytes(range(256)) * 5000
WINDOW_OF_16_MIB = {zstd.CompressionParameter.window_log: 24, zstd.CompressionParameter.content_size_flag: 0}
SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18\0\0\0\0"  # RFC 8878, section 3.1.2


def undone(coding: str, body: bytes, limit: int = 10_000_000) -> bytes:
    return b"".join(undo(CODINGS[coding], body, limit))


def refusal(coding: str, body: bytes, limit: int = 10_000_000) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        undone(coding, body, limit)
    return caught.value.problem.status, caught.value.reason


@pytest.mark.parametrize("coding", COMPRESS)
def test_several_members_come_out_in_steps(coding: str) -> None:
    body = COMPRESS[coding](TEXT) + COMPRESS[coding](b"tail")
    parts = list(undo(CODINGS[coding], body, 10_000_000))
    assert b"".join(parts) == TEXT + b"tail"
    assert max(map(len, parts)) <= STEP_BYTES
    assert len(parts) > len(TEXT) // STEP_BYTES


@pytest.mark.parametrize("coding", COMPRESS)
@given(data=st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_what_was_compressed_comes_out(coding: str, data: list[bytes]) -> None:
    assert undone(coding, b"".join(map(COMPRESS[coding], data))) == b"".join(data)


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("cut", [-1, -9, 5, 1])
def test_a_body_that_ends_too_early_is_400(coding: str, cut: int) -> None:
    assert refusal(coding, COMPRESS[coding](TEXT)[:cut]) == (400, "content_encoding")


@pytest.mark.parametrize("coding", COMPRESS)
def test_what_is_not_compressed_is_400(coding: str) -> None:
    assert refusal(coding, b"{}") == (400, "content_encoding")
    assert refusal(coding, COMPRESS[coding](b"x") + b"junk") == (400, "content_encoding")


@pytest.mark.parametrize("coding", COMPRESS)
def test_a_bomb_stops_at_the_limit(coding: str) -> None:
    bomb = COMPRESS[coding](bytes(20_000_000))
    assert len(bomb) < 30_000
    given_out: list[int] = []
    with pytest.raises(Refusal) as caught:
        given_out.extend(map(len, undo(CODINGS[coding], bomb, 1_000_000)))
    assert (caught.value.problem.status, caught.value.reason) == (413, "decompressed_size")
    assert sum(given_out) <= 1_000_000


@pytest.mark.parametrize("coding", COMPRESS)
def test_a_million_empty_members_are_refused_before_they_are_undone(coding: str) -> None:
    empty = COMPRESS[coding](b"")
    assert refusal(coding, empty * (4_000_000 // len(empty))) == (413, "members")


def test_skippable_frames_are_skipped_and_counted() -> None:
    assert undone("zstd", SKIPPABLE_FRAME * 3 + zstd.compress(b"{}")) == b"{}"
    assert refusal("zstd", SKIPPABLE_FRAME * 100_000) == (413, "members")


def test_a_frame_may_not_ask_for_more_memory_than_http_allows() -> None:
    assert refusal("zstd", zstd.compress(TEXT * 14, options=WINDOW_OF_16_MIB)) == (400, "content_encoding")
