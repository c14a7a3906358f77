"""Runs on the node: how much longer than usual a question may wait, because the node has more work than it can do.

Every time limit of a question goes through here, so that one that is asked once more really waits longer.
"""

from __future__ import annotations

import os
import time

VARIABLE = "FATECLOUD_PATIENCE"
"""In the environment of a question that is asked once more, see `collect/again.py`."""


def patient(seconds: float) -> float:
    """A time limit, as it is for this question."""
    return seconds * _factor()


def clock() -> float:
    """Seconds on a clock that goes more slowly for such a question: what is left by it is a limit before `patient`."""
    return time.monotonic() / _factor()


def _factor() -> float:
    return float(os.environ.get(VARIABLE, "1"))
