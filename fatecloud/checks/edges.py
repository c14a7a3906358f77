"""Where edges lead: which services a finding's words about a neighbour mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fatecloud.components.party_routes import party_of
from fatecloud.model.behind import PEER, services_behind
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.identity import ServiceId
from fatecloud.model.observed import ProbeAnswer
from fatecloud.model.service import Edge


def concerns(about: str, key: str) -> bool:
    """Whether one part of a finding's `about` means a service: every one, this one, or all of its party (`10000/`)."""
    party = about.endswith("/")
    return about in ("", key) or (party and (key.startswith(about) or key == f"{PEER}{about[:-1]}"))


def whole_way(service: DesiredService, about: str, kinds: Collection[str], desired: Desired) -> list[ServiceId]:
    """The services at the ends of edges of these kinds, and what is behind them within their own owner.

    Not the parties that these know in turn: a request passes two parties, and no third one.

    Args:
        service: where it begins.
        about: which neighbours are meant, see `concerns`.
        kinds: of edges.
        desired: has the services.
    """
    own = [edge for edge in service.edges if edge.kind in kinds and concerns(about, edge.target)]
    ends = [target.id for edge in own for target in services_behind(edge, desired)]
    found, waiting = list(ends), list(ends)
    while waiting:
        further = desired.services[waiting.pop().key]
        edges = [edge for edge in further.edges if edge.kind in kinds]
        behind = [target.id for edge in edges for target in services_behind(edge, desired)]
        more = [end for end in behind if end.owner == further.id.owner and end not in found]
        found += more
        waiting += more
    return found


def needed_by(desired: Desired, key: str) -> frozenset[str]:
    """Keys of the managed services that one cannot do without: behind its hard edges, behind theirs, and so on."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        hard = [edge for edge in desired.services[waiting.pop()].edges if edge.hard]
        more = {target.id.key for edge in hard for target in services_behind(edge, desired)} - found
        found |= more
        waiting += more
    return frozenset(found - {key})


def answers_over(edge: Edge, probes: Mapping[str, ProbeAnswer]) -> list[Mapping[str, Any]]:
    """What the edge's probe says about it: several answers if it asks in several ways, empty if it did not answer.

    Args:
        edge: whose.
        probes: the answers of the node where it starts.
    """
    answer = probes.get(f"{edge.source}:{edge.probe}")
    document = answer.data if answer else None
    if not isinstance(document, Mapping):
        return []
    peers = document.get("peers")
    if isinstance(peers, Mapping):
        # By party, or by node for the instances of one component; about an exchange, by each party behind it.
        found = [peers.get(party_of(edge.target)), peers.get(edge.target.rpartition("@")[2])]
        if found == [None, None]:
            parts = (part for part in peers.values() if isinstance(part, Mapping))
            found = [part for part in parts if part.get("endpoint") == str(edge.endpoint)]
    else:
        found = [document, *document.values()]
    return [part for part in found if isinstance(part, Mapping)]
