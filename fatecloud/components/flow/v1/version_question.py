"""Runs on the node: a question that only a flow answers, and that every router between two flows has to pass.

It asks for the version of FATE. Flow answers from its memory, whatever its database does.
"""

from __future__ import annotations

import json
from typing import Any

from fatecloud.components.router_questions import of_another_api
from fatecloud.probing.dialing import readable

PATH = "/v1/version/get"
METHOD = "POST"
PADDING = 4000
"""Bytes: three Ethernet packets. Flow writes each question to its log."""


def body(padding: int = 0) -> bytes:
    """The question; `padding` bytes make it longer, in a key that flow does not read."""
    return json.dumps({"module": "FATE", "padding": "x" * padding}).encode()


def judged(answer: bytes) -> dict[str, Any]:
    """Whether a flow has answered: every answer of flow has its envelope. `version` is FATE's, where flow says it."""
    try:
        envelope = json.loads(answer)
        code, data = int(envelope["retcode"]), envelope.get("data")
        version = str(data["FATE"]) if isinstance(data, dict) and "FATE" in data else ""
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return of_another_api(answer, "code", "message", 2)
    if code:
        error = readable(f"flow answers with code {code}: {envelope.get('retmsg')}")
        return {"ok": False, "kind": "code", "error": error}
    return {"ok": True, "version": readable(version)}
