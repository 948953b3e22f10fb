"""Content codings undone in steps, within bounds: gzip (RFC 1952) and zstd (RFC 8878).

A few bytes can stand for gigabytes, and a few megabytes for a million empty members, so both are bounded: what comes
out, the members or frames that it comes from, and the memory that a decoder may ask for.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

from producer_api.errors import TOO_LARGE, UNDECODABLE_BODY, Refusal

STEP_BYTES: Final = 256 * 1024  # comes out at once: about a millisecond
# Goes in at once: a decoder hands back what it did not need, and that copy must not grow with the body.
_INPUT_BYTES: Final = 16 * 1024
_MAX_MEMBERS: Final = 4096  # gzip in blocks, as bgzip and pigz write it, has one for about each 64 KiB
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16  # the gzip wrapper alone
_ZSTD_WINDOW_LOG: Final = 23  # 8 MiB, the most that a sender may use in HTTP (RFC 9659, section 3)


class _Progress(NamedTuple):
    """What came out, what of the input was left untouched, and whether the member or frame has ended."""

    part: bytes
    rest: bytes
    ended: bool


class _Gzip:
    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(_GZIP_WINDOW)

    def advance(self, piece: bytes) -> _Progress:
        part = self._decoder.decompress(piece, STEP_BYTES)
        ended = self._decoder.eof
        return _Progress(part, self._decoder.unused_data if ended else self._decoder.unconsumed_tail, ended)


class _Zstd:
    def __init__(self) -> None:
        self._decoder = ZstdDecompressor(options={DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})

    def advance(self, piece: bytes) -> _Progress:
        """The decoder keeps what it has not used yet, and is asked for it with no more input."""
        part = self._decoder.decompress(piece, STEP_BYTES)
        ended = self._decoder.eof
        return _Progress(part, self._decoder.unused_data if ended else b"", ended)


class Coding(NamedTuple):
    """A content coding: what errors call it, and what makes a decoder of one member or frame."""

    title: str
    start: Callable[[], Any]


_GZIP: Final = Coding("gzip (RFC 1952)", _Gzip)
CODINGS: Final[Mapping[str, Coding]] = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,  # the same (RFC 9110, section 8.4.1.3)
    "zstd": Coding("zstd (RFC 8878) with a window of at most 8 MiB (RFC 9659)", _Zstd),
}
ACCEPTED_CODINGS: Final = "gzip, zstd"


def undo(coding: Coding, body: bytes, limit: int) -> Iterator[bytes]:
    """`body` decoded in steps of at most STEP_BYTES, `limit` bytes in all; empty steps come too. Raises Refusal."""
    size = members = at = 0
    rest = b""
    ended = True
    decoder: Any = None
    while rest or at < len(body) or not ended:
        if ended:
            members += 1
            if members > _MAX_MEMBERS:
                raise Refusal(TOO_LARGE, "members", f"a body may have {_MAX_MEMBERS} members; send it as one")
            decoder = coding.start()
        piece = rest or body[at : at + _INPUT_BYTES]
        at += 0 if rest else len(piece)
        try:
            part, rest, ended = decoder.advance(piece)
        except (zlib.error, ZstdError):
            raise Refusal(UNDECODABLE_BODY, "content_encoding", f"the body is no valid {coding.title}") from None
        size += len(part)
        if size > limit:
            raise Refusal(TOO_LARGE, "decompressed_size", f"a body may have {limit} bytes once decompressed")
        if not (piece or part or ended):
            raise Refusal(UNDECODABLE_BODY, "content_encoding", f"the body is cut short: no whole {coding.title}")
        yield part
