"""Runs on flow's node: can the party's own proxy be reached from here, and does it answer for this party?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.probing.dialing import trouble
from fatecloud.probing.http_get import NoHttp, get

SECONDS = 5.0


def judge(host: str, port: int, party: str) -> dict[str, Any]:
    """Ask the proxy for its health page."""
    try:
        _, _, body = get(host, port, "/fatecloud/health", timeout=SECONDS)
        health = json.loads(body)
    except OSError as error:
        return trouble(error, SECONDS)
    except (NoHttp, ValueError):
        return {"ok": False, "kind": "foreign", "error": f"what answers on {host}:{port} is not our proxy"}
    if not isinstance(health, dict) or health.get("party") != party:
        return {"ok": False, "kind": "foreign", "error": f"what answers on {host}:{port} is not our proxy"}
    return {"ok": True}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
