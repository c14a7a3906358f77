"""Runs on the node: what an answer has where rollsite holds on to a connection that failed.

It tries such a connection again after a pause that grows to two minutes, and fails every call until then, also where
what it connects to is back. So it is at fault where the same question, sent past it, gets its answer.
"""

from __future__ import annotations

from typing import Any

from fatecloud.components.router_questions import NAMED

STALE, ROUTE = "stale", "route"
"""Values of `NAMED` in an answer: a check of rollsite's own says what is wrong."""
_SIGN = "io exception"


def held_back(answer: dict[str, Any]) -> bool:
    """Whether an answer may come of such a connection. Its text names no place: it is the same for whatever is down."""
    return answer.get("status") == "UNAVAILABLE" and _SIGN in str(answer.get("error"))


def named_stale(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, where it does."""
    return {**answer, NAMED: STALE}
