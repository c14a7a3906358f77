"""The desired state of one rollsite on its node: that of 2.2 to 2.5, and what 2.0 has of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fatecloud.components.clustermanager.commands import PADDING as MANAGER_PADDING
from fatecloud.components.clustermanager.programs import TREE, Program, of_eggroll_2, old_logs
from fatecloud.components.clustermanager.reach import EVERYWHERE
from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.java import Flag, Jvm
from fatecloud.components.neighbours import edges_to, edges_to_others
from fatecloud.components.networks import networks_with_partners
from fatecloud.components.party_tls import tls_of
from fatecloud.components.question import question
from fatecloud.components.rollsite.tls import PORT
from fatecloud.components.route_tables import route_table_json, table_of
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.routes import DEFAULT, FLOW, RouteTable, Target, Tls
from fatecloud.model.service import Edge, FileSpec, LogFile, NodeProbe, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(
    heap=Share(8, 512 * MIB, 4096 * MIB),
    direct=Share(8, 512 * MIB, 8192 * MIB),
    flags=(Flag("-XX:+UseG1GC"),),
)
"""With 64 MiB of each, one packet of 40 MB fails. Upstream sets no heap, and flags with which a JVM from 9 on ends."""
STATE, PEERS, MANAGER = "rollsite.state", "rollsite.peers", "rollsite.manager"
TRANSFERS, CERTIFICATE = "rollsite.transfers", "rollsite.certificate"


@dataclass(frozen=True, slots=True)
class Router:
    """A generation of rollsite."""

    program: Program
    settings: Callable[[Context, str], FileSpec]
    """Its `eggroll.properties`, by the path of its table of routes."""
    files: Callable[[Context], tuple[FileSpec, ...]] = lambda _: ()
    """What else is in its `conf`."""
    classpath: Callable[[Context], tuple[str, ...]] = lambda _: ()
    """Besides its jars."""
    trees: tuple[TreeUse, ...] = ()
    """Besides EggRoll's."""
    scripts: str = ""
    """Directory with the scripts that ask it."""
    by_entry: bool = True
    """Whether it takes a packet for its own party's where the entry leads to its own address. 2.0 goes by its own
    party's id, and sends what such an entry is for to itself without end."""


def want(ctx: Context) -> Wanted:
    """The desired state of a rollsite of 2.2 to 2.5. Pure."""
    return wanted(ctx, Router(of_eggroll_2("rollsite", "rollsite.EggSiteBootstrap"), _settings))


def wanted(ctx: Context, router: Router) -> Wanted:
    """Files, process, edges and probes of a rollsite. Pure."""
    tree, own, program = ctx.tree(TREE), ctx.own("grpc"), router.program
    file = f"{tree}/conf/route_table.json"
    settings = router.settings(ctx, file)
    manager = edges_to(ctx, "clustermanager", "grpc", "manager", probe=MANAGER, choose="first")
    # Soft: rollsite starts without its flow, and flow needs rollsite first.
    upstream = edges_to(ctx, "flow", "grpc", "upstream", probe=STATE, hard=False, choose="first")
    flows = {ctx.owner.id: {FLOW: upstream[0].endpoint}} if upstream else {}
    trust = tls_of(ctx)
    ports = ("grpc", PORT) if trust else ("grpc",)
    table = table_of(
        ctx,
        "proxy",
        flows,
        trust=dict.fromkeys(ctx.others(), trust) if trust else {},
        keeps=True,
        ports=ports,
        tls=ports[1:],
        file=file,
    )
    known = {party: table.ways()[party] for party in ctx.others()}
    start = program.launch(ctx, JVM, settings.path, ctx.port("grpc"), *router.classpath(ctx))
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=program.surroundings(ctx, start),
            directory=tree,
            console=ctx.console,
            networks=networks_with_partners(ctx, "proxy", ("flow", "nodemanager", "clustermanager")),
            twin=program.twin(ctx.port("grpc")),
        ),
        files=(
            settings,
            *router.files(ctx),
            # It reads this one again each minute.
            FileSpec(
                file,
                "rollsite/route_table.json.j2",
                {"table": document(table, own if router.by_entry else None)},
                restarts=False,
                kept=True,
            ),
        ),
        directories=start.directories,
        edges=(
            *manager,
            *upstream,
            *edges_to_others(ctx, "rollsite", "proxy", probe=PEERS),
            # The same route, up to the other flow: a finding about that flow explains that it does not answer.
            *edges_to_others(ctx, "flow", "proxy", probe=PEERS, kind="peer_flow", managed_only=True),
        ),
        probes=(*_probes(ctx, router, settings.path, manager, upstream, known), *_certificate(ctx, trust)),
        # An error that no one caught, one about memory above all, is in its console alone.
        logs=(LogFile(f"{ctx.logs}/eggroll/rollsite.jvm.err.log", levels=True), *program.logs(ctx)),
        readiness=STATE,
        readiness_deadline=180,
        # Other parties come to the last one.
        ports=tuple(PortUse(name, ctx.port(name), EVERYWHERE, peers=name == ports[-1]) for name in ports),
        facts={"routes": {party: str(endpoint) for party, endpoint in known.items()}},
        routes=(table,),
        trees=(TreeUse(TREE), *router.trees),
        needs=start.needs,
        residues=(*start.residues, *old_logs(ctx)),
    )


