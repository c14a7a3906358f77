"""What is: facts collected on the nodes and answers of probes. Each reading is a value or the error why it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.model.remedy import Remedy
from fatecloud.model.samples import History

NO_ANSWER = ("timeout", "silent", "unanswered", "database-timeout")
"""Kinds of a probe's answer: no connection in time, nothing over it, nothing but the protocol's frame, or nothing of
what had to ask its database first."""
_OUT_OF_TIME = ("timeout", "not there within")


@dataclass(frozen=True, slots=True)
class Fact:
    """One reading: a value, or the error why it could not be read."""

    value: Any = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.error is None

    @property
    def late(self) -> bool:
        """Whether it was not read in time."""
        return (self.error or "").startswith(_OUT_OF_TIME)


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """A probe's answer."""

    exit: int | None
    """Exit status of the probe's process; None when it was killed at its deadline or could not be started."""
    data: Any
    """The JSON document that it printed; None when it printed none."""
    error: str | None
    """Why there is no data: `timeout after 10 s`, the last line of stderr, ..."""
    seconds: float

    @property
    def late(self) -> bool:
        """Whether it did not come in time, or says that what it asked did not answer in time."""
        kind = self.data.get("kind") if isinstance(self.data, Mapping) and self.data.get("ok") is not True else None
        return kind in NO_ANSWER or (self.error or "").startswith(_OUT_OF_TIME)

    @property
    def delayed(self) -> bool:
        """Whether it is late, or what it asked answers and the service behind that did not in time.

        Of what goes to other parties, only what came late through the own router, and in time past it (`own`): there no
        one elsewhere was late.
        """
        whole = [self.data] if isinstance(self.data, Mapping) else []
        behind = [one.get("behind") for one in (*whole, *(part for part in self._peers if part.get("own")))]
        return self.late or any(isinstance(one, Mapping) and _without_answer(one) for one in behind)

    @property
    def peers_late(self) -> bool:
        """Whether it asked several parties, and those that failed did not answer in time."""
        parts = self._peers
        # A party's proxy may answer, and the service behind it not.
        parts += [behind for part in parts if isinstance(behind := part.get("behind"), Mapping)]
        failed = [part for part in parts if part.get("ok") is not True]
        return bool(failed) and all(_without_answer(part) for part in failed)

    @property
    def _peers(self) -> list[Mapping[str, Any]]:
        peers = self.data.get("peers") if isinstance(self.data, Mapping) else None
        return [part for part in (peers.values() if isinstance(peers, Mapping) else ()) if isinstance(part, Mapping)]


def _without_answer(part: Mapping[str, Any]) -> bool:
    return part.get("ok") is not True and part.get("kind") in NO_ANSWER


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node's document.

    `facts` holds readings by dotted name; the names and shapes are listed in `collect/node/`.
    """

    node: str
    facts: Mapping[str, Fact]
    probes: Mapping[str, ProbeAnswer]
    """By `<service key>:<probe name>`."""
    seconds: float
    """How long the exec took, seen from the controller."""

    def fact(self, name: str) -> Fact:
        """The reading of that name; a Fact with an error when the collector returned none."""
        return self.facts.get(name, Fact(error=f"the collector returned no {name}"))

    @property
    def behind(self) -> bool:
        """Whether an answer or a reading of the node itself was late."""
        return any(fact.late for fact in self.facts.values()) or any(one.delayed for one in self.probes.values())


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A node that returned no document."""

    node: str
    code: str
    """Finding code: NODE_UNREACHABLE, NODE_AUTH_FAILED, ..."""
    message: str
    remedies: tuple[Remedy, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was read in one pass."""

    nodes: Mapping[str, NodeFacts | Unreachable]
    taken: float
    """Controller's clock, seconds since the epoch, when the pass ended."""
    seconds: float = 0.0
    notes: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=dict)
    """Samples of earlier passes and of this one, where a check was asked for."""

    def reached(self, node: str) -> NodeFacts | None:
        """The node's facts, or None when it gave none."""
        facts = self.nodes.get(node)
        return facts if isinstance(facts, NodeFacts) else None
