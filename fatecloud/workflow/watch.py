"""`check` again and again: until someone ends it, or until the cluster is healthy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fatecloud.errors import UsageError
from fatecloud.model.duration import seconds

if TYPE_CHECKING:
    from fatecloud.model.finding import Report

EVERY, LEAST = 30.0, 2.0
"""Seconds between two checks, and the fewest: a check costs a node about a second of processor time."""
SOON = 5.0
"""Seconds between two checks while someone waits for the end of a change."""
TIMEOUT = 600.0
UNSETTLED = 3
"""Exit status where services were still settling: what does not count yet was not judged."""


def interval(text: str | None, usual: float) -> float:
    """The seconds between two checks, as typed after `--every`.

    Raises:
        UsageError: it is not a duration, or it is too short.
    """
    found = seconds(text) if text else usual
    if found < LEAST:
        raise UsageError(f"--every {text}: the nodes need at least {LEAST:.0f}s between two checks")
    return found


def watch(
    check: Callable[[], Report],
    show: Callable[[Report], None],
    every: float,
    wait: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Check and show until interrupted.

    Args:
        every: seconds from the end of a check to the start of the next one.
    """
    while True:
        show(check())
        wait(every)


def wait_healthy(
    check: Callable[[], Report],
    show: Callable[[Report], None],
    every: float,
    timeout: float,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Report, int]:
    """Check until nothing is wrong, and at most this long.

    Services that settle are waited for as well, because what is wrong with them does not count yet.

    Args:
        every: seconds between two checks.
        timeout: seconds after which no further check begins; one check is always made.

    Returns:
        The last report, and the exit status: 0 healthy, otherwise that of the report, or 3 while services settle.
    """
    until = clock() + timeout
    while True:
        report = check()
        show(report)
        if is_settled(report) and report.exit_status == 0:
            return report, 0
        left = until - clock()
        if left <= 0:
            return report, report.exit_status or UNSETTLED
        wait(min(every, left))


def version_of(inventory: Path) -> tuple[int, int]:
    """What changes when an inventory is edited; zeros while it cannot be read, as in the middle of a checkout."""
    with suppress(OSError):
        found = inventory.stat()
        return found.st_mtime_ns, found.st_size
    return 0, 0


def is_settled(report: Report) -> bool:
    """Whether everything that was read counts."""
    return not report.settling
