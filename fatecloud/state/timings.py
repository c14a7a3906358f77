"""How long the smoke tests of a cluster took: a row of `state.db` for each that succeeded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fatecloud.state.database import execute, select

KEPT = 20
"""Of each series. Older ones say little about what is usual now."""


def timings_of(directory: Path, series: str) -> list[dict[str, float]]:
    """Seconds by phase of the tests of a series, the oldest first; a row that cannot be read counts as none.

    Args:
        directory: the cluster's state directory.
        series: what such tests have in common.

    Raises:
        RunError: the history cannot be read.
    """
    found = []
    for name, text in select(directory, "timings", "select series, seconds from timings order by at"):
        with suppress(ValueError, TypeError, AttributeError):
            if name == series:
                found.append({str(phase): float(took) for phase, took in json.loads(text).items()})
    return found


def keep_timing(directory: Path, series: str, at: float, seconds: Mapping[str, float]) -> None:
    """Add a test to its series, which keeps the newest.

    Args:
        directory: the cluster's state directory.
        series: as for `timings_of`.
        at: when it ended, seconds since the epoch.
        seconds: by phase.

    Raises:
        RunError: the history cannot be written.
    """
    text = json.dumps({phase: round(took, 1) for phase, took in seconds.items()})
    execute(
        directory,
        ("insert into timings values (?,?,?)", (series, at, text)),
        (
            (
                "delete from timings where series = ? and at not in "
                "(select at from timings where series = ? order by at desc limit ?)"
            ),
            (series, series, KEPT),
        ),
    )
