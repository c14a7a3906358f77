"""What servers keep of answers that they got from other parties."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that is kept."""

    key: str
    seconds: float | None
    """Until it is forgotten; None for never."""
    bytes: int


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """What servers keep of answers of other parties, in one place."""

    owner: str
    store: str
    """Endpoint of the store that they share; empty where each keeps them in its own memory, which cannot be asked."""
    seconds: int
    """For how long new ones are kept, as the servers are set."""
    keeps: bool = True
    """Whether they keep any."""
    answers: int = 0
    left_out: int = 0
    """How many more keys there are than were looked at."""
    foreign: int = 0
    """How many of those keys belong to others."""
    forever: int = 0
    """How many have no end."""
    shortest: float | None = None
    longest: float | None = None
    items: tuple[KeptAnswer, ...] = ()
    """Some of them."""
    changed: int = 0
    """How many got another end now."""
    error: str = ""
    """Why the store was not read."""
