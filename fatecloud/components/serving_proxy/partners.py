"""The other parties whose servers a proxy reaches: other groups of the inventory, and peers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from fatecloud.components.networks import of_party
from fatecloud.components.party_tls import judge_alike
from fatecloud.components.serving_server.want import PROXY, SERVER
from fatecloud.model.cluster import Peer
from fatecloud.model.component import ConfigKey, Contradiction
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint, is_address
from fatecloud.model.identity import ServiceId
from fatecloud.model.owner import FromGroup, Owner
from fatecloud.model.service import Edge

KIND = "serving"
PARTY = ConfigKey(
    "party",
    "int",
    None,
    "Number of the party whose models its servers have; required.",
    1,
    2**31 - 1,
)


@dataclass(frozen=True, slots=True)
class Partner:
    """Another party."""

    owner: str
    """Group of this inventory, or the peer's id."""
    party: str
    endpoint: Endpoint
    target: str
    """Key of its proxy, or `peer:10000`."""


def partners(ctx: Context) -> tuple[Partner, ...]:
    """All that a proxy can send to, by their numbers."""
    own, label = party_of(ctx.owner), ctx.cluster.label
    groups = (owner for owner in ctx.cluster.owners.values() if owner.instances(PROXY) and owner.id != ctx.owner.id)
    managed = [
        Partner(o.id, party_of(o), o.public[KIND], ServiceId(label, o.id, PROXY, o.instances(PROXY)[0].node).key)
        for o in groups
    ]
    others = [
        Partner(peer.id, peer.id, peer.endpoints[KIND], f"peer:{peer.id}")
        for peer in ctx.cluster.peers.values()
        if KIND in peer.endpoints
    ]
    return tuple(sorted((p for p in (*managed, *others) if p.party != own), key=lambda p: (len(p.party), p.party)))


def party_of(owner: Owner) -> str:
    """The number of the party whose serving an owner has."""
    (placed, *_) = owner.instances(PROXY)
    return str(owner.settings(PROXY, placed.node)["party"])


def partner_edges(ctx: Context, probe: str) -> tuple[Edge, ...]:
    """To the proxy of each other party."""
    return tuple(Edge(ctx.id.key, p.target, KIND, p.endpoint, hard=False, probe=probe) for p in partners(ctx))


def networks_of_partners(ctx: Context) -> tuple[str, ...] | None:
    """Where the other parties' connections come from and go to; None where that is not known of each of them."""
    found: list[str] = []
    for partner in partners(ctx):
        if partner.owner in ctx.cluster.owners:
            networks = of_party(ctx.cluster.owners[partner.owner], ctx.cluster)
        else:
            networks = ctx.cluster.peers[partner.owner].addresses
        if not networks or not is_address(partner.endpoint.host):
            return None
        # Where it is reached may be another address than the one that its own connections come from.
        end = ip_address(partner.endpoint.host)
        found += [*networks, f"{end}/{end.max_prefixlen}"]
    return tuple(dict.fromkeys(found))


def judge_parties(
    parties: Mapping[str, Owner], peers: Mapping[str, Peer], groups: Mapping[str, Owner]
) -> Iterator[tuple[str, Contradiction]]:
    """Each party has one proxy that others send to, and a number of its own; all of them have TLS, or none."""
    known: dict[str, str] = {}
    for name, owner in {**parties, **groups}.items():
        if not owner.instances(PROXY):
            continue
        number = party_of(owner)
        if number == str(None):
            yield name, Contradiction("party", f"{owner.title} does not say whose models it serves", "party: NUMBER")
        elif number in peers:
            what = f"{owner.title} serves party {number}, which is also a peer"
            yield name, Contradiction("party", what, "the number of another party, or no such peer")
        elif number in known:
            what = f"{known[number]} and {owner.title} both serve party {number}: others would not know where to send"
            yield name, Contradiction("party", what, "one of them, with several servers")
        known.setdefault(number, owner.title)
    yield from judge_alike({**parties, **groups}, PROXY)
    for name, party in parties.items():
        taken = party.placement.get(SERVER)
        group = groups.get(taken.group) if isinstance(taken, FromGroup) else None
        if group and group.instances(PROXY) and party_of(group) not in (name, str(None)):
            what = f"{party.title} takes servers from {group.title}, which serves party {party_of(group)}"
            yield group.id, Contradiction("party", what, f"party: {name}, or a group for each")
