"""The exchange of a party: an OSX of a group, to which it sends everything that is not for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def endpoint_of(ctx: Context) -> Endpoint | None:
    """Where the exchange is reached; None where there is none."""
    name = exchange_of(ctx)
    return ctx.cluster.owners[name].public["proxy"] if name else None


def edges(ctx: Context, probe: str) -> tuple[Edge, ...]:
    """To the exchange; none without one."""
    name = exchange_of(ctx)
    if not name:
        return ()
    group = ctx.cluster.owners[name]
    (placed,) = group.instances("osx")
    return (Edge(ctx.id.key, f"{name}/osx@{placed.node}", KIND, group.public["proxy"], hard=False, probe=probe),)


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
