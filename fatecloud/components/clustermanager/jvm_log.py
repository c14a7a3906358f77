"""Runs on the node: the logs of EggRoll 2's JVMs, each hour of which is a file of its own."""

from __future__ import annotations

import os
import re
import time

TAIL = 256 << 10
"""Bytes of a file."""
AHEAD = 5.0
"""Seconds by which an entry may be newer than the look at it began."""
_HEAD = re.compile(r"^\[([A-Z]+) *\]\[\d+\]\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),\d+\]", re.MULTILINE)


def texts(path: str, now: float) -> list[str]:
    """The end of a log, after that of the hour before, which EggRoll has put aside.

    Args:
        path: of the log.
        now: seconds since the epoch.
    """
    folder, name = os.path.split(path)
    hour = time.localtime(now - 3600)
    older = os.path.join(folder, time.strftime("%Y/%m/%d", hour), name + time.strftime(".%Y-%m-%d-%H", hour))
    return [text for text in (_end(older), _end(path)) if text]


def entries(found: list[str], word: str, now: float, since: float = 0.0) -> list[tuple[float, str]]:
    """Time and text of each entry of these between two moments.

    A process keeps the time zone in which it began: what seems to be written in the future says nothing about now.

    Args:
        found: texts of logs.
        word: texts without it are not looked through.
        now: seconds since the epoch.
        since: likewise.
    """
    rows = []
    for text in (text for text in found if word in text):
        heads = list(_HEAD.finditer(text))
        ends = [*(head.start() for head in heads[1:]), len(text)]
        for number, head in enumerate(heads):
            year, month, day, hour, minute, second = map(int, head.groups()[1:])
            at = time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
            if since <= at <= now + AHEAD:
                rows.append((at, text[head.start() : ends[number]]))
    return rows


def _end(path: str) -> str:
    """The last bytes of a log; empty where it is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            # Bounded: it may grow faster than it is read.
            return file.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
