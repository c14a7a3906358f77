"""Smoke tests: what a component offers to show that it works for real, and what one reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Listener
from fatecloud.model.jobs import Run
from fatecloud.model.timing import Usual


@dataclass(frozen=True, slots=True)
class ProofKind:
    """A smoke test that a component offers."""

    name: str
    """What an operator types: `toy`."""
    doc: str
    """What it does and shows, in one sentence for people."""
    deadline: float
    """Seconds, unless the operator gives others: about ten times what it took on two busy cores."""
    run: str
    """Where its `Proof` is, `package.module:name`. It is imported when the test is run, because `check` needs none."""
    early: bool = False
    """Whether it shows something that jobs need, and not that they work: a deploy runs it before the others, and
    nothing is on record for it."""


@dataclass(frozen=True, slots=True)
class ProofGround:
    """What a smoke test works on."""

    guest: str
    """Party of this inventory that starts it."""
    host: str
    """The other side: a party of this inventory, a peer, or the guest itself on an all-in-one installation."""
    services: Mapping[str, DesiredService]
    """Party -> its service of the component that offers the test; only parties of this inventory."""
    run: Callable[[DesiredService], Run]
    """Runs commands on the node of such a service as its user."""
    waits: Callable[[float], str]
    """Asks the nodes for so many seconds what the services wait for; empty for nothing. Raises FatecloudError."""
    events: Listener
    deadline: float
    """Seconds for everything: a test ends early enough to remove what it created."""
    beside: Callable[[str, str], DesiredService | None] = lambda _owner, _component: None
    """Owner and component -> its first service of another component that the test asks, too; None where it has none."""


@dataclass(frozen=True, slots=True)
class ProofResult:
    """A smoke test that succeeded."""

    kind: str
    id: str
    """Of the job that it ran, or of the request that it sent."""
    guest: str
    host: str
    confirmed: tuple[str, ...]
    """Parties whose own services confirm the success; a peer is not asked."""
    seconds: Mapping[str, float]
    """By phase; `whole` is everything but the removal."""
    figures: Mapping[str, float | tuple[float, ...]]
    """What it measured, by name."""
    summary: tuple[str, ...]
    """The result as lines for people."""
    left: tuple[str, ...]
    """What could not be removed, in words; empty when everything is gone."""
    usual: Usual = field(default_factory=lambda: Usual(0, {}))
    """What earlier ones took."""


Proof = Callable[[ProofGround], ProofResult]
"""Runs a smoke test and removes what it created.

Raises:
    UsageError: it cannot run between these parties.
    ProofFailed: it failed; the message names the party and the cause.
"""
