"""Runs on the clustermanager's node, as its user: lists the sessions that are open, or ends one."""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.clustermanager.probe_database import judge
from fatecloud.components.clustermanager.sessions import kill

SECONDS = 20.0
OPEN = ("NEW", "ACTIVE")


def listed(conf: str) -> dict[str, Any]:
    """The open sessions, as its database has them: the clustermanager has no command for a list.

    Args:
        conf: the clustermanager's settings.
    """
    answer = judge(conf)
    if not answer["ok"]:
        return answer
    return {"ok": True, "sessions": [row for row in answer["sessions"] if row["status"] in OPEN]}


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    said = listed(*words) if verb == "list" else kill(words[0], int(words[1]), words[2], seconds=SECONDS)
    sys.stdout.write(json.dumps(said) + "\n")
