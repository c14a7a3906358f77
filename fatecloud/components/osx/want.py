"""The desired state of one OSX on its node."""

from __future__ import annotations

import re

from fatecloud.components.clustermanager.commands import PADDING as MANAGER_PADDING
from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.java import Flag, Jvm
from fatecloud.components.neighbours import edges_to, edges_to_others
from fatecloud.components.networks import networks_with_partners
from fatecloud.components.osx import star
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.route_tables import route_table_json, table_of
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.routes import FLOW
from fatecloud.model.service import Edge, FileSpec, LogFile, NodeProbe, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(
    heap=Share(8, 512 * MIB, 4096 * MIB),
    direct=Share(8, 512 * MIB, 8192 * MIB),
    flags=(Flag("-XX:+UseG1GC"), Flag("-XX:G1HeapRegionSize=16m"), Flag("-XX:-OmitStackTraceInFastThrow")),
)
"""Below a heap of 192 MiB it does not start. The flags are upstream's: messages are larger than half a usual region."""
MAIN = "org.fedai.osx.broker.Bootstrap"
STATE, PEERS, MANAGER = "osx.state", "osx.peers", "osx.manager"
NOISE = (r"invalid\s+uri /healthcheck", r"InvalidUriException")
"""What it logs, with a trace, about a question for its health, which it answers."""


def generation_of(eggroll: str) -> str:
    """The set of protobuf classes for a version of EggRoll: with the other one OSX starts, and every job hangs."""
    return "v2" if eggroll.startswith("2.") else "v3"


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of an OSX. Pure."""
    tree, eggroll = ctx.tree("osx"), ctx.release.packages["eggroll"].version
    manager = edges_to(ctx, "clustermanager", "grpc", "manager", probe=MANAGER, choose="first")
    # Soft: OSX starts without its flow, and flow needs OSX first.
    upstream = edges_to(ctx, "flow", "grpc", "upstream", probe=STATE, hard=False, choose="first")
    own = {ctx.owner.id: {FLOW: upstream[0].endpoint}} if upstream else {}
    file = f"{tree}/conf/broker/route_table.json"
    through = star.through(ctx)
    table = table_of(
        ctx, "proxy", own, exchange=star.exchange_of(ctx), through=through, keeps=True, ports=("grpc",), file=file
    )
    hubs = {party: star.exchange(ctx, group) for party, group in through.items()}
    known = {party: hubs[party].endpoint if party in hubs else table.ways()[party] for party in ctx.others()}
    relays = {party: (hub.key, hub.endpoint) for party, hub in hubs.items()}
    properties = f"{tree}/conf/broker/broker.properties"
    values = {
        "stamp": ctx.id.stamp,
        "listen": ctx.listen("grpc"),
        "manager": manager[0].endpoint if manager else None,
        "eggroll": eggroll,
        "mapped": f"{ctx.data}/mapped",
    }
    classpath = [
        f"{tree}/conf/broker/",
        f"{tree}/lib/*",
        f"{tree}/extension/*",
        f"{tree}/pb_lib/{generation_of(eggroll)}/*",
    ]
    start = JVM.launch(ctx, MAIN, classpath, ("-c", f"{tree}/conf"))
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=start.environment,
            # It finds its logs from here.
            directory=tree,
            console=ctx.console,
            networks=networks_with_partners(ctx, "proxy", ("flow", "nodemanager", "clustermanager"), through),
            twin=f"{MAIN} (.* )?-c {re.escape(tree)}/conf( |$)",
        ),
        files=(
            FileSpec(properties, "osx/broker.properties.j2", values),
            # It reads this one again within seconds.
            FileSpec(file, "osx/route_table.json.j2", {"table": route_table_json(table)}, restarts=False, kept=True),
        ),
        directories={f"{ctx.data}/mapped": 0o750, **start.directories},
        edges=(
            *manager,
            *upstream,
            *star.edges(ctx, PEERS),
            *edges_to_others(ctx, "osx", "proxy", probe=PEERS, through=relays),
            # The same route, up to the other flow: a finding about that flow explains that it does not answer.
            *edges_to_others(ctx, "flow", "proxy", probe=PEERS, kind="peer_flow", managed_only=True, through=relays),
        ),
        probes=_probes(ctx, manager, known, through),
        logs=(
            LogFile(f"{ctx.logs}/osx/broker/broker.log", levels=True),
            LogFile(f"{ctx.logs}/osx/broker/broker-error.log", levels=True),
            LogFile(ctx.console),
        ),
        readiness=STATE,
        readiness_deadline=180,
        ports=(PortUse("grpc", ctx.port("grpc"), ctx.listen("grpc").host, peers=True),),
        facts={
            "protobuf": generation_of(eggroll),
            "routes": {party: str(endpoint) for party, endpoint in known.items()},
            "noise": NOISE,
        },
        routes=(table,),
        trees=(TreeUse("osx", writes={"logs": f"{ctx.logs}/osx"}),),
        needs=start.needs,
        residues=(
            *start.residues,
            *(residue(ctx, f"{ctx.logs}/osx/broker/{name}", "older logs") for name in ("2*", "*.log.*")),
        ),
    )


def _probes(
    ctx: Context, manager: tuple[Edge, ...], known: dict[str, Endpoint], through: dict[str, str]
) -> tuple[NodeProbe, ...]:
    own, hubs = ctx.own("grpc"), dict.fromkeys(through.values())
    peers = [f"{party}={endpoint}" for party, endpoint in sorted(known.items())]
    return (
        question(
            STATE,
            "probe_state.py",
            own.host,
            str(own.port),
            ctx.owner.id,
            *(("flow",) if ctx.services("flow") else ()),
            timeout=25,
            carries=PADDING,
        ),
        question(
            PEERS,
            "probe_peers.py",
            str(own),
            ctx.owner.id,
            ",".join(f"{star.exchange(ctx, group).endpoint}={group}" for group in hubs),
            *peers,
            timeout=28,
            early=True,
            carries=PADDING,
        ),
        *(
            question(
                MANAGER,
                "probe_manager.py",
                edge.endpoint.host,
                str(edge.endpoint.port),
                timeout=15,
                carries=MANAGER_PADDING,
            )
            for edge in manager
        ),
    )
