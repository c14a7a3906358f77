"""What is muted: of `mute list`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Time


class MuteDocument(TypedDict):
    """A finding that does not count for some time."""

    finding: Annotated[str, "Its id, `CODE@subject`."]
    severity: Annotated[str, "When it was muted; it counts again if it gets worse."]
    reason: str
    until: Time
    by: str
    at: Time
    about: list[str]
    explained: Annotated[dict[str, str], "Id -> severity of the findings that are muted with it."]


class MuteList(TypedDict):
    """`fatecloud mute list`."""

    items: list[MuteDocument]
