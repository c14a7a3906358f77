"""The endpoints at which parties reach each other: public endpoints of this cluster, endpoints of peers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from fatecloud.inventory.kinds import BAD, Reader
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.placement import Placement
from fatecloud.inventory.problems import one_of
from fatecloud.inventory.settings import Settings
from fatecloud.model.cluster import App, Endpoint, Node, Peer, SecretRef
from fatecloud.model.component import Component

PEER_KEYS = ("key", "former_key")
"""What a peer has besides endpoints."""


def public_endpoints(
    party: str,
    written: Mapping[str, Endpoint],
    placement: Placement,
    settings: Settings,
    nodes: Mapping[str, Node],
    components: Mapping[str, Component],
    reader: Reader,
    origins: Origins,
) -> dict[str, Endpoint]:
    """Endpoints by kind: what the operator wrote, otherwise the advertise address of the component's first node.

    A kind that no component of the party serves is noted as a problem.
    """
    endpoints = {}
    for name, where in placement.items():
        if not isinstance(where, tuple):
            continue
        for port in components[name].ports:
            path = f"parties.{party}.public.{port.public}"
            if not port.public:
                continue
            if port.public in written:
                endpoints[port.public] = written[port.public]
                origins.written(path)
            else:
                node = nodes[where[0]]
                endpoints[port.public] = Endpoint(node.advertise, settings[name][f"ports.{port.name}"])
                origins.derived(path, f"built in (advertise of {node.name} and port {port.name} of {name})")
    # A service that is in the file but was refused already has a problem of its own.
    named = [c for name, c in components.items() if f"parties.{party}.services.{name}" in reader.places]
    served = {port.public for component in named for port in component.ports} | set(endpoints)
    for kind in written:
        if kind not in served:
            mark = reader.at(f"parties.{party}.public.{kind}")
            reader.problems.add(mark, f"party {party} has no service with a public {kind}", one_of(endpoints))
    return endpoints


def build_peers(
    raw: Mapping[str, Any], needed: Iterable[str], architecture: str, reader: Reader, origins: Origins
) -> dict[str, Peer]:
    """Every peer. A peer without an endpoint that this architecture needs is noted as a problem."""
    kinds = sorted(set(needed))
    peers = {}
    for party, given in raw.items():
        path = f"peers.{party}"
        if not kinds:
            what = f"the architecture {architecture} does not connect parties"
            reader.problems.add(reader.at(path), what, "no peers, or another architecture")
            continue
        written = {} if given is BAD else given
        keys = {name: written[name] for name in PEER_KEYS if name in written}
        endpoints = {name: written[name] for name in written if name not in (*PEER_KEYS, "addresses", "apps")}
        for kind in kinds:
            if f"{path}.{kind}" not in reader.places and given is not BAD:
                what = f"peer {party} has no {kind}"
                reader.problems.add(reader.at(path), what, f"{kind}: host:port, which {architecture} needs")
        for name in [name for name in written if name != "apps"]:
            origins.written(f"{path}.{name}")
        apps = _apps(written.get("apps", {}), f"{path}.apps", origins)
        peers[party] = Peer(party, endpoints, written.get("addresses", ()), keys, apps)
    return peers


def _apps(written: Mapping[str, Any], path: str, origins: Origins) -> dict[str, App]:
    apps = {}
    for party, given in written.items():
        if given is not BAD and "id" in given and "secret" in given.get("token", {}):
            origins.written(f"{path}.{party}.id")
            origins.written(f"{path}.{party}.token")
            apps[party] = App(given["id"], SecretRef(given["token"]["secret"]))
    return apps


def refuse_meetings(parties: Iterable[str], peers: Iterable[str], reader: Reader) -> None:
    """Note peers that are also parties of this inventory."""
    ours = set(parties)
    for party in peers:
        if party in ours:
            what = f"peer {party} is also a party of this inventory"
            reader.problems.add(reader.at(f"peers.{party}"), what, "it only under `parties` or only under `peers`")


def refuse_loopback(party: str, public: Mapping[str, Endpoint], peers: Iterable[str], reader: Reader) -> None:
    """Note public endpoints that a peer on another machine can never reach."""
    others = sorted(peers)
    if not others:
        return
    for kind, endpoint in public.items():
        if is_loopback(endpoint.host):
            what = f"party {party} has the public {kind} {endpoint}, which {one_of(others)} cannot reach"
            mark = reader.at(f"parties.{party}.public.{kind}")
            reader.problems.add(mark, what, f"public: {{{kind}: host:port}} as peers see it")


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from its own machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
