"""What would be missing while a node is stopped, from the edges and from what runs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fatecloud.checks.holders import runs_under_way
from fatecloud.checks.spare import answers, instances_of
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.identity import in_order
from fatecloud.model.observed import Observed
from fatecloud.model.outage import Hit, Outage
from fatecloud.model.owner import needing
from fatecloud.model.service import Edge
from fatecloud.model.states import DOWN

_PEER = "peer:"


def outage_of(desired: Desired, observed: Observed, node: str) -> Outage:
    """What stopping a node would mean, without the jobs that run.

    Args:
        observed: what all nodes answered, with readiness probes; a node that was not read is in `unknown`.
        node: its name.
    """
    here = desired.on_node(node)
    facts = observed.reached(node)
    states = (facts.fact("services").value or {}) if facts else {}
    down = {s.id.key for s in here if facts and states.get(s.id.key, {}).get("state", "absent") in DOWN}
    stopping = [service for service in here if service.id.key not in down]
    spared = {service.id.key: text for service in stopping if (text := _spared(service, node, desired, observed))}
    lost = {service.id.key for service in stopping} - set(spared)
    hits = _hits(desired, lost, node)
    owners = sorted({name for key in lost for name in _needing(desired, key)}, key=in_order)
    return Outage(
        node=node,
        stops=tuple(service.id.key for service in stopping),
        down=tuple(sorted(down & _recorded(observed, node))),
        stays_down=tuple(s.id.key for s in stopping if states.get(s.id.key, {}).get("enabled") is False),
        spared=tuple(f"{key}: {text}" for key, text in spared.items()),
        hits=tuple(hits),
        owners=tuple(desired.cluster.owners[name].title for name in owners),
        partners=tuple(f"party {name}" for name in _partners(desired, owners)),
        runs=runs_under_way(observed),
        unknown=tuple(_unread(desired, observed)),
    )


def _recorded(observed: Observed, node: str) -> set[str]:
    """Keys of the services that a deploy put there: one that is not deployed yet is not down."""
    facts = observed.reached(node)
    return set(((facts.fact("manifest").value or {}) if facts else {}).get("services", {}))


def _spared(service: DesiredService, node: str, desired: Desired, observed: Observed) -> str:
    """How many other instances do its work, if they suffice."""
    every = instances_of(service, desired)
    working = [one for one in every if one.id.node != node and answers(one, observed)]
    enough = bool(service.spare) and len(working) >= len(every) - service.spare
    return f"{len(working)} of {len(every)} instances go on, and do without it" if enough else ""


def _needing(desired: Desired, key: str) -> Collection[str]:
    ident = desired.services[key].id
    return needing(desired.cluster.owners, ident.owner, ident.component)


def _hits(desired: Desired, lost: Collection[str], node: str) -> list[Hit]:
    """Services on other nodes that miss one, and those that miss these because they cannot work then."""
    missing, found = set(lost), dict[str, Hit]()
    while True:
        fresh = {}
        for service in desired.services.values():
            edges = [e for e in service.edges if e.target in missing and _same_side(desired, e)]
            if not edges or service.id.node == node:
                continue
            misses = tuple(sorted({edge.target for edge in edges}))
            fresh[service.id.key] = Hit(service.id.key, misses, any(edge.hard for edge in edges))
        if fresh == found:
            return [found[key] for key in sorted(found)]
        found = fresh
        missing |= {hit.service for hit in found.values() if hit.stops}


def _same_side(desired: Desired, edge: Edge) -> bool:
    """Whether an edge does not lead to another party: that one counts as a whole."""
    parties = desired.cluster.parties
    source, target = (desired.services[key].id.owner for key in (edge.source, edge.target))
    return source == target or not (source in parties and target in parties)


def _partners(desired: Desired, owners: Collection[str]) -> list[str]:
    """The other parties with which these owners work: those at the ends of edges between them."""
    services, parties, found = desired.services, desired.cluster.parties, set[str]()
    for service in services.values():
        for edge in service.edges:
            peer = edge.target.startswith(_PEER)
            other = edge.target.removeprefix(_PEER).partition("/")[0] if peer else ""
            if edge.target in services:
                other = services[edge.target].id.owner
            ends = {service.id.owner, other}
            if ends & set(owners) and other and (peer or ends <= set(parties)):
                found |= ends - set(owners)
    return sorted(found, key=in_order)


def _unread(desired: Desired, observed: Observed) -> Iterator[str]:
    for name in desired.cluster.nodes:
        if observed.reached(name) is None:
            reading = observed.nodes.get(name)
            yield f"{name} was not read: {getattr(reading, 'message', 'no answer')}"
