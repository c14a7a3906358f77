"""How a service's processes ended lately: from systemd's journal, or from supervisord's own log."""

import re
import signal
import time
from typing import Any, Dict, List, Optional, Tuple

from .opening import end_of
from .reading import Unreadable, output_of

SPAN = 600.0
"""Seconds: ends before them say nothing about what happens now."""
_ENTRIES = 300
_SAID, _LINE, _TAIL = 8, 300, 8 << 10
_QUARTER, _CLOSE, _FARTHEST = 900, 5, 26 * 3600
_JOURNAL = re.compile(r"^(\d+\.\d+) .*?systemd\[1\]: [^:]+: (.*)$")
_EXITED = re.compile(r"(?:main|control) process exited, code=(\w+), status=(\d+)", re.IGNORECASE)
_AGAIN = re.compile(r"Scheduled restart job|scheduling restart", re.IGNORECASE)
_KILLER = re.compile(r"result 'oom-kill'|killed by the OOM killer")
_TERMINATED = re.compile(r"terminated by (SIG\w+)")

Ends = List[Tuple[float, str]]


def summary(ends: Ends, after: float) -> Optional[Dict[str, Any]]:
    """How many ends there were lately, when the last one was and how; None where there was none.

    `after` is when a run of ours last started the service: what ended before it is over.
    """
    since = max(after, time.time() - SPAN)
    late = [end for end in ends if end[0] > since]
    return {"count": len(late), "at": late[-1][0], "how": late[-1][1]} if late else None


def wanted(state: Dict[str, Any]) -> bool:
    """Whether a unit's state shows that it ended by itself lately: only then is the journal worth a program's start."""
    if state["state"] == "failed" or state["sub"].startswith("auto-restart"):
        return True
    return bool(state["restarts"] and state["since"] and time.time() - state["since"] < SPAN)


def of_unit(unit: str) -> Ends:
    """The ends that systemd wrote down of a unit; empty where the journal cannot be read."""
    try:
        return in_journal(newest(_ENTRIES, SPAN, "short-unix", "-u", unit, "_PID=1"))
    except Unreadable:
        return []  # the state of the unit stays, which has the last end as numbers


def said_in_journal(unit: str) -> List[str]:
    """What the processes of a unit printed last: one that ends at once has often written no log."""
    try:
        return _last(newest(_SAID, SPAN, "cat", "_SYSTEMD_UNIT=" + unit))
    except Unreadable:
        return []


def said_in_file(path: str) -> List[str]:
    """The same from the file that takes what a program of supervisor prints."""
    return _last(end_of(path, _TAIL).decode("utf-8", "replace"))


def newest(entries: int, span: float, form: str, *matches: str) -> str:
    """The newest entries of the journal, at most so many and of so many seconds, in the order of their times.

    Without `-r` the journalctl of Debian 12 gives the first ones of that time. Raises Unreadable.
    """
    argv = ["journalctl", "-q", "--no-pager", "-r", "-o", form, "-n", str(entries)]
    found = output_of([*argv, "--since", "@%d" % (time.time() - span), *matches])
    return "\n".join(reversed(found.splitlines()))


def _last(text: str) -> List[str]:
    return [line[:_LINE] for line in text.splitlines() if line.strip()][-_SAID:]


def in_journal(text: str) -> Ends:
    """The ends in lines of the journal.

    systemd says how a process ended, except where it ended with success; that it starts it again it always says.
    """
    ends: Ends = []
    known = False
    for found in filter(None, map(_JOURNAL.match, text.splitlines())):
        at, message = float(found.group(1)), found.group(2)
        exited = _EXITED.search(message)
        if exited:
            killed = exited.group(1) != "exited"
            ends.append((at, by_signal(int(exited.group(2))) if killed else by_status(int(exited.group(2)))))
            known = True
        elif _KILLER.search(message) and known:
            ends[-1] = (ends[-1][0], "killed by the kernel, which had no memory left for it")
        elif _AGAIN.search(message):
            if not known:
                ends.append((at, by_status(0)))
            known = False
    return ends


def of_program(text: str) -> str:
    """What supervisord writes of an end, in the same words: `terminated by SIGKILL; not expected`."""
    found = _TERMINATED.search(text)
    if found:
        return by_signal(int(getattr(signal, found.group(1), 0)))
    status = re.search(r"exit status (\d+)", text)
    return by_status(int(status.group(1))) if status else text


def by_signal(number: int) -> str:
    """The end by a signal: `killed by signal 9 (SIGKILL)`."""
    return "killed by signal %d (%s)" % (number, _named(number))


def by_status(status: int) -> str:
    """The end with an exit status; shells give 128 and more for a signal."""
    name = _named(status - 128) if status > 128 else ""  # noqa: PLR2004 - see above
    return "exit status %d%s" % (status, ", as after %s" % name if name.startswith("SIG") else "")


def shift(last: Optional[float], written: float) -> float:
    """Seconds to add to stamps of a log whose writer began in another time zone than the node has now.

    A line's stamp and the file's own time are of one moment; zones differ by quarters of an hour.
    """
    apart = written - last if last is not None else 0.0
    zone = round(apart / _QUARTER) * _QUARTER
    return float(zone) if zone and abs(zone) <= _FARTHEST and abs(apart - zone) < _CLOSE else 0.0


def _named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
