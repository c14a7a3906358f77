"""The desired state of one rollsite of EggRoll 2.0 on its node, as far as it has its own."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.components.clustermanager.programs import JAXB, TREE, Program
from fatecloud.components.rollsite.want import Router, common, settings_at, wanted
from fatecloud.model.context import Context
from fatecloud.model.service import FileSpec
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

_MAIN = "com.webank.eggroll.rollsite.Proxy"
PROGRAM = Program(
    "rollsite",
    _MAIN,
    _MAIN,
    logging="log4j2.properties",
    environment={"EGGROLL_LOG_FILE": "rollsite"},
    log=".jvm.log",
    # It reads no argument but its settings, and refuses an option that it does not know.
    between=("--",),
)


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes. Pure."""
    found = wanted(
        ctx,
        Router(
            PROGRAM,
            lambda ctx, table: settings_at(ctx, **common(ctx, table)),
            files=lambda ctx: (_pools(ctx),),
            classpath=lambda ctx: (f"{ctx.tree(TREE)}/conf", f"{ctx.tree(JAXB)}/lib/*"),
            trees=(TreeUse(JAXB),),
            scripts="v2_0/",
            by_entry=False,
        ),
    )
    # With all threads of its pool taken it refuses every call, long before the process may have no more of them.
    return replace(found, facts={**found.facts, "threads": ctx.config["pool"]})


def _pools(ctx: Context) -> FileSpec:
    """Its threads, and how often it reads its table of routes."""
    path = f"{ctx.tree(TREE)}/conf/applicationContext-proxy.xml"
    values = {"stamp": ctx.id.stamp, "pool": ctx.config["pool"]}
    return FileSpec(path, "rollsite/v2_0/applicationContext-proxy.xml.j2", values)
