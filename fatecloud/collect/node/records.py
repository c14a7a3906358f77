"""Cuts lines of logs into records: when each was written, how serious it is, and which lines belong to it."""

import calendar
import re
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

LEVELS = ("debug", "info", "warning", "error", "critical")
LONGEST_LINE = 4000
_HEAD_LINES, _TAIL_LINES = 40, 20
_HEAD = 160
_WORDS = {
    "debug": "debug",
    "trace": "debug",
    "info": "info",
    "note": "info",
    "notice": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "err": "error",
    "fatal": "critical",
    "crit": "critical",
    "critical": "critical",
    "alert": "critical",
    "emerg": "critical",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d(?!\d))?")
_CLF = re.compile(r"\[(\d\d)/([A-Z][a-z][a-z])/(\d{4})[: ](\d\d):(\d\d):(\d\d)(?: ([+-]\d{4}))?\]")
# Java's own logging: `Nov 29, 2026 6:26:04 PM`, since Java 20 with another comma and a blank that does not break.
_JUL = re.compile(r"^([A-Z][a-z][a-z]) (\d\d?), (\d{4}),? (\d\d?):(\d\d):(\d\d)[ \u202f]([AP])M ")
_BRACKETED = re.compile(r"\[\s*([A-Za-z]+)\s*\]")
_BARE = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b")
_STATUS = re.compile(r'" (\d{3})(?: |$)')

Record = Dict[str, Any]
Spec = Dict[str, Any]


def stamp_of(line: str) -> Optional[float]:
    """Seconds since the epoch that a line carries near its beginning; a stamp without a zone is the node's time."""
    head = line[:_HEAD]
    try:
        found = _ISO.search(head)
        if found:
            year, month, day, hour, minute, second, fraction, zone = found.groups()
            return _epoch((year, month, day, hour, minute, second), zone) + float("0." + (fraction or "0"))
        found = _CLF.search(head)
        if found and found.group(2) in _MONTHS:
            day, name, year, hour, minute, second, zone = found.groups()
            return _epoch((year, str(_MONTHS.index(name) + 1), day, hour, minute, second), zone)
        found = _JUL.match(head)
        if found and found.group(1) in _MONTHS:
            name, day, year, hour, minute, second, half = found.groups()
            hour = str(int(hour) % 12 + (12 if half == "P" else 0))
            return _epoch((year, str(_MONTHS.index(name) + 1), day, hour, minute, second), None)
    except (ValueError, OverflowError):
        pass  # digits that only look like a date
    return None


def level_of(line: str) -> Optional[str]:
    """Level of a record by its first line, None when it has none."""
    head = line[:_HEAD]
    for word in _BRACKETED.findall(head):
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
    found = _BARE.search(head)
    if found:
        return _WORDS[found.group(1).lower()]
    found = _STATUS.search(line) if _CLF.search(head) else None
    if found:
        return "error" if found.group(1) >= "500" else "info"
    return None


def records(lines: List[str], fallback: float) -> Iterator[Record]:
    """Cut lines into records: a line without a stamp of its own goes on with the record before it.

    Args:
        lines: of one file, in order.
        fallback: time of lines before the first stamp.
    """
    current: Optional[Record] = None
    for raw in lines:
        line = raw.rstrip()
        stamp = stamp_of(line)
        level = level_of(line)
        if current is not None and stamp is None and (level is None or not line.startswith("[")):
            current["lines"].append(line)
            if current["level"] is None and line.startswith("Traceback (most recent call last)"):
                current["level"] = "error"
            continue
        if current is not None:
            yield current
        before = current["time"] if current else fallback
        if level is None and line.startswith("Traceback (most recent call last)"):
            level = "error"
        current = {"time": before if stamp is None else stamp, "level": level, "lines": [line]}
    if current is not None:
        yield current


def shortened(record: Record) -> Record:
    """The record with its longest lines and the middle of many lines left out, and what was left out said in words.

    Of a traceback the beginning says where it began and the end what happened.
    """
    lines = record["lines"]
    left_out = len(lines) - _HEAD_LINES - _TAIL_LINES
    if left_out > 0:
        lines = [*lines[:_HEAD_LINES], "... (%d lines left out) ..." % left_out, *lines[-_TAIL_LINES:]]
    return dict(record, lines=[_short(line) for line in lines])


def _short(line: str) -> str:
    more = len(line) - LONGEST_LINE
    return line if more <= 0 else "%s ... (%d more characters)" % (line[:LONGEST_LINE], more)


def _epoch(parts: Tuple[str, ...], zone: Optional[str]) -> float:
    year, month, day, hour, minute, second = (int(part) for part in parts)
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):  # noqa: PLR2004 - the calendar
        raise ValueError("no date")
    fields = (year, month, day, hour, minute, second, 0, 0, -1)
    if zone is None:
        return time.mktime(fields)
    shift = 0
    if zone != "Z":
        digits = zone[1:].replace(":", "")
        shift = (int(digits[:2]) * 60 + int(digits[2:4])) * (60 if zone[0] == "+" else -60)
    return calendar.timegm(fields) - shift
