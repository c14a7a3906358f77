"""Which names of a cluster are its operator's own, so that they get pseudonyms before they leave the house. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import is_address
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed
from fatecloud.model.owner import External

Named = tuple[str, str]
"""Kind and name."""


def public_places(desired: Desired, partner: str) -> Iterator[Named]:
    """Pseudonym and host of each endpoint by which the two sides reach each other: both can derive the pseudonym."""
    cluster = desired.cluster
    for party, owner in cluster.parties.items():
        yield from ((f"{kind}-of-{party}", endpoint.host) for kind, endpoint in sorted(owner.public.items()))
    if partner in cluster.peers:
        endpoints = cluster.peers[partner].endpoints
        yield from ((f"{kind}-of-{partner}", endpoint.host) for kind, endpoint in sorted(endpoints.items()))
    for service in desired.services.values():
        for edge in service.edges:
            # Between parties of one inventory that say no public endpoint, the nodes are the endpoints.
            if edge.target.startswith(f"{partner}/") and not edge.through:
                yield f"{edge.kind}-of-{partner}", edge.endpoint.host


def private_names(desired: Desired, observed: Observed, partner: str) -> Iterator[Named]:
    """All names that the inventory and the nodes give, but paths, which are known by their form.

    Both sides know the ids of their parties: these are none.
    """
    cluster = desired.cluster
    yield from (("cluster", name) for name in (cluster.label, cluster.id, cluster.name))
    yield from (("group", group) for group in cluster.groups)
    for node in cluster.nodes.values():
        yield from _of_node(node)
    for name in cluster.nodes:
        facts = observed.reached(name)
        for fact in ("identity", "own_name"):
            host = ((facts.fact(fact).value if facts else None) or {}).get("hostname", "")
            yield from (("host", one) for one in (host, host.partition(".")[0]))
    for owner in cluster.owners.values():
        yield from (place(endpoint.host) for endpoint in owner.public.values())
        yield from (("network", network) for network in owner.addresses)
        for where in owner.placement.values():
            if isinstance(where, External):
                yield place(where.endpoint.host)
                yield "user", where.user
    for peer in cluster.peers.values():
        yield from (place(endpoint.host) for endpoint in peer.endpoints.values())
        yield from (("network", network) for network in peer.addresses)
        if peer.id != partner:
            yield "party", peer.id
    for service in desired.services.values():
        yield from (("user", name) for name in (service.user, service.group))
        yield from (place(edge.endpoint.host) for edge in service.edges)


def place(host: str) -> Named:
    """A host with its kind."""
    return ("address" if is_address(host) else "host"), host


def _of_node(node: Node) -> Iterator[Named]:
    yield "node", node.name
    yield from (place(host) for host in (node.address, node.advertise, node.bind) if host)
    yield "user", node.ssh.user
    jump = node.ssh.jump or ""
    user, _, rest = jump.rpartition("@")
    yield from (("user", user), ("host", rest.rpartition(":")[0].strip("[]") or rest))
    names = (node.service_user, node.service_group, node.check.user if node.check else None)
    yield from (("user", name) for name in names if name)
