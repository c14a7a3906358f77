"""Where a service listens, and where its neighbours reach it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fatecloud.model.component import ANYONE, NEEDERS, Component, PortSpec
from fatecloud.model.endpoint import LOOPBACK
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner, givers_of, users_of

EVERY = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - compared with, never bound to
"""Addresses that stand for all of a node, with the one at which the node itself is reached then."""

Owners = Mapping[str, Owner]


def listens_on(
    owners: Owners, owner: Owner, component: Component, spec: PortSpec, node: Node, needers: Collection[str] = ()
) -> str:
    """The address that a port of a component's instance listens on.

    A port for other parties listens where the node's `bind` says. Any other one has clients of its owner only, or of
    those who take the component from it: it listens on loopback while they are all on its node, else on the address
    that they use. The operator's key `bind` of the component comes before both.

    Args:
        needers: names of the nodes from which services need something inside it.
    """
    if spec.loopback:
        return LOOPBACK
    if spec.public:
        return node.outside
    chosen = owner.settings(component.name, node.name).get("bind")
    if chosen:
        return str(chosen)
    return node.inside if clients_elsewhere(owners, owner, component, spec, node, needers) else LOOPBACK


def clients_elsewhere(
    owners: Owners, owner: Owner, component: Component, spec: PortSpec, node: Node, needers: Collection[str] = ()
) -> tuple[str, ...]:
    """Names of the other nodes from which services connect to a port; `needers` as for `listens_on`."""
    users = users_of(owners, owner, component.name)
    names = {placed.node for user in users for name in spec.clients for placed in user.instances(name)}
    if ANYONE in spec.clients:
        names.update(name for user in users for giver in givers_of(owners, user) for name in giver.nodes)
    names |= set(needers) if NEEDERS in spec.clients else set()
    return tuple(sorted(names - {node.name}))


def reached_at(
    owners: Owners,
    owner: Owner,
    component: Component,
    spec: PortSpec,
    node: Node,
    source: str,
    needers: Collection[str] = (),
) -> str:
    """The address at which a port is reached from a node of the same cluster.

    Args:
        owner: of the component at the end of the connection.
        component: that one.
        spec: its port.
        node: that it runs on.
        source: name of the node where the connection starts.
        needers: as for `listens_on`.
    """
    here = listens_on(owners, owner, component, spec, node, needers)
    if source == node.name:
        return EVERY.get(here, here)
    chosen = owner.settings(component.name, node.name).get("bind")
    return str(chosen) if chosen and not spec.public and chosen not in EVERY else node.advertise


def port_number(owner: Owner, component: Component, spec: PortSpec, node: Node) -> int:
    """The number that a component's instance uses for a port: the operator's, or the default."""
    configured = owner.settings(component.name, node.name).get(f"ports.{spec.name}")
    return int(configured) if configured is not None else spec.default
