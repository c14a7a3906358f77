"""How long the phases of a verb take: `-v` reports a line for each, to standard error, when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[float, str], None]


class _Clock:
    """What takes the phases of this run; None without `-v`."""

    report: Report | None = None


def report_phases(report: Report | None) -> None:
    """Hand each phase's seconds and name to `report` from now on; None ends it."""
    _Clock.report = report


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Measure what is done inside. Phases may lie in one another: what is done while nodes are read is reported too."""
    began = time.monotonic()
    try:
        yield
    finally:
        report_seconds(time.monotonic() - began, name)


def report_seconds(seconds: float, name: str) -> None:
    """Report something that was measured elsewhere."""
    if _Clock.report is not None:
        _Clock.report(seconds, name)
