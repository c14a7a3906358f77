"""Mutes as text and as a document."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from fatecloud.model.duration import duration_text
from fatecloud.model.mute import Mute
from fatecloud.plain import plain
from fatecloud.report.envelope import moment
from fatecloud.report.kinds.mute import MuteList
from fatecloud.report.wrap import wrapped


def mutes_text(mutes: Iterable[Mute], now: float, width: int) -> str:
    """A paragraph for each.

    Args:
        now: seconds since the epoch.
        width: columns of the terminal.
    """
    lines = (line for mute in mutes for line in _lines(mute, now, width))
    return "\n".join(lines) or "nothing is muted"


def _lines(mute: Mute, now: float, width: int) -> Iterator[str]:
    until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(mute.until))
    left = f"{duration_text(mute.until - now)} left" if mute.until > now else "over"
    yield from wrapped(f"{plain(mute.finding)} ({plain(mute.severity)}) until {until} ({left})", width, "", "    ")
    yield from wrapped(f"{plain(mute.by)}: {plain(mute.reason)}", width, "    ", "    ")
    for name, severity in mute.explained.items():
        yield from wrapped(f"with {plain(name)} ({plain(severity)})", width, "    ", "    ")


def mutes_document(mutes: Iterable[Mute]) -> MuteList:
    """The same for programs."""
    return {
        "items": [
            {
                "finding": mute.finding,
                "severity": mute.severity,
                "reason": mute.reason,
                "until": moment(mute.until),
                "by": mute.by,
                "at": moment(mute.at),
                "about": list(mute.about),
                "explained": dict(mute.explained),
            }
            for mute in mutes
        ]
    }
