"""Runs on the node: a long question, and where it gets no answer, what a short one says about that.

Only a short question that is answered promptly between two long ones that are not means that large packets are lost:
busy software is slow to answer either.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PROMPT_SECONDS = 1.0
"""Seconds. If a short question is answered within them, neither machine is merely slow."""
NO_ANSWER = ("timeout", "silent", "unanswered", "reset")
"""`unanswered` is gRPC's: its greeting is short and gets through, also where the call that follows is lost."""


def sized(
    ask: Callable[[int, float], dict[str, Any]], padding: int, seconds: tuple[float, float, float]
) -> dict[str, Any]:
    """The answer to the long question; `large` where only short ones get one.

    Args:
        ask: gets the bytes that make the question longer, and its time limit.
        padding: bytes of the long question.
        seconds: for the long question, for the short one, and for the long one again.
    """
    first, short_limit, again = seconds
    long = ask(padding, first)
    if long.get("kind") not in NO_ANSWER:
        return long
    began = time.monotonic()
    short = ask(0, short_limit)
    if not short["ok"]:
        return long
    if time.monotonic() - began > PROMPT_SECONDS or ask(padding, again)["ok"]:
        return short
    return {"ok": False, "kind": "large", "error": f"short questions are answered, but one of {padding} bytes is not"}
