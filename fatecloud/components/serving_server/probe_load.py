"""Runs on the node: how much of the threads of the own service is in use, and did it refuse requests lately?

It counts what it refuses under another name than what it lets pass, so that its own figures never show it: see
`RequestOverloadBreaker` in FATE-Serving. Its log does.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from typing import Any

from fatecloud.probing.dialing import readable

LATELY = 120.0
"""Seconds."""
TAIL = 256 << 10
"""Bytes of the log."""
_REFUSED = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),\d+ .*"
    r"request was block by over load, (?:service name|model resource): (.*)$",
    re.MULTILINE,
)
_AHEAD = 5.0


def load(log: str, main: str, pool: str, most: int, now: float) -> dict[str, Any]:
    """The document: `refused` lately, with the `names` of what was asked for, and `threads` of its pool out of `most`.

    Args:
        log: of the service.
        main: its class, an argument of its process.
        pool: how the names of its threads for requests begin.
        most: as many there are at once; 0 for two to each processor.
        now: seconds since the epoch.
    """
    rows = [row for row in _rows(_end(log)) if now - LATELY <= row[0] <= now + _AHEAD]
    return {
        "ok": True,
        "refused": len(rows),
        "names": sorted({readable(name, 80) for _, name in rows})[:5],
        "threads": _threads(main.encode(), pool),
        "most": most or 2 * (os.cpu_count() or 1),
    }


def _rows(text: str) -> list[tuple[float, str]]:
    found = []
    for match in _REFUSED.finditer(text):
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        found.append((time.mktime((year, month, day, hour, minute, second, 0, 0, -1)), match.group(7)))
    return found


def _end(path: str) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            return file.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return ""


def _threads(main: bytes, pool: str, proc: str = "/proc") -> int:
    """How many threads of the own user's process with this argument have such a name."""
    number = 0
    for pid in (pid for pid in os.listdir(proc) if pid.isdigit()):
        place = os.path.join(proc, pid)
        try:
            with open(os.path.join(place, "cmdline"), "rb") as file:
                if os.stat(place).st_uid != os.getuid() or main not in file.read().split(b"\0"):
                    continue
            for task in os.listdir(os.path.join(place, "task")):
                with open(os.path.join(place, "task", task, "comm"), encoding="utf-8", errors="replace") as file:
                    number += file.read().startswith(pool)
        except OSError:
            # It ended meanwhile.
            continue
    return number


if __name__ == "__main__":
    log, main, pool, most = sys.argv[1:]
    sys.stdout.write(json.dumps(load(log, main, pool, int(most), time.time())) + "\n")
