"""Runs on flow's node: can the party's own proxy be reached from here, and does it answer for this party?"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.probing.connecting import NoConnection
from fatecloud.probing.dialing import trouble
from fatecloud.probing.http_get import NoHttp, get
from fatecloud.probing.patience import patient
from fatecloud.probing.sized import sized

SECONDS = 5.0


PADDING = 4000
"""Bytes: three Ethernet packets, and less than the 8 KiB of a header's line that nginx takes."""


def judge(host: str, port: int, party: str) -> dict[str, Any]:
    """Ask with the size of several full packets, as flow's commands have."""
    return sized(functools.partial(ask, host, port, party), PADDING, (SECONDS, 3.0, 2.0))


def ask(host: str, port: int, party: str, padding: int, seconds: float) -> dict[str, Any]:
    """Ask the proxy for its health page; `padding` bytes make the request longer."""
    try:
        headers = {"X-Padding": "x" * padding}
        _, _, body = get(host, port, "/fatecloud/health", timeout=seconds, headers=headers)
        health = json.loads(body)
    except NoConnection:
        return {"ok": False, "kind": "dropped", "error": f"no connection within {patient(seconds):g} s"}
    except OSError as error:
        return trouble(error, seconds)
    except (NoHttp, ValueError, RecursionError):
        return {"ok": False, "kind": "foreign", "error": f"what answers on {host}:{port} is not our proxy"}
    if not isinstance(health, dict) or health.get("party") != party:
        return {"ok": False, "kind": "foreign", "error": f"what answers on {host}:{port} is not our proxy"}
    return {"ok": True}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], int(sys.argv[2]), sys.argv[3])) + "\n")
