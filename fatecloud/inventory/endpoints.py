"""The endpoints at which parties reach each other: public endpoints of this cluster, endpoints of peers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from fatecloud.inventory.draft import Draft
from fatecloud.inventory.kinds import BAD, Reader
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.problems import one_of
from fatecloud.model.cluster import App, Peer
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.owner import Owner
from fatecloud.model.passwords import SecretRef

PEER_KEYS = ("key", "former_key")
"""The keys with which a peer's operator signs."""
_NO_ENDPOINTS = (*PEER_KEYS, "addresses", "apps", "fate")


def public_endpoints(draft: Draft, written: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Endpoints by kind: what the operator wrote, otherwise the advertise address of the component's first node.

    A kind that no component of the owner serves is noted as a problem.

    Args:
        draft: with its placement and settings.
        written: the section `public`.
    """
    endpoints, owner = {}, draft.owner
    for name in owner.placement:
        # One endpoint for the partner, also of several instances.
        for placed in owner.instances(name)[:1]:
            opened = draft.components[name].opened(owner.settings(name, placed.node))
            for port in (port for port in opened if port.public):
                path, node = draft.path(f"public.{port.public}"), draft.nodes[placed.node]
                if port.public in written:
                    endpoints[port.public] = written[port.public]
                    draft.origins.written(path)
                    continue
                number = owner.settings(name, node.name)[f"ports.{port.name}"]
                endpoints[port.public] = Endpoint(node.advertise, number)
                draft.origins.derived(path, f"built in (advertise of {node.name} and port {port.name} of {name})")
    # A service that is in the file but was refused already has a problem of its own.
    named = [component for name, component in draft.components.items() if draft.is_written(f"services.{name}")]
    served = {port.public for component in named for port in component.ports} | set(endpoints)
    for kind in written:
        if kind not in served:
            what = f"{owner.title} has no service with a public {kind}"
            draft.refuse(f"public.{kind}", what, one_of(endpoints))
    return endpoints


def build_peers(
    raw: Mapping[str, Any], needed: Iterable[str], architecture: str | None, reader: Reader, origins: Origins
) -> dict[str, Peer]:
    """Every peer. A peer without an endpoint that this architecture needs is noted as a problem."""
    kinds = sorted(set(needed))
    peers = {}
    for party, given in raw.items():
        path = f"peers.{party}"
        if not kinds:
            what = (
                f"the architecture {architecture} does not connect parties"
                if architecture
                else "no parties are connected here"
            )
            reader.problems.add(reader.at(path), what, "no peers, or another architecture")
            continue
        written = {} if given is BAD else given
        keys = {name: written[name] for name in PEER_KEYS if name in written}
        endpoints = {name: written[name] for name in written if name not in _NO_ENDPOINTS}
        for kind in kinds:
            if f"{path}.{kind}" not in reader.places and given is not BAD:
                what = f"peer {party} has no {kind}"
                needs = f"which {architecture} needs" if architecture else "where its proxy is reached"
                reader.problems.add(reader.at(path), what, f"{kind}: host:port, {needs}")
        for name in [name for name in written if name != "apps"]:
            origins.written(f"{path}.{name}")
        apps = _apps(written.get("apps", {}), f"{path}.apps", origins)
        peers[party] = Peer(party, endpoints, written.get("addresses", ()), keys, apps, written.get("fate", ""))
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


def refuse_loopback(owner: Owner, peers: Iterable[str], reader: Reader) -> None:
    """Note public endpoints that a peer on another machine can never reach."""
    others = sorted(peers)
    if not others:
        return
    for kind, endpoint in owner.public.items():
        if is_loopback(endpoint.host):
            what = f"{owner.title} has the public {kind} {endpoint}, which {one_of(others)} cannot reach"
            mark = reader.at(f"{owner.path}.public.{kind}")
            reader.problems.add(mark, what, f"public: {{{kind}: host:port}} as peers see it")


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from its own machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
