"""What the want of Serving's services shares: how they register, and who may reach them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fatecloud.components.java import JVM_EXCEPTIONS
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.components.redis.keys import keys
from fatecloud.components.zookeeper.probe_members import FIGURES_LENGTH
from fatecloud.components.zookeeper.tree import Tree, login_of, tree
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.endpoint import is_address
from fatecloud.model.protections import UnitException
from fatecloud.model.service import Edge, NodeProbe

SERVER, PROXY, ADMIN = "serving-server", "serving-proxy", "serving-admin"
REGISTRY, REDIS, OUT, STATE = f"{SERVER}.registry", f"{SERVER}.redis", f"{SERVER}.proxy", f"{SERVER}.state"
SERVERS, SETTINGS, STORE = f"{PROXY}.servers", f"{SERVER}.settings", f"{SERVER}.store"
LOAD, LEFT = f"{SERVER}.load", f"{SERVER}.left"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what its gRPC ports do, and no setting changes that
UNIT_EXCEPTIONS = (
    *JVM_EXCEPTIONS,
    UnitException(
        "ProcSubset", "all", "It reads memory and processors of the machine from /proc, and logs each failure."
    ),
)
"""Of servers and proxies."""
STEP = 1000
"""Milliseconds that each hop waits longer than the next one, so that an error of the other end comes back whole."""


def registered(ctx: Context) -> tuple[Tree, ...]:
    """What each service of Serving needs inside ZooKeeper."""
    return (tree(ctx, (SERVER, PROXY, ADMIN)),)


def registered_with_redis(ctx: Context) -> tuple[Contribution, ...]:
    """The same for one that always keeps results in Redis."""
    return (*registered(ctx), keys(ctx))


def registry_values(ctx: Context) -> dict[str, Any]:
    """What its settings say of ZooKeeper, for templates."""
    return {"members": ctx.endpoints("zookeeper", "client"), "login": login_of(ctx)}


def registry_edges(ctx: Context) -> tuple[Edge, ...]:
    """To each member of the ensemble."""
    return edges_to(ctx, "zookeeper", "client", "registry", probe=REGISTRY)


def registry_question(ctx: Context, conf: str, *paths: str) -> NodeProbe:
    """What is registered, see `registry.listed`; with the login of the settings `conf`."""
    members = (f"{member.node}={ctx.reached(member, 'client')}" for member in ctx.services("zookeeper"))
    return question(REGISTRY, "probe_registry.py", conf, ",".join(paths), *members, timeout=40, carries=FIGURES_LENGTH)


def settings_question(conf: str, *folders: str) -> NodeProbe:
    """What the settings `conf` say, see `probe_settings`; `folders` have the jars with classes that they name."""
    return question(SETTINGS, "probe_settings.py", conf, *folders, timeout=20)


def load_question(log: str, main: str, pool: str, most: int) -> NodeProbe:
    """How many of its threads a service uses, see `probe_load.load`."""
    return question(LOAD, "probe_load.py", log, main, pool, str(most), timeout=20)


def asks(ctx: Context, name: str, script: str, component: str, port: str, carries: int) -> tuple[NodeProbe, ...]:
    """The question to all services of a component, each at its node; none where there is none."""
    pairs = [f"{other.node}={ctx.reached(other, port)}" for other in ctx.services(component)]
    return (question(name, script, *pairs, timeout=25, carries=carries),) if pairs else ()


def shown_address(ctx: Context, port: str) -> str:
    """The address under which a service should register; empty where the inventory has a name alone."""
    endpoint = ctx.away(port)
    return str(endpoint) if is_address(endpoint.host) else ""


def nodes_of(ctx: Context, components: Iterable[str]) -> list[str]:
    """Names of the nodes of all services of its owner, and of those that it takes from a group."""
    others = {service.node for name in components for service in ctx.services(name)}
    return sorted({ctx.node.name, *ctx.owner.nodes, *others})
