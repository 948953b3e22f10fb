"""Who may come in, and whether others can listen: the options of users and of TLS."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import UserError

if TYPE_CHECKING:
    from tools.registry.access import Users


@dataclass(frozen=True, slots=True)
class Guard:
    """`users` are lines `name:hash`, `users_file` is a file of such lines; certificate and key are PEM files."""

    users: tuple[str, ...] = ()
    users_file: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None

    @property
    def scheme(self) -> str:
        return "http" if self.tls_cert is None else "https"

    def read_users(self) -> Users | None:
        """The users, None where everybody may come in. Raises UserError for these and for a wrong certificate."""
        self._check_certificate()
        if not self.users and self.users_file is None:
            return None
        from tools.registry.access import Users

        return Users.read(self.users_file, self.users)

    def _check_certificate(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UserError("a certificate and its key go together: give both --tls-cert and --tls-key")
        if self.tls_cert is None:
            return
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                self.tls_cert, self.tls_key, password=_no_password
            )
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise UserError(
                f"the certificate {self.tls_cert} with the key {self.tls_key} cannot be used ({error}); "
                "both are PEM files, the key without a password"
            ) from error

    def warning(self, address: str) -> str | None:
        """What the person who starts it should know."""
        if self.scheme == "https" or ipaddress.ip_address(address).is_loopback:
            return None
        if not self.users and self.users_file is None:
            return None
        return (
            f"passwords cross the network in the clear, because the registry listens on {address} without TLS; "
            "give --tls-cert and --tls-key, or let a proxy speak TLS"
        )

    def arguments(self) -> list[str]:
        """The same as options of `python -m tools.registry`."""
        options = [("--users", self.users_file), ("--tls-cert", self.tls_cert), ("--tls-key", self.tls_key)]
        options += [("--user", line) for line in self.users]
        return [part for name, value in options if value is not None for part in (name, value)]


def _no_password() -> str:
    return ""
