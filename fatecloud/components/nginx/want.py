"""The desired state of one nginx on its node."""

from __future__ import annotations

from ipaddress import ip_address

from fatecloud.components.neighbours import edge_to, edges_to_others, own_address, routes
from fatecloud.components.question import question
from fatecloud.model.cluster import Endpoint
from fatecloud.model.component import Context, Wanted
from fatecloud.model.desired import FileSpec, NodeProbe, PortUse, Process

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
    upstream = edge_to(ctx, "flow", "http", "upstream", probe=UPSTREAM, hard=False)
    known = routes(ctx, "proxy")
    ways = {ctx.party.id: upstream[0].endpoint, **known}
    # nginx refuses to start while one of these names does not resolve, so a script resolves them.
    named = {
        party: {"host": endpoint.host, "port": endpoint.port}
        for party, endpoint in ways.items()
        if not _literal(endpoint)
    }
    prepare = f"{ctx.home}/bin/prepare"
    values = {
        "stamp": ctx.id.stamp,
        "home": ctx.home,
        "data": ctx.data,
        "access_log": ctx.config["access_log"],
        "log_tag": f"fatecloud_nginx_{ctx.party.id}",
        "timeout": ctx.config["timeout"],
        "party": ctx.party.id,
        "literal": {party: str(endpoint) for party, endpoint in ways.items() if _literal(endpoint)},
        "named": named,
        "listen": str(Endpoint(ctx.node.bind, ctx.port("http"))),
    }
    return Wanted(
        process=Process(
            argv=(PROGRAM, "-p", ctx.home, "-c", conf),
            directory=ctx.home,
            stop_signal="QUIT",
            stop_timeout=30,
            pre=((prepare,),) if named else (),
            console=f"{ctx.logs}/console.log",
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
        ports=(PortUse("http", ctx.port("http"), ctx.node.bind, peers=True),),
        facts={"routes": {party: str(endpoint) for party, endpoint in known.items()}, "noise": NOISE},
    )


def _literal(endpoint: Endpoint) -> bool:
    """Whether it is an IP address, which needs no look-up."""
    try:
        ip_address(endpoint.host)
    except ValueError:
        return False
    return True


def _probes(ctx: Context, known: dict[str, Endpoint]) -> tuple[NodeProbe, ...]:
    own = Endpoint(own_address(ctx), ctx.port("http"))
    address = (own.host, str(own.port), ctx.party.id)
    peers = [f"{party}={endpoint}" for party, endpoint in sorted(known.items())]
    return (
        question("nginx.http", "probe_http.py", *address, *sorted(known), timeout=20),
        question(UPSTREAM, "probe_upstream.py", *address, timeout=20),
        question(PEERS, "probe_peers.py", str(own), *peers, timeout=20, early=True),
    )
