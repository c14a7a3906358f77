"""The desired state of one nginx on its node."""

from __future__ import annotations

from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.neighbours import edges_to, edges_to_others
from fatecloud.components.networks import SELF, are_named, of_node, of_others
from fatecloud.components.nginx.passed import PATHS
from fatecloud.components.question import question
from fatecloud.components.route_tables import table_of
from fatecloud.model.context import Context
from fatecloud.model.endpoint import LOOPBACK, Endpoint, is_address
from fatecloud.model.needs import Figure, Needs
from fatecloud.model.routes import DEFAULT, FLOW
from fatecloud.model.service import FileSpec, NodeProbe, PortUse, Process
from fatecloud.model.wanted import Wanted

PROGRAM = "/usr/sbin/nginx"
_TEMPORARY = ("body", "proxy", "fastcgi", "uwsgi", "scgi")

NOISE = (r'"(?:GET|POST) /v2/[^"]* HTTP/1\.\d" 200 ',)
"""Successful requests in the access log: fatecloud's probes, and flows' requests to each other during a job."""
PEERS = "nginx.peers"
UPSTREAM = "nginx.upstream"


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of an nginx. Pure."""
    conf = f"{ctx.home}/conf/nginx.conf"
    # Soft: nginx starts without its upstreams, and flow needs nginx first.
    upstream = edges_to(ctx, "flow", "http", "upstream", probe=UPSTREAM, hard=False, choose="first")
    table = table_of(
        ctx,
        "proxy",
        {ctx.owner.id: {DEFAULT: upstream[0].endpoint}},
        roles=(FLOW,),
        ports=("outbound",),
        inbound=("http",),
        file=conf,
    )
    ways = table.ways()
    known = {party: endpoint for party, endpoint in ways.items() if party not in table.own}
    # nginx refuses to start while one of these names does not resolve, so a script resolves them.
    named = {
        party: {"host": endpoint.host, "port": endpoint.port}
        for party, endpoint in ways.items()
        if not is_address(endpoint.host)
    }
    prepare = f"{ctx.home}/bin/prepare"
    # The running configuration is asked for its routes on loopback alone.
    outbound = _with_loopback(ctx.listen("outbound").host)
    values = {
        "stamp": ctx.id.stamp,
        "home": ctx.home,
        "data": ctx.data,
        "access_log": ctx.config["access_log"],
        "log_tag": f"fatecloud_nginx_{ctx.owner.id}",
        "timeout": ctx.config["timeout"],
        "body_limit": ctx.config["body_limit"],
        "paths": PATHS,
        "partners": _partners(ctx),
        "neighbours": _neighbours(ctx),
        "party": ctx.owner.id,
        "literal": {party: str(endpoint) for party, endpoint in ways.items() if is_address(endpoint.host)},
        "named": named,
        "listen": str(ctx.listen("http")),
        "outbound": [str(Endpoint(address, ctx.port("outbound"))) for address in outbound],
    }
    return Wanted(
        needs=Needs((Figure("the program", 64 << 20, "bytes", "its workers and their buffers"),)),
        process=Process(
            argv=(PROGRAM, "-p", ctx.home, "-c", conf),
            directory=ctx.home,
            # Its orderly end: requests under way are finished first.
            stop_signal="QUIT",
            stop_timeout=30,
            pre=((prepare,),) if named else (),
            console=ctx.console,
        ),
        files=(
            FileSpec(conf, "nginx/nginx.conf.j2", values),
            *((FileSpec(prepare, "nginx/prepare.sh.j2", values, mode=0o750),) if named else ()),
        ),
        directories={f"{ctx.data}/{name}": 0o750 for name in _TEMPORARY},
        edges=(
            *upstream,
            *edges_to_others(ctx, "nginx", "proxy", probe=PEERS),
            # The same route, up to the other flow: a finding about that flow explains that it does not answer.
            *edges_to_others(ctx, "flow", "proxy", probe=PEERS, kind="peer_flow", managed_only=True),
        ),
        probes=_probes(ctx, known),
        readiness="nginx.http",
        readiness_deadline=60,
        ports=(
            PortUse("http", ctx.port("http"), ctx.listen("http").host, peers=True),
            *(PortUse("outbound", ctx.port("outbound"), address) for address in outbound),
        ),
        facts={"routes": {party: str(endpoint) for party, endpoint in known.items()}, "noise": NOISE},
        routes=(table,),
    )


def _with_loopback(address: str) -> tuple[str, ...]:
    """Addresses to listen on so that the node itself can use 127.0.0.1."""
    return (address,) if address in ("0.0.0.0", LOOPBACK) else (LOOPBACK, address)  # noqa: S104 - compared with


def _partners(ctx: Context) -> tuple[str, ...]:
    """The networks that requests for this party's flow may come from; empty if the inventory does not name them."""
    return (
        (*SELF, *of_node(ctx.node), *of_others(ctx.cluster, ctx.owner.id))
        if are_named(ctx.cluster) and ctx.others()
        else ()
    )


def _neighbours(ctx: Context) -> tuple[str, ...]:
    """The networks that the own flow's requests may come from: its node, and what the inventory names for the party."""
    nodes = [ctx.node, *(ctx.cluster.nodes[flow.node] for flow in ctx.services("flow"))]
    return tuple(dict.fromkeys((*SELF, *(a for node in nodes for a in of_node(node)), *ctx.owner.addresses)))


def _probes(ctx: Context, known: dict[str, Endpoint]) -> tuple[NodeProbe, ...]:
    own = ctx.own("http")
    inside = Endpoint(LOOPBACK, ctx.port("outbound"))
    address = (own.host, str(own.port), ctx.owner.id)
    peers = [f"{party}={endpoint}" for party, endpoint in sorted(known.items())]
    return (
        question("nginx.http", "probe_http.py", *address, str(inside.port), *sorted(known), timeout=20),
        question(UPSTREAM, "probe_upstream.py", *address, timeout=20, carries=PADDING),
        question(PEERS, "probe_peers.py", str(inside), *peers, timeout=20, early=True, carries=PADDING),
    )
