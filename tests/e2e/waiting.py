"""Waits for what comes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Reached = TypeVar("Reached")


def wait_until(reached: Callable[[], Reached], seconds: float = 100) -> Reached:
    """What a question gives, once that is something; it has to be within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found
