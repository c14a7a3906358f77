"""Runs on the node: does the scheduler of flow 1.4 still work?

It writes nothing while no job comes. Only its thread that lets jobs in again which a busy party had refused writes a
line, every two minutes, and ends for ever with the first error of the database. Flow's detector of lost processes, of
the same process and so of the same time zone, writes one every five seconds: by that it is known how late the other is.
"""

from __future__ import annotations

import glob
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from fatecloud.components.flow import probe_schedule
from fatecloud.components.flow.probe_schedule import STAMP, WATCHED, age_of, read

BEAT = "start run queue_"
LATE = 300.0
"""Seconds: two lines, and the time to let some jobs in."""
TAIL = 1 << 20
"""Bytes of a log that other threads fill as well."""


def judge(folder: str, sleep: Callable[[float], object] = time.sleep) -> dict[str, Any]:
    """As for later flows; `age` is that of the scheduler's line, or of the detector's where it writes none.

    Args:
        folder: of flow's logs.
        sleep: between two looks; soon after flow's start, its first line is still to come.
    """
    path = f"{folder}/fate_flow_stat.log"
    clock = f"{folder}/fate_flow_detect.log"
    found = probe_schedule.judge(clock, sleep)
    if not found["ok"]:
        return found
    try:
        for again in reversed(range(int(WATCHED) + 1)):
            beat, now = _last_beat(path), read(clock)[1]
            behind = max(0.0, age_of(beat) - age_of(now)) if beat and now else None
            if behind is not None and behind <= LATE:
                break
            if again:
                sleep(1.0)
    except OSError as error:
        return {"ok": False, "kind": "absent", "error": f"{path}: {error.strerror}"}
    if behind is None:
        return {"ok": False, "kind": "empty", "error": f"{path} has no line {BEAT!r}"}
    return {**found, "age": round(behind + found["age"], 1)}


def _last_beat(path: str) -> tuple[str, ...] | None:
    """The parts of its stamp. Flow goes on to a new file each day: then it may be in the newest of the older ones."""
    for log in (path, *sorted(glob.glob(f"{glob.escape(path)}.*"))[-1:]):
        for line in reversed(read(log, TAIL)[0]):
            stamp = STAMP.match(line)
            if stamp and BEAT in line:
                return stamp.groups()
    return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
