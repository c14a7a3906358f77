"""What two exports, held against each other, say about whose side is at fault. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_OfSide = Literal["router", "end", "needed", "node", "inside", "route", "names", "admission", "signatures"]
_Between = Literal["exchange", "clocks", "network", "network or router", "versions"]
Place = Literal["none", "unknown", _OfSide, _Between]
"""Where the fault is.

`router`, `end`, `needed`, `node`: a router of one side, what is behind it, what these cannot do without (the computing
engine, a database), a node with one of them. `inside`: the network between the nodes of one side. `route`: an entry of
one side leads to the wrong place, or is missing; `names`: a name there does not resolve. `admission`: the side that
receives does not let the other one in; `signatures`: it does not take its signature. `clocks`: of the two sides.
`network`: between the two, in the direction of the way; `network or router`: that, or the router of the side that
receives, as long as that one was not heard.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing at fault, with every way that it stops."""

    place: Place
    side: str
    """The party whose it is; empty for what is between the two."""
    subject: str
    """Key of the service or name of the node, where that is known."""
    ways: tuple[tuple[str, str], ...]
    """From party, to party."""
    certain: bool
    """Whether both sides were heard and agree."""
    evidence: tuple[str, ...]
    """Sentences: who saw what."""


@dataclass(frozen=True, slots=True)
class Side:
    """One export and what is known of its origin."""

    parties: tuple[str, ...]
    ours: bool
    fingerprint: str
    """Of the key that signed it."""
    trusted: str
    """Whose key it is known to be: `this cluster`, `peer 10000`; empty if it is not known."""
    taken: float
    age: float
    """Seconds, by the clock of this machine; negative where that of the other one is ahead."""
    program: str
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole."""

    between: tuple[str, str]
    """The two parties."""
    sides: tuple[Side, ...]
    faults: tuple[Fault, ...]
    """What is named with certainty first."""
    open: tuple[str, ...] = ()
    """A sentence for each direction of which nothing can be said."""
    remarks: tuple[str, ...] = ()
    """About times, clocks and versions."""

    @property
    def exit_status(self) -> int:
        """0 nothing is at fault between the two, 1 a fault is named, 3 not all could be found out."""
        return 1 if self.faults else 3 if self.open else 0
