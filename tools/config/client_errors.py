"""What confluent-kafka's client says in an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confluent_kafka import KafkaError


def client_error(raised: Exception) -> KafkaError:
    """The error of a KafkaException, or of a SystemError that the client made of it. Raises any other again.

    A fatal error is raised in the midst of the client's callbacks. The next of them makes a SystemError of it, of which
    it is the cause; or loses it, and all that is known then is that there was one.
    """
    from confluent_kafka import KafkaError, KafkaException

    found = raised.__cause__ if isinstance(raised, SystemError) else raised
    if isinstance(found, KafkaException):
        error: KafkaError = found.args[0]
        return error
    if isinstance(raised, SystemError) and "without setting an exception" in str(raised):
        return KafkaError(KafkaError._FATAL, "the client met an error, and lost what it was", fatal=True)  # noqa: SLF001
    raise raised
