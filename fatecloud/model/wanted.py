"""What a component answers for one service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.model.migration import Migration
from fatecloud.model.needs import Needs
from fatecloud.model.residues import Chore, Residue
from fatecloud.model.routes import RouteTable
from fatecloud.model.service import Drain, Edge, FileSpec, LogFile, NodeProbe, Objects, Page, PortUse, Process
from fatecloud.model.trees import TreeUse

CARRIED_LEAST, CARRIED_MOST = 1_400, 64 << 10
"""Bytes of a question's real size: more than a packet of a narrow route, and nothing that would burden a service."""
ANYWHERE = ("*",)
"""The callers of a port that the operator opened to others: no one has said where they are."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A component's answer for one service."""

    process: Process
    files: tuple[FileSpec, ...] = ()
    """Their directories are made with them."""
    directories: Mapping[str, int] = field(default_factory=dict)
    """Path -> mode of those that the software itself writes to, besides its data, its logs and `run`."""
    edges: tuple[Edge, ...] = ()
    probes: tuple[NodeProbe, ...] = ()
    logs: tuple[LogFile, ...] = ()
    readiness: str = ""
    readiness_deadline: int = 120
    drain: Drain | None = None
    """How it leaves its work to other instances while it is away; None where it has none, or there are no others."""
    objects: Objects | None = None
    ports: tuple[PortUse, ...] = ()
    migrations: tuple[Migration, ...] = ()
    """What has to be changed, once, before this version runs on what an older one kept. Where a component has several
    instances that share it, one of them has these."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What its checks compare with: they have `view.service.facts`, and no settings. JSON, without secrets."""
    trees: tuple[TreeUse, ...] = ()
    """What it sees of its release's trees."""
    needs: Needs = field(default_factory=Needs)
    residues: tuple[Residue, ...] = ()
    """What it leaves behind, and for how long."""
    chores: tuple[Chore, ...] = ()
    """What removes the rest of that, once a day."""
    routes: tuple[RouteTable, ...] = ()
    """The tables by which it passes on what parties send each other."""
    takes: Mapping[str, str] = field(default_factory=dict)
    """Name of a port -> role of the packets that end there, see `model/routes.py`."""
    callers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a port -> hosts that connect to it, besides its clients, parties, and services with an edge to it."""
    page: Page | None = None
    """What people open in a browser, if there is something."""

    def __post_init__(self) -> None:
        """Refuse an edge that no probe asks over: a blocked route would look healthy.

        Raises:
            ValueError: an edge names a probe that the service does not have, or that carries too little; or two
                migrations lead to one version.
        """
        if len({migration.to for migration in self.migrations}) < len(self.migrations):
            raise ValueError(f"two migrations lead to one version: {[migration.to for migration in self.migrations]}")
        known = {probe.name: probe for probe in self.probes}
        for edge in self.edges:
            if edge.probe not in known:
                raise ValueError(f"edge {edge.source} -> {edge.target} ({edge.kind}): no probe named {edge.probe!r}")
            carries = known[edge.probe].carries
            if edge.direct and not CARRIED_LEAST <= carries <= CARRIED_MOST:
                wanted = f"{CARRIED_LEAST} to {CARRIED_MOST} bytes in one piece"
                raise ValueError(
                    f"edge {edge.source} -> {edge.target} ({edge.kind}): {edge.probe} has to carry {wanted}"
                )


@dataclass(frozen=True, slots=True)
class Examination:
    """What a service gets besides its own files and probes, to ask an external service."""

    files: tuple[FileSpec, ...]
    probes: tuple[NodeProbe, ...]
