"""What is: facts collected on the nodes and answers of probes. Each reading is a value or the error why it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.model.samples import History


@dataclass(frozen=True, slots=True)
class Fact:
    """One reading: a value, or the error why it could not be read."""

    value: Any = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.error is None


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


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A node that returned no document."""

    node: str
    code: str
    """Finding code: NODE_UNREACHABLE, NODE_AUTH_FAILED, ..."""
    message: str
    remedy: str = ""
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
