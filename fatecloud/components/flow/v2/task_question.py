"""Runs on the node: a question that only a flow answers, and that every proxy between two flows has to pass.

It asks for the state of a task that does not exist. Flow answers with "no such task" (code 2000 of FATE-Flow 2), and
without a complaint in its logs.
"""

from __future__ import annotations

import json
from typing import Any

from fatecloud.components.flow.v2.signing import as_stranger
from fatecloud.components.router_questions import of_another_api
from fatecloud.probing.dialing import readable

PATH = "/v2/partner/task/collect"
OK, DENIED = 200, 403
PADDING = 6000
"""Bytes: four Ethernet packets, and below the 8 KiB above which a small proxy would use its disk."""
ANSWERED = (0, 2000, *range(5000, 5010))
"""Flow's codes for: found, no such task, and a site that requires signed requests. Only flow itself sends them."""


def headers_for(party: str) -> dict[str, str]:
    """What a proxy needs to find the way to a party's flow, with a signature of no one's."""
    return {"dest-party-id": party, "service": "fateflow", **as_stranger()}


def body_for(party: str, padding: int = 0) -> bytes:
    """The question; `padding` bytes make it longer."""
    task = {"job_id": "0", "role": "host", "party_id": party, "task_id": "0", "task_version": 0}
    return json.dumps({**task, "padding": "x" * padding}).encode()


def judged(status: int, reason: str, body: bytes) -> dict[str, Any]:
    """Whether a flow has answered: every answer of flow has its envelope."""
    if status != OK:
        refused = refusal(status, body)
        error = refused or readable(f"HTTP {status} {reason}")
        return {"ok": False, "kind": "denied" if refused else "status", "error": error}
    try:
        envelope = json.loads(body)
        code = int(envelope["code"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return of_another_api(body, "retcode", "retmsg", 1)
    if code not in ANSWERED:
        error = readable(f"flow answers with code {code}: {envelope.get('message')}")
        return {"ok": False, "kind": "code", "error": error}
    return {"ok": True, "code": code}


def refusal(status: int, body: bytes) -> str:
    """Why one of fatecloud's proxies passes nothing on from here; empty for every other answer."""
    if status != DENIED:
        return ""
    try:
        message = readable(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return message if message.startswith("nginx of party ") else ""
