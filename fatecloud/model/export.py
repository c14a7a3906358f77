"""What the check of one side saw, as it is handed to the operators of the other side. Pure data.

Its names are the real ones until `model.pseudonyms` replaces them. The same types hold what a partner handed to us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fatecloud.model.tried import TriedWay

FORMAT = 1
"""Version of the file's form: a reader refuses one that it does not know."""
LARGEST = 200_000
"""Bytes of the file."""
TEXT = 300
"""Characters of one text in it."""

Part = Literal["router", "exchange", "end", "needed", "other"]
"""Of a service in the ways between the two: what passes on to other parties, an exchange before it, where a way begins
or ends, and what these cannot do without, with what works for jobs."""
Answer = Literal["ok", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node of this side."""

    name: str
    read: bool
    code: str = ""
    """Why it was not read, as the code of a finding."""
    skew: float | None = None
    """Seconds that its clock is ahead of the machine that checked; None if that is not known."""


@dataclass(frozen=True, slots=True)
class SeenService:
    """A service of this side."""

    key: str
    part: Part
    version: str
    """As its release says."""
    running: str = ""
    """The version that it gave itself; empty if it gave none."""
    state: str = ""
    """Of its process, `running` or another word of its supervisor; empty where its node was not read."""
    seconds: float | None = None
    """Since its start."""


@dataclass(frozen=True, slots=True)
class SeenFault:
    """A finding of the check of this side."""

    code: str
    severity: str
    owner: str
    node: str
    service: str
    outward: bool
    """Whether it is about the way to another party, which explains nothing at the service itself."""
    about: tuple[str, ...] = ()
    caused_by: tuple[str, ...] = ()
    """Ids of those that explain it; empty for a root cause."""
    began: float | None = None
    """Seconds since the epoch by the clock of its node; None where no reading says so."""
    text: str = ""
    """What was seen. Empty unless a service said so in its own protocol: files, logs and processes stay here."""

    @property
    def subject(self) -> str:
        """What it is about: key of a service, name of a node."""
        return self.service or self.node or self.owner or "cluster"

    @property
    def id(self) -> str:
        """Stable within an export."""
        return f"{self.code}@{self.subject}"


@dataclass(frozen=True, slots=True)
class SeenEdge:
    """A dependency of a service of this side, and what its question got."""

    source: str
    target: str
    kind: str
    endpoint: str
    answer: Answer
    word: str = ""
    """Short word for what went wrong: `refused`, `timeout`, ..."""
    text: str = ""
    """The same as a sentence; of edges to the other side only."""


@dataclass(frozen=True, slots=True)
class SeenRoute:
    """Where a router of this side sends what is for a party."""

    router: str
    kind: str
    party: str
    """`default` for all parties without an entry."""
    role: str
    endpoint: str
    tls: bool = False


@dataclass(frozen=True, slots=True)
class SeenWay:
    """A way between the two sides, as far as this one could try it."""

    way: TriedWay
    signed: bool = False
    """Whether it stops at the signature of a request, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Export:
    """One side."""

    parties: tuple[str, ...]
    """Those whose check it is."""
    partner: str
    """The party that it was made for."""
    program: str
    """Version of fatecloud."""
    taken: float
    """When the nodes had answered, by the clock of the machine that checked; seconds since the epoch."""
    architecture: str
    releases: Mapping[str, str]
    """Of each of its parties."""
    changing: bool = False
    """Whether a run was changing nodes at that time, or services were coming up."""
    nodes: tuple[SeenNode, ...] = ()
    services: tuple[SeenService, ...] = ()
    faults: tuple[SeenFault, ...] = ()
    edges: tuple[SeenEdge, ...] = ()
    routes: tuple[SeenRoute, ...] = ()
    ways: tuple[SeenWay, ...] = ()
    tag: str = ""
    """End of its pseudonyms; empty while the names are the real ones."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Kind of entry -> how many of them were too much for the size of the file."""


LEAST_FIRST = ("edges", "routes", "nodes", "services", "faults", "ways")
"""What is left out first where all of it is too much; within each, the most important entries come first."""


def without_last(export: Export, section: str) -> Export:
    """The export without a tenth of the entries of a section, the last ones, and a note of that."""
    entries: tuple[object, ...] = getattr(export, section)
    gone = max(1, len(entries) // 10)
    noted = {**export.left_out, section: export.left_out.get(section, 0) + gone}
    less: dict[str, Any] = {section: entries[:-gone]}
    return replace(export, left_out=noted, **less)