def common(ctx: Context, file: str) -> dict[str, Any]:
    """Values of the settings that all generations have; `file` is the table of routes."""
    manager = ctx.endpoints("clustermanager", "grpc")
    return {
        "stamp": ctx.id.stamp,
        "manager": manager[0] if manager else None,
        "own": ctx.own("grpc"),
        "party": ctx.owner.id,
        "table": file,
        "data": ctx.data,
        "logs": ctx.logs,
    }


def settings_at(ctx: Context, **values: Any) -> FileSpec:
    """The file of its settings."""
    return FileSpec(f"{ctx.tree(TREE)}/conf/eggroll.properties", "rollsite/eggroll.properties.j2", values)


def _settings(ctx: Context, file: str) -> FileSpec:
    trust = tls_of(ctx)
    secured = {"tls": trust, "secure": ctx.port(PORT)} if trust else {}
    own = {name: ctx.config[name] for name in ("keepalive", "calls")}
    return settings_at(ctx, **common(ctx, file), **own, **secured)


def document(table: RouteTable, own: Endpoint | None) -> dict[str, Any]:
    """The content of its file. A packet is its own party's where the entry is `own`, as the same text."""
    parties = route_table_json(table, _target)["route_table"]
    here = {DEFAULT: [{"ip": own.host, "port": own.port}]} if own else {}
    for party in table.own:
        parties[party] = {**parties.get(party, {}), **here}
    return {"route_table": parties, "permission": {"default_allow": True}}


def _target(target: Target) -> dict[str, Any]:
    """With which certificates is not in the table, but in its settings, for all entries."""
    where = {"ip": target.endpoint.host, "port": target.endpoint.port}
    return {**where, "is_secure": True} if target.tls else where


def _certificate(ctx: Context, trust: Tls | None) -> tuple[NodeProbe, ...]:
    if trust is None:
        return ()
    host = ctx.owner.public["proxy"].host
    files = (trust.certificate, trust.key, trust.ca)
    return (question(CERTIFICATE, "probe_certificate.py", *files, host, timeout=15, early=True),)


def _probes(
    ctx: Context,
    router: Router,
    conf: str,
    manager: tuple[Edge, ...],
    upstream: tuple[Edge, ...],
    known: dict[str, Endpoint],
) -> tuple[NodeProbe, ...]:
    own, scripts = ctx.own("grpc"), router.scripts
    flows = [str(edge.endpoint) for edge in upstream]
    peers = [f"{party}={endpoint}" for party, endpoint in sorted(known.items())]
    return (
        question(
            STATE,
            f"{scripts}probe_state.py",
            own.host,
            str(own.port),
            ctx.owner.id,
            *flows,
            # They look into the table before they ask: a wrong entry sends packets round.
            conf,
            timeout=25,
            carries=PADDING,
        ),
        question(
            PEERS,
            f"{scripts}probe_peers.py",
            str(own),
            ctx.owner.id,
            conf,
            *peers,
            timeout=28,
            early=True,
            carries=PADDING,
        ),
        question(TRANSFERS, "probe_transfers.py", f"{ctx.logs}/eggroll/rollsite.jvm", ctx.owner.id, timeout=15),
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
