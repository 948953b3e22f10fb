"""httptools' parser without upgrades that nobody here serves.

httptools takes everything behind the head of a request with `Connection: Upgrade` as the new protocol's, its body too,
which is right for WebSockets alone. Clients such as Java's offer `Upgrade: h2c` with each request, and a server may
ignore that and answer in HTTP/1.1 (RFC 9110, section 7.8): so the head is read again without the offer.
"""

from __future__ import annotations

from typing import Final, Protocol

import httptools

_UPGRADE: Final = b"upgrade"


class Upgradable(Protocol):
    """The connection that takes the parser's callbacks, with what it has of the head."""

    url: bytes
    headers: list[tuple[bytes, bytes]]

    def wants_upgrade(self) -> bool:
        """Whether the head that is complete offers a protocol that is served."""


class ParserWithoutUpgrade:
    """The part of httptools.HttpRequestParser that uvicorn's protocol uses.

    Raises what httptools raises, and HttpParserUpgrade only where the upgrade is wanted.
    """

    def __init__(self, connection: Upgradable) -> None:
        self._connection = connection
        self._start()

    def _start(self) -> None:
        self._parser = httptools.HttpRequestParser(self._connection)
        # As uvicorn sets it: the first of pipelined requests is answered whatever comes behind its last.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.get_method = self._parser.get_method
        self.get_http_version = self._parser.get_http_version
        self.should_keep_alive = self._parser.should_keep_alive
        self.should_upgrade = self._parser.should_upgrade

    def is_passing_over(self) -> bool:
        """Whether the head that is complete will be read again, since it offers what is not served."""
        if not self._parser.should_upgrade() or self._connection.wants_upgrade():
            return False
        return any(name == _UPGRADE for name, _ in self._connection.headers)  # CONNECT has none

    def feed_data(self, data: bytes) -> None:
        """Parse what arrived."""
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if not self.is_passing_over():
                    raise
                data = self._head_again() + data[upgrade.args[0] :]
                self._start()
            else:
                return

    def _head_again(self) -> bytes:
        version = self._parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self._parser.get_method(), self._connection.url, version)]
        for name, value in self._connection.headers:
            if name == b"connection":
                lines.append(b"connection: " + _without_upgrade(value))
            elif name != _UPGRADE:
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])


def _without_upgrade(connection: bytes) -> bytes:
    tokens = (token.strip() for token in connection.split(b","))
    return b", ".join(token for token in tokens if token.lower() != _UPGRADE)
