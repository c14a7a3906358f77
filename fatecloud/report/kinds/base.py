"""What the fields of several kinds are."""

from __future__ import annotations

from typing import Annotated, Literal


class Rule:
    """JSON Schema keywords of a value, in addition to its type."""

    def __init__(self, **keywords: object) -> None:
        self.keywords = keywords


Time = Annotated[str, Rule(format="date-time", description="UTC, ISO 8601.")]
Seconds = Annotated[float, Rule(minimum=0)]
Count = Annotated[int, Rule(minimum=0)]
Key = Annotated[str, "Key of a service: `9999/flow@a1`."]
Status = Literal["healthy", "warning", "critical", "unknown"]
