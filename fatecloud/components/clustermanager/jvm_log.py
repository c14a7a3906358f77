"""Runs on the node: the logs of EggRoll 2's JVMs, each hour of which is a file of its own."""

from __future__ import annotations

import os
import re
import time

TAIL = 256 << 10
"""Bytes of a file."""
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


def entries(found: list[str], word: str, since: float = 0.0) -> list[tuple[float, str]]:
    """Time and text of each entry of these that is not older.

    Args:
        found: texts of logs.
        word: texts without it are not looked through.
        since: seconds since the epoch.
    """
    rows = []
    for text in (text for text in found if word in text):
        heads = list(_HEAD.finditer(text))
        ends = [*(head.start() for head in heads[1:]), len(text)]
        for number, head in enumerate(heads):
            year, month, day, hour, minute, second = map(int, head.groups()[1:])
            at = time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
            if at >= since:
                rows.append((at, text[head.start() : ends[number]]))
    return rows


def _end(path: str) -> str:
    """The last bytes of a log; empty where it is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
