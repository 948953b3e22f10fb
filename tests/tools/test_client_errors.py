"""What the Kafka client says, however it says it."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from tools.config.client_errors import client_error

FENCED = KafkaError(KafkaError._FENCED, "fenced", fatal=True)


def test_the_error_of_an_exception() -> None:
    assert client_error(KafkaException(FENCED)) is FENCED


def test_an_exception_that_the_next_callback_turned_into_another() -> None:
    turned = SystemError("<method> returned a result with an exception set")
    turned.__cause__ = KafkaException(FENCED)
    assert client_error(turned) is FENCED


def test_an_exception_that_the_next_callback_lost() -> None:
    error = client_error(SystemError("<method 'flush'> returned NULL without setting an exception"))
    assert (error.fatal(), error.code()) == (True, KafkaError._FATAL)


@pytest.mark.parametrize("other", [SystemError("bad internal call"), ValueError("no"), SystemError()])
def test_what_is_not_the_clients_is_raised_again(other: Exception) -> None:
    with pytest.raises(type(other)) as raised:
        client_error(other)
    assert raised.value is other
