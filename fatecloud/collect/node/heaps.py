"""What a JVM writes itself of its memory and its threads: the log of its collections, and errors in its other logs."""

import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from .endings import newest
from .opening import end_of
from .reading import Unreadable
from .records import stamp_of

_TAIL = 1 << 20
"""Bytes: some hundred collections, or an hour of a busy log."""
_BEFORE = 64 << 10
"""Bytes before an error in which its stamp is looked for: lines of a trace have none."""
_CLOCKS = 2.0  # seconds by which the clock of processes may differ from that of files
_LINE = 300
_UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZES = r"([\d.]+)([BKMG])->([\d.]+)([BKMG])\(([\d.]+)([BKMG])\)"
"""Before, after, and all."""
_UNIFIED = re.compile(r"\] GC\(\d+\) Pause ([A-Z]\w+)(?: .*?)? " + _SIZES)
# Java 8: sizes of a generation follow its name and a colon.
_OLD = re.compile(r"\[(Full GC|GC cleanup|GC)\b.*?(?<!: )(?<![\d.])" + _SIZES)
_OLD_G1 = re.compile(r"(Heap): ([\d.]+)([BKMG])\([^)]*\)->([\d.]+)([BKMG])\(([\d.]+)([BKMG])\)")
_WHOLE = {"Full": True, "Full GC": True, "Cleanup": False, "GC cleanup": False}
"""Kinds of collections that looked at all of the heap, and whether they have also freed all that they could."""
SIGNS = {
    # The second one is Netty's own, for memory outside of the heap: the JVM goes on.
    "exhausted": re.compile(rb"OutOf(?:Direct)?MemoryError"),
    # A pool that was closed refuses work as well, and is not meant.
    "refused": re.compile(rb"Rejected(?:Execution)?Exception[^\n]*\[Running, pool size"),
}
"""Name -> an error that ends no process, and with it work that is then never done."""
_WORDS = "OutOf(Direct)?MemoryError|Rejected(Execution)?Exception.*Running, pool size"
"""The same for journalctl."""
_LATELY, _ENTRIES = 3600.0, 200
_JOURNAL = re.compile(r"^(\d+\.\d+) \S+ (\S+?)\[\d+\]: (.*)$")

Row = Tuple[float, str, float, float]
"""When, of which kind, bytes left over, bytes of the heap."""
Error = Tuple[float, str]
"""When, and the line."""
Errors = Dict[str, List[Error]]
"""By the names of `SIGNS`."""


def heap(path: str, since: float) -> Optional[Dict[str, Any]]:
    """What is left over in a heap; None where the log of collections shows none of this run.

    Only collections that looked at the whole heap say so (`live`, None without one): between two of them garbage
    gathers, which does not show a leak. `at` is when the last one was, `full` whether it freed all that it could.

    Args:
        path: of the log.
        since: when the JVM began, seconds since the epoch.
    """
    rows = [row for row in _rows(end_of(path, _TAIL)) if row[0] >= since - _CLOCKS]
    if not rows:
        return None
    whole = [number for number, row in enumerate(rows) if row[1] in _WHOLE]
    known: Dict[str, Any] = {"live": None, "at": None, "full": False}
    if whole:
        last = rows[whole[-1]]
        # Later ones free what it found to be garbage.
        live = min(row[2] for row in rows[whole[-1] :])
        known = {"live": live, "at": last[0], "full": _WHOLE[last[1]]}
    return dict(known, capacity=rows[-1][3])


def last_of(errors: Iterable[Error], since: float) -> Optional[Dict[str, Any]]:
    """The last of some errors, as `at` and `line`; None where none is of this run."""
    found = [error for error in errors if error[0] >= since - _CLOCKS]
    at, line = max(found) if found else (0.0, "")
    return {"at": at, "line": line[:_LINE]} if found else None


def in_journal(units: List[str]) -> Dict[str, Errors]:
    """The errors of the last hour in the journal, by the name that a unit has there.

    Java's own logging goes there, and no other log has what it says. Only of an hour: the journal is read through.
    """
    of_units = ("--unit=" + unit for unit in units)
    try:
        text = newest(_ENTRIES, _LATELY, "short-unix", "-g", _WORDS, *of_units)
    except Unreadable:
        return {}  # there is none, or a systemd that cannot look for words
    found: Dict[str, Errors] = {}
    for match in filter(None, map(_JOURNAL.match, text.splitlines())):
        at, unit, line = float(match.group(1)), match.group(2), match.group(3).strip()
        for name, sign in SIGNS.items():
            if sign.search(line.encode("utf-8", "replace")):
                found.setdefault(unit, {}).setdefault(name, []).append((at, line))
    return found


def in_logs(paths: Iterable[str]) -> Errors:
    """The last error of each kind in each log; none of one whose lines have no time."""
    found: Errors = {}
    for data in (end_of(path, _TAIL) for path in paths):
        for name, sign in SIGNS.items():
            places = [match.start() for match in sign.finditer(data)]
            error = _error(data, places[-1]) if places else None
            if error is not None:
                found.setdefault(name, []).append(error)
    return found


def _error(data: bytes, place: int) -> Optional[Error]:
    """The line at a place of a log, with the time of its entry."""
    before = data[max(0, place - _BEFORE) : place].decode("utf-8", "replace").splitlines()
    line = before[-1:] + data[place : place + _LINE].decode("utf-8", "replace").splitlines()[:1]
    at = next((at for at in map(stamp_of, reversed(before)) if at is not None), None)
    return None if at is None else (at, "".join(line)[-_LINE:])


def _rows(data: bytes) -> Iterator[Row]:
    at: Optional[float] = None
    # Most lines say how a collection went on: these are not looked at.
    for line in _candidates(data):
        at = stamp_of(line) or at
        match = _UNIFIED.search(line) or _OLD_G1.search(line) or _OLD.search(line)
        if match and at is not None:
            yield at, match.group(1), _bytes(match, 4), _bytes(match, 6)


def _bytes(match: Any, group: int) -> float:
    return float(match.group(group)) * _UNITS[match.group(group + 1)]


def _candidates(data: bytes) -> List[str]:
    return [line.decode("utf-8", "replace") for line in data.split(b"\n") if b"->" in line and b"(" in line]
