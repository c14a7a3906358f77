"""Runs on the node: does flow's scheduler still work?

It writes a line every two seconds. The file's time stamp shows nothing (it moves on a full disk too), so the stamp
inside the last complete line counts.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from typing import Any

TAIL = 65536
STAMP = re.compile(r"^\[[A-Z]+\] \[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),\d+\]")
ERROR = re.compile(r"[\w.]+(Error|Exception)\b")


def judge(path: str) -> dict[str, Any]:
    """Age in seconds of the scheduler's last complete line, and the last error in the tail."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        return {"ok": False, "kind": "absent", "error": f"{path}: {error.strerror}"}
    lines = text.split("\n")[:-1]
    stamp = next(filter(None, map(STAMP.match, reversed(lines))), None)
    if stamp is None:
        return {"ok": False, "kind": "empty", "error": f"{path} has no line with a time stamp"}
    # Not strptime: its first use imports more than the rest of this script. -1: the time zone decides on summer time.
    year, month, day, hour, minute, second = map(int, stamp.groups())
    last = time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
    ticks = [number for number, line in enumerate(lines) if "start schedule waiting jobs" in line]
    # Only errors after the last but one tick are current: older ones stay in the file after they are solved.
    recent = lines[ticks[-2] :] if len(ticks) > 1 else lines
    return {
        "ok": True,
        "age": round(max(0.0, time.time() - last), 1),
        "traceback": any(line.startswith("Traceback") for line in recent),
        "last_error": next((line[:300] for line in reversed(recent) if ERROR.match(line)), ""),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
