"""Runs on the node: does flow's scheduler still work?

It writes a line every two seconds. The file's time stamp shows nothing (it moves on a full disk too), so the stamp
inside the last complete line counts. A process keeps the time zone in which it began: where the stamp looks old, or
lies ahead, whether another line comes decides.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

TAIL = 65536
STAMP = re.compile(r"^\[[A-Z]+\] \[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),\d+\]")
LATE, AHEAD, WATCHED = 90.0, 5.0, 6.0
"""Seconds: from when on a stamp looks old, how far one may lie ahead, and how long another line is then waited for."""
ERROR = re.compile(r"[\w.]+(Error|Exception)\b")


def judge(path: str, sleep: Callable[[float], object] = time.sleep) -> dict[str, Any]:
    """Age in seconds of the scheduler's last complete line, and the last error in the tail."""
    try:
        lines, stamp = read(path)
        if stamp is None:
            return {"ok": False, "kind": "empty", "error": f"{path} has no line with a time stamp"}
        age, first = age_of(stamp), stamp
        for _ in range(int(WATCHED)) if not -AHEAD <= age <= LATE else ():
            sleep(1.0)
            lines, stamp = read(path)
            if stamp is not None and stamp != first:
                age = 0.0
                break
        else:
            # Ahead of now, and no other line comes: how old it is cannot be known, but it is not new.
            age = age if age >= -AHEAD else LATE + WATCHED
    except OSError as error:
        return {"ok": False, "kind": "absent", "error": f"{path}: {error.strerror}"}
    ticks = [number for number, line in enumerate(lines) if "start schedule waiting jobs" in line]
    # Only errors after the last but one tick are current: older ones stay in the file after they are solved.
    recent = lines[ticks[-2] :] if len(ticks) > 1 else lines
    return {
        "ok": True,
        "age": round(max(0.0, age), 1),
        "traceback": any(line.startswith("Traceback") for line in recent),
        "last_error": next((line[:300] for line in reversed(recent) if ERROR.match(line)), ""),
    }


def read(path: str, most: int = TAIL) -> tuple[list[str], tuple[str, ...] | None]:
    """The complete lines of the file's last bytes, and the parts of the last stamp. Raises OSError."""
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - most))
        text = file.read(most).decode("utf-8", "replace")
    lines = text.split("\n")[:-1]
    found = next(filter(None, map(STAMP.match, reversed(lines))), None)
    return lines, found.groups() if found else None


def age_of(stamp: tuple[str, ...]) -> float:
    """Seconds since a stamp, in the time zone that the node has now; negative where it lies ahead."""
    # Not strptime: its first use imports more than the rest of this script. -1: the time zone decides on summer time.
    year, month, day, hour, minute, second = map(int, stamp)
    return time.time() - time.mktime((year, month, day, hour, minute, second, 0, 0, -1))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
