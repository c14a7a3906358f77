"""Scores: what is asked of servers that answer with models, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """One request for a score."""

    features: Mapping[str, Any]
    """The guest's, by name."""
    sent: Mapping[str, Any] = field(default_factory=dict)
    """What the other parties find their own features by; empty for an id that no one had before."""


@dataclass(frozen=True, slots=True)
class Score:
    """The answer to one request."""

    code: int
    """0 for success, also of the other parties; else upstream's `retcode`."""
    words: str
    score: float | None
    """None where the answer has none, whatever its code says."""
    model: str = ""
    """Version of the model that made it; empty where the answer does not say it."""
    kept: bool = False
    """Whether another party's answer, or all of it, was one that was kept: that party was not asked."""

    @property
    def ok(self) -> bool:
        """Whether it is a score of all parties."""
        return self.code == 0 and self.score is not None


@dataclass(frozen=True, slots=True)
class Hop:
    """How long a request took one service, as its own log says."""

    service: str
    """Key."""
    seconds: float
    waited: float | None
    """How much of it that service waited for another one; None where its log does not say it."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answers of one call."""

    proxy: str
    """Key of the service that was asked."""
    scores: tuple[Score, ...]
    seconds: float
    """Until the answer came, seen from the proxy's node."""
    hops: tuple[Hop, ...] = ()
    """On the way there; services of others are not among them."""
