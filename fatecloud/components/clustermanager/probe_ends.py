"""Runs on the node: when clustermanagers with these logs have ended, by what they write then."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from fatecloud.components.clustermanager.jvm_log import entries, texts

SIGN = "****** Shutting down Cluster Manager ******"
MOST = 20


def look(path: str, now: float) -> dict[str, Any]:
    """The times in `ends`, the newest last.

    Args:
        path: of the log.
        now: seconds since the epoch.
    """
    ends = [at for at, entry in entries(texts(path, now), SIGN, now) if SIGN in entry]
    return {"ok": True, "ends": ends[-MOST:]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(sys.argv[1], time.time())) + "\n")
