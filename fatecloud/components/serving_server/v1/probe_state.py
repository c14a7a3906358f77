"""Runs on the node: does the own server answer, and which models has it on its record?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.serving_server.messages import old_server
from fatecloud.components.serving_server.v1.record import models

SECONDS = 8.0


def state(host: str, port: int, data: str) -> dict[str, Any]:
    """`models` are those on its record; where that cannot be read they are None, and `unread` says why."""
    answer = old_server(host, port, seconds=SECONDS)
    if not answer["ok"]:
        return answer
    found = models(data)
    return {"models": None, "unread": found["error"], **answer} if "error" in found else {**answer, **found}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
