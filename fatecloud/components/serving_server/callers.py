"""Which networks a service of Serving exchanges packets with, where all of them are known as addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

from fatecloud.components.networks import SELF, of_node
from fatecloud.components.serving_server.sources import ModelSource, source_of
from fatecloud.components.serving_server.want import ADMIN, PROXY, SERVER, nodes_of
from fatecloud.model.context import Context
from fatecloud.model.endpoint import is_address

_NEIGHBOURS = (SERVER, PROXY, ADMIN, "zookeeper", "redis")


def networks_of(ctx: Context, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The nodes of its owner, and where its features and models come from; empty if one of them has no known address.

    Its gRPC asks no one for a password, and loads and removes models. It takes systemd to drop the packets of others.

    Args:
        more: other networks.
    """
    nodes = [ctx.cluster.nodes[name] for name in nodes_of(ctx, _NEIGHBOURS)]
    hosts = [host for node in nodes for host in (node.address, node.advertise)]
    outside = [urlsplit(url).hostname or "" for url in (ctx.config.get("features.url"),) if url]
    source = source_of(ctx) if ctx.id.component == SERVER else None
    outside += [source.host] if source else []
    # A flow that loads models comes from any address of its node, and not only from the one where it listens.
    joined = [ctx.cluster.nodes[one.node] for one in ctx.contributions(ModelSource)]
    stores = ctx.config.get("features.addresses") or ()
    unknown = ctx.config.get("features.source") == "class" and not stores
    if unknown or ctx.node.supervision != "systemd" or not all(map(is_address, (*hosts, *outside))):
        return ()
    own = [network for node in (*nodes, *joined) for network in of_node(node)]
    single = [f"{host}/{128 if ':' in host else 32}" for host in outside]
    return tuple(dict.fromkeys((*SELF, *own, *single, *stores, *more)))
