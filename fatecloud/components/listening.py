"""Where a service listens, and where its neighbours reach it."""

from __future__ import annotations

from fatecloud.model.cluster import LOOPBACK, Node, Party
from fatecloud.model.component import ANYONE, Component, PortSpec

EVERY = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - compared with, never bound to
"""Addresses that stand for all of a node, with the one at which the node itself is reached then."""


def listens_on(party: Party, component: Component, spec: PortSpec, node: Node) -> str:
    """The address that a port of a component listens on.

    A port for other parties listens where the node's `bind` says. Any other one has clients in its own party only: it
    listens on loopback while they are all on its node, else on the address that they use. The operator's key `bind` of
    the component comes before both.
    """
    if spec.loopback:
        return LOOPBACK
    if spec.public:
        return node.outside
    chosen = party.config.get(component.name, {}).get("bind")
    if chosen:
        return str(chosen)
    return node.inside if clients_elsewhere(party, spec, node) else LOOPBACK


def clients_elsewhere(party: Party, spec: PortSpec, node: Node) -> tuple[str, ...]:
    """Names of the party's other nodes from which services connect to a port."""
    names = {
        place
        for name, where in party.placement.items()
        if name in spec.clients or ANYONE in spec.clients
        for place in (where if isinstance(where, tuple) else ())
    }
    return tuple(sorted(names - {node.name}))


def reached_at(party: Party, component: Component, spec: PortSpec, node: Node, source: str) -> str:
    """The address at which a port is reached from a node of the same party.

    Args:
        party: that both belong to.
        component: at the end of the connection.
        spec: its port.
        node: that it runs on.
        source: name of the node where the connection starts.
    """
    here = listens_on(party, component, spec, node)
    if source == node.name:
        return EVERY.get(here, here)
    chosen = party.config.get(component.name, {}).get("bind")
    return str(chosen) if chosen and not spec.public and chosen not in EVERY else node.advertise
