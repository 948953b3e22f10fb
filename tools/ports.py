"""TCP ports of this machine: one that is free, and one sentence about one that is not."""

from __future__ import annotations

import errno
import socket

from tools.errors import UserError

LOCALHOST = "127.0.0.1"


class PortInUseError(UserError):
    """Another program listens on the port, or this user may not."""


def free_port(host: str = LOCALHOST) -> int:
    """A port on which nothing listens now; another program may take it before it is used."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def check_port_free(port: int, what: str, option: str = "--port", host: str = LOCALHOST) -> None:
    """Raise PortInUseError, naming `what` would listen and the `option` to change, unless the port can be bound."""
    if not 0 < port < 65536:
        raise PortInUseError(f"{what} cannot listen on port {port}: give {option} a number from 1 to 65535")
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            message = f"port {port} on {host} {reason}, so {what} cannot start: stop the other program or choose"
            raise PortInUseError(f"{message} another port with {option}") from None
