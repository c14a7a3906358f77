"""Lengths of time as people write and read them."""

from __future__ import annotations

import re

from fatecloud.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def seconds(text: str | None) -> float:
    """Read `90s`, `30m`, `2h` or a bare number of seconds; None is 0.

    Raises:
        UsageError: it has another form.
    """
    if not text:
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None:
        raise UsageError(f"invalid duration {text!r}: use 90s, 30m or 2h")
    return float(found[1]) * _UNITS[found[2] or "s"]


def duration_text(length: float) -> str:
    """Seconds as text: `40 s`, `6 min 5 s`, `2 h 3 min`, `4 d 2 h`."""
    whole = int(length)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min" + (f" {whole % _MINUTE} s" if whole % _MINUTE else "")
    if whole < _DAY:
        return f"{whole // _HOUR} h" + (f" {whole % _HOUR // _MINUTE} min" if whole % _HOUR >= _MINUTE else "")
    return f"{whole // _DAY} d" + (f" {whole % _DAY // _HOUR} h" if whole % _DAY >= _HOUR else "")
