"""Waits for what comes true by itself."""

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 180.0
"""Far longer than anything takes, so that no test fails on a machine that has other work too."""

T = TypeVar("T")


def wait_until(condition: Callable[[], T | None]) -> T:
    """What the condition gives, as soon as that is true.

    Raises:
        TimeoutError: It did not come true.
    """
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError("It did not come true.")
        time.sleep(0.01)
    return found
