"""A flow whose tasks run on EggRoll: what it needs besides, and what its settings then say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fatecloud.components.clustermanager.reach import common_endpoint
from fatecloud.components.flow.v2.probes import COMPUTING, PROXY
from fatecloud.components.neighbours import edges_to
from fatecloud.model.context import Context
from fatecloud.model.service import Edge, FileSpec
from fatecloud.model.trees import TreeUse


@dataclass(frozen=True, slots=True)
class Code:
    """EggRoll's Python part, which every task imports; empty for a flow without EggRoll."""

    trees: tuple[TreeUse, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Tasks inherit it."""
    files: tuple[FileSpec, ...] = ()


def edges(ctx: Context) -> tuple[Edge, ...]:
    """To the clustermanager, which gives sessions to tasks, and to OSX; empty if the party has no EggRoll."""
    computing = edges_to(ctx, "clustermanager", "grpc", COMPUTING, probe="flow.computing", choose="first")
    proxy = edges_to(ctx, "osx", "grpc", PROXY, probe="flow.proxy", choose="first")
    # A task hands OSX's address on to its workers, which may be on other nodes.
    shared = [common_endpoint(ctx, service, "grpc", ("flow", "nodemanager")) for service in ctx.services("osx")[:1]]
    return (*computing, *(replace(edge, endpoint=where) for edge, where in zip(proxy, shared, strict=True)))


def code(ctx: Context) -> Code:
    """What a task needs to import EggRoll's Python part."""
    managers = ctx.endpoints("clustermanager", "grpc")
    if not managers:
        return Code()
    tree = ctx.tree("eggroll")
    values = {"stamp": ctx.id.stamp, "manager": managers[0]}
    return Code(
        trees=(TreeUse("eggroll"),),
        environment={"EGGROLL_HOME": tree, "PYTHONPATH": f"{tree}/python"},
        # In the place of the one that upstream ships, with a login to a database.
        files=(FileSpec(f"{tree}/conf/eggroll.properties", "flow/eggroll.properties.j2", values),),
    )


def engines(ctx: Context, known: tuple[Edge, ...]) -> dict[str, Any] | None:
    """The settings of the engines; None for a flow without EggRoll."""
    by_kind = {edge.kind: edge.endpoint for edge in known}
    if COMPUTING not in by_kind:
        return None
    return {"manager": by_kind[COMPUTING], "proxy": by_kind[PROXY], "nodes": len(ctx.services("nodemanager"))}
