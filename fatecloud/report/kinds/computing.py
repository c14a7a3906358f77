"""Sessions of computing engines: of `session`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Rule, Seconds


class SessionDocument(TypedDict):
    """One session that has not ended."""

    id: str
    party: str
    status: Annotated[str, Rule(examples=["NEW", "ACTIVE"])]
    workers: Annotated[Count, "That it asked for."]
    started: Count
    age: Seconds


class SessionList(TypedDict):
    """`fatecloud session list`: by party, the oldest first."""

    items: list[SessionDocument]
    unknown: Annotated[list[str], "Sentences: which services gave no answer, and why."]
