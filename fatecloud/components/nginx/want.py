"""What one nginx wants on its node."""

from __future__ import annotations

from fatecloud.components.neighbours import edge_to, edges_to_others, own_address, routes
from fatecloud.components.question import question
from fatecloud.model.cluster import Endpoint
from fatecloud.model.component import Context, Wanted
from fatecloud.model.desired import FileSpec, NodeProbe, PortUse, Process

PROGRAM = "/usr/sbin/nginx"
_TEMPORARY = ("body", "proxy", "fastcgi", "uwsgi", "scgi")

NOISE = (r'"GET /v2/server/fateflow HTTP/1\.\d" 200 ',)
"""Answers to our own probes in the access log."""


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of an nginx. Pure."""
    conf = f"{ctx.home}/conf/nginx.conf"
    # Soft: nginx starts without its upstreams, and flow needs nginx first.
    upstream = edge_to(ctx, "flow", "http", "upstream", hard=False)
    known = routes(ctx, "proxy")
    values = {
        "stamp": ctx.id.stamp,
        "home": ctx.home,
        "data": ctx.data,
        "access_log": ctx.config["access_log"],
        "log_tag": f"fatecloud_nginx_{ctx.party.id}",
        "timeout": ctx.config["timeout"],
        "party": ctx.party.id,
        "flow": str(upstream[0].endpoint),
        "routes": {party: str(endpoint) for party, endpoint in known.items()},
        "listen": str(Endpoint(ctx.node.bind, ctx.port("http"))),
    }
    return Wanted(
        process=Process(
            argv=(PROGRAM, "-p", ctx.home, "-c", conf),
            directory=ctx.home,
            stop_signal="QUIT",
            stop_timeout=30,
            console=f"{ctx.logs}/console.log",
        ),
        files=(FileSpec(conf, "nginx/nginx.conf.j2", values),),
        directories={f"{ctx.data}/{name}": 0o750 for name in _TEMPORARY},
        edges=(*upstream, *edges_to_others(ctx, "nginx", "proxy")),
        probes=_probes(ctx, known),
        readiness="nginx.http",
        readiness_deadline=60,
        ports=(PortUse("http", ctx.port("http"), ctx.node.bind, peers=True),),
        facts={"routes": dict(values["routes"]), "noise": NOISE},
    )


def _probes(ctx: Context, known: dict[str, Endpoint]) -> tuple[NodeProbe, ...]:
    address = (own_address(ctx), str(ctx.port("http")), ctx.party.id)
    peers = [f"{party}={endpoint}" for party, endpoint in sorted(known.items())]
    return (
        question("nginx.http", "probe_http.py", *address, *sorted(known), timeout=20),
        question("nginx.upstream", "probe_upstream.py", *address, timeout=20),
        question("nginx.peers", "probe_peers.py", *peers, timeout=20),
    )
