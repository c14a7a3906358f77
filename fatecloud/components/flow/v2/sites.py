"""How parties show each other who they are: apps, each an id and a token, which the flow of the called party issues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.model.cluster import Cluster, Peer
from fatecloud.model.component import Contradiction, SecretSpec
from fatecloud.model.context import Context
from fatecloud.model.owner import Owner

SITE, CLIENT = "authentication.site", "authentication.client"


def signs(cluster: Cluster, party: str) -> bool:
    """Whether a party signs its requests to the others and takes only signed ones from them."""
    others = cluster.others(party)
    parties = {name: owner for name, owner in cluster.parties.items() if name == party or name in others}
    return _signs(parties, {name: peer for name, peer in cluster.peers.items() if name in others}, party)


# Flow writes the administrator's token into its database at its first start, whether clients have to sign or not: left
# out, it would be upstream's, which everyone knows, on the day that client authentication is switched on.
ADMIN = SecretSpec("flow.admin", "Token of flow's administrator account, used when client authentication is on")


def secrets(ctx: Context) -> tuple[SecretSpec, ...]:
    """The administrator's token, and those that the party issues: one to each other party, where these have to sign."""
    issued = ctx.others() if signs(ctx.cluster, ctx.owner.id) else ()
    doc = "Token with which party {} signs its requests to this party"
    return (ADMIN, *(SecretSpec(issued_to(other), doc.format(other)) for other in issued))


def issued_to(party: str) -> str:
    """Name, within its issuer, of the token for another party."""
    return f"flow.site.{party}"


def apps(cluster: Cluster, party: str) -> dict[str, Any]:
    """Values of the file from which a party's apps are written into its flow's database."""
    shown = {}
    for other in cluster.others(party):
        peer = cluster.peers.get(other)
        given = peer.apps.get(party) if peer else None
        # A flow of an inventory like this one names the app that it issues by the party that gets it.
        shown[other] = {
            "app": given.id if given else party,
            "token": given.token.name if given else f"{other}.{issued_to(party)}",
        }
    return {
        "own": party,
        "issued": {other: f"{party}.{issued_to(other)}" for other in cluster.others(party)},
        "shown": shown,
    }


def judge(
    parties: Mapping[str, Owner], peers: Mapping[str, Peer], groups: Mapping[str, Owner]
) -> Iterator[tuple[str, Contradiction]]:
    """Refuse what would make every job between two parties fail: a signature that only one side gives or expects.

    And what would leave a board empty, for it cannot sign.
    """
    del groups
    for name, party in parties.items():
        if party.instances("board") and party.config.get("flow", {}).get(CLIENT):
            what = "the party has a board, which cannot sign its requests"
            yield name, Contradiction(CLIENT, what, "false, or no board")
    chosen = {name: party.config["flow"][SITE] for name, party in parties.items() if "flow" in party.config}
    for name in [name for name, site in chosen.items() if site]:
        if parties[name].architecture == "standalone":
            what = "in the architecture standalone no other party sends requests"
            yield name, Contradiction(SITE, what, "no such line, or another architecture")
        for peer in [peer for peer in peers.values() if name not in peer.apps]:
            what = f"peer {peer.id} has issued no app to party {name}, so it would refuse the requests of party {name}"
            yield name, Contradiction(SITE, what, f"an app for {name} in peers.{peer.id}.apps, or false")
    signing = {name: _signs(parties, peers, name) for name in chosen}
    for name in [name for name, site in chosen.items() if site is not None]:
        for other in sorted(other for other in signing if signing[other] != signing[name])[:1]:
            yes, no = (name, other) if signing[name] else (other, name)
            what = f"party {yes} signs its requests and party {no} does not, so no job between them can run"
            yield name, Contradiction(SITE, what, "the same for all parties")


def _signs(parties: Mapping[str, Owner], peers: Mapping[str, Peer], party: str) -> bool:
    chosen = parties[party].config.get("flow", {}).get(SITE)
    if parties[party].architecture == "standalone" or chosen is not None:
        return bool(chosen)
    # Then each party of the inventory can sign its requests to every other one.
    return len(parties) + len(peers) > 1 and all(name in peer.apps for peer in peers.values() for name in parties)
