"""Runs on the node: do rollsite's own logs say that data of jobs did not arrive?"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.clustermanager.jvm_log import texts
from fatecloud.components.rollsite.transfers import lost, waiting
from fatecloud.probing.dialing import readable

MOST = 20
"""Of a kind in the answer."""


def look(logs: str, own: str, now: float) -> dict[str, Any]:
    """What was lost lately, and what is waited for.

    Args:
        logs: path of rollsite's logs, without the ends of their names.
        own: party.
        now: seconds since the epoch.
    """
    errors = lost(texts(f"{logs}.err.log", now), own, now)
    pulls = waiting(texts(f"{logs}.log", now), now)
    return {
        "ok": True,
        "lost": [_shown(row) for row in errors[:MOST]],
        "waiting": [{**row, "task": readable(row["task"])} for row in pulls[-MOST:]],
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "party": readable(row["party"], 40), "error": readable(" ".join(row["error"].split()))}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(sys.argv[1], sys.argv[2], time.time())) + "\n")
