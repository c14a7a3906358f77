"""Runs on the node: a question that only a flow answers, and that every router between two flows has to pass.

It asks for the version of FATE. Flow answers from its memory, whatever its database does.
"""

from __future__ import annotations

import json
from typing import Any

from fatecloud.components.router_questions import OTHER_API
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
        return _other(answer)
    if code:
        error = readable(f"flow answers with code {code}: {envelope.get('retmsg')}")
        return {"ok": False, "kind": "code", "error": error}
    return {"ok": True, "version": readable(version)}


def _other(answer: bytes) -> dict[str, Any]:
    """What an answer is that has not the envelope of 1.x."""
    try:
        envelope = json.loads(answer)
        if isinstance(envelope["code"], int) and isinstance(envelope["message"], str):
            return {"ok": False, "kind": OTHER_API, "error": "its flow has the API of FATE 2, and no other"}
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # no flow of any version
    return {"ok": False, "kind": "foreign", "error": "what answers is not flow"}
