"""The ways between parties as they are to be tried, and what was found: of `route test`. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "failed", "not reached", "unknown", "theirs"]
"""Of a hop. `not reached`: the way stops before it. `unknown`: the node that could say was not read. `theirs`: only a
party that others manage can try it."""
Look = Literal["", "own", "network", "exchange", "other-router", "other-end"]
"""Where to look for what is wrong: at the side where the way begins (ours, where it comes from a peer), at what is
between two machines, at the exchange, at the other party's router, or at what is behind that router."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Who can say whether a hop works."""

    service: str
    probe: str
    party: str = ""
    """Whose part of the answer it is, where that is about several."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A hop that is to be tried."""

    source: str
    target: str
    endpoint: str
    step: Literal["own", "on", "end", "theirs"]
    """To the own router, from router to router, to what is behind the last one, or where only others can look."""
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A way that is to be tried."""

    source: str
    party: str
    roles: tuple[str, ...]
    legs: tuple[Leg, ...]
    signed: Witness | None = None
    """Who tries signed requests over it; None where they are not signed."""
    table: Witness | None = None
    """Who says which parties the own router knows no way to, in `missing`."""


@dataclass(frozen=True, slots=True)
class TriedHop:
    """One step of a way."""

    source: str
    """Key of a service, or `peer:10000`."""
    target: str
    """Likewise, or the words `flow of party 10000`."""
    endpoint: str
    """Where the target is reached; empty where that is not known."""
    state: State
    kind: str = ""
    """Short word for what went wrong, as the probe gives it: `refused`, `timeout`, `large`, ..."""
    error: str = ""
    """The same in words; why it is not known, where it is not."""
    look: Look = ""
    evidence: tuple[str, ...] = ()
    """Sentences: who was asked, and the answer."""


@dataclass(frozen=True, slots=True)
class TriedWay:
    """From one party to another."""

    source: str
    party: str
    roles: tuple[str, ...]
    """What goes this way, see `RouteTable.roles`."""
    hops: tuple[TriedHop, ...]

    @property
    def stop(self) -> TriedHop | None:
        """The hop at which it stops; None if it stops at none, as far as one can see."""
        return next((hop for hop in self.hops if hop.state == "failed"), None)

    @property
    def works(self) -> bool | None:
        """Whether all of it that can be tried from here works; None if a hop is not known."""
        if self.stop:
            return False
        return None if any(hop.state == "unknown" for hop in self.hops) else True


@dataclass(frozen=True, slots=True)
class Trial:
    """All ways that were tried."""

    ways: tuple[TriedWay, ...]
    runs: tuple[str, ...] = ()
    """A sentence for each run that changes nodes now: what it restarts does not answer."""

    @property
    def exit_status(self) -> int:
        """0 all ways work, 1 a way stops, 3 a node could not be asked, or there is no way."""
        found = {way.works for way in self.ways}
        if False in found:
            return 1
        return 3 if None in found or not found else 0
