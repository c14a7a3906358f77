"""Exchanges: OSX of groups. Parties of a star send all but their own there, and others what is for these parties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.model.cluster import Peer
from fatecloud.model.component import ConfigKey, Contradiction
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.nearest import nearest
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.service import Edge

KEY, KIND = "exchange", "exchange"
EXCHANGE = ConfigKey(
    KEY,
    "name",
    None,
    "Group whose OSX, an exchange, gets everything that is for other parties; derived: none, OSX sends to each of them "
    "itself.",
)


def exchange_of(ctx: Context) -> str:
    """The group that is a party's exchange; empty where it has none."""
    return str(ctx.config[KEY] or "")


def through(ctx: Context) -> dict[str, str]:
    """Other party -> the group whose OSX gets what is for it. A party that is not in it is reached directly.

    The OSX of a party in a star takes packets of its exchange alone, so everyone outside the star goes there, too.
    """
    if own := exchange_of(ctx):
        return dict.fromkeys(ctx.others(), own)
    managed = (ctx.cluster.parties[other] for other in ctx.others() if other in ctx.cluster.parties)
    groups = {party.id: str(party.config.get("osx", {}).get(KEY) or "") for party in managed}
    return {party: group for party, group in groups.items() if group not in ("", ctx.owner.id)}


@dataclass(frozen=True, slots=True)
class Exchange:
    """The OSX of a group."""

    key: str
    """Of its service."""
    endpoint: Endpoint


def exchange(ctx: Context, group: str) -> Exchange:
    """The exchange that a group has."""
    owner = ctx.cluster.owners[group]
    (placed,) = owner.instances("osx")
    return Exchange(f"{group}/osx@{placed.node}", owner.public["proxy"])


def edges(ctx: Context, probe: str) -> Iterator[Edge]:
    """To each exchange that it sends to."""
    for group in dict.fromkeys(through(ctx).values()):
        there = exchange(ctx, group)
        yield Edge(ctx.id.key, there.key, KIND, there.endpoint, hard=False, probe=probe)


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """An exchange sends to each party itself."""
    del node
    if config[KEY] and architecture is None:
        what = f"an exchange that sends everything to another one ({config[KEY]}) cannot tell what is for whom"
        return (Contradiction(KEY, what, "no such line: it sends to each party itself"),)
    return ()


def judge_parties(
    parties: Mapping[str, Owner], peers: Mapping[str, Peer], groups: Mapping[str, Owner]
) -> Iterator[tuple[str, Contradiction]]:
    """The exchange of a party is a group with an OSX."""
    del peers
    known = [name for name, group in groups.items() if group.instances("osx")]
    for party, owner in parties.items():
        name = owner.config.get("osx", {}).get(KEY)
        if name and name not in known:
            near = nearest(str(name), known)
            what = f"there is no group {name!r} with an osx" + (f"; did you mean {near!r}?" if near else "")
            yield party, Contradiction(KEY, what, ", ".join(known) or "a group with osx among its services")
