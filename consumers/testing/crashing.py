"""A crash at every point that a process passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from consumers.testing.driver import Driver
from consumers.testing.world import Crash

_Function = TypeVar("_Function", bound=Callable[..., Any])


def crash_everywhere(make: Callable[[], Driver[_Function]]) -> Iterator[Driver[_Function]]:
    """A driver for each point at which the process can crash: it crashed there, was started again, and ended.

    `make` gives a new driver, its events sent and with a handler that has seen nothing. First comes one that did not
    crash. Raises AssertionError where an offset passes work that is not done, or a record is in the end neither
    handled nor dead-lettered.
    """
    calm = make()
    calm.run()
    yield _checked(calm)
    for point in range(len(calm.world.points)):
        driver = make()
        driver.crash_at(point)
        try:
            driver.run()
        except Crash:
            driver.run()
        yield _checked(driver)


def _checked(driver: Driver[_Function]) -> Driver[_Function]:
    if driver.unhandled:
        raise AssertionError(f"lost after the points {Counter(driver.world.points)}: {driver.unhandled}")
    return driver
