"""The questions that a flow is asked on its node."""

from __future__ import annotations

from functools import partial

from fatecloud.components.clustermanager import commands
from fatecloud.components.flow import own_database
from fatecloud.components.flow.v2 import probe_broker, probe_proxy
from fatecloud.components.party_routes import party_of
from fatecloud.components.question import question
from fatecloud.model.context import Context
from fatecloud.model.service import Edge, NodeProbe

BROKER, COMPUTING, DATABASE, PROXY, SITE = "broker", "computing", "database", "proxy", "site"
"""Kinds of edges. The last one leads to another party's flow, which takes signed requests only."""
SITES = "flow.sites"


def sqlite_of(ctx: Context) -> str:
    """Where a flow without a database server keeps its tables."""
    return f"{ctx.data}/fate_flow_sqlite.db"


def settings_of(ctx: Context) -> str:
    """Flow's own settings, with its administrator's token."""
    return f"{ctx.site_packages}/fate_flow/settings.py"


def apps_of(ctx: Context) -> str:
    """The apps by which this party and the others know each other."""
    return f"{ctx.home}/conf/apps.json"


def probes(ctx: Context, edges: tuple[Edge, ...]) -> tuple[NodeProbe, ...]:
    """Probes of a flow. Those that need its libraries run under its own interpreter and see what it sees."""
    address = (ctx.own("http").host, str(ctx.port("http")), settings_of(ctx))
    conf = f"{ctx.home}/conf/service_conf.yaml"
    log = f"{ctx.logs}/fate_flow/fate_flow_schedule.log"
    ask = partial(question, python=ctx.python)
    found = [
        ask("flow.api", "v2/probe_api.py", *address, timeout=25),
        ask("flow.jobs", "v2/probe_jobs.py", *address, timeout=20),
        ask("flow.schedule", "probe_schedule.py", log, timeout=20),
    ]
    if any(edge.kind == DATABASE for edge in edges):
        found.append(
            ask(
                "flow.database",
                "v2/probe_database.py",
                ctx.site_packages,
                conf,
                timeout=20,
                libraries=True,
                carries=own_database.PADDING,
            )
        )
    else:
        found.append(ask("flow.database", "v2/probe_sqlite.py", sqlite_of(ctx), timeout=20))
    if any(edge.kind == BROKER for edge in edges):
        table = f"{ctx.home}/conf/rabbitmq_route_table.yaml"
        found.append(
            ask(
                "flow.broker",
                "v2/probe_broker.py",
                ctx.site_packages,
                conf,
                table,
                timeout=20,
                libraries=True,
                carries=probe_broker.PADDING,
            )
        )
    # OSX is asked through to the flow behind it, and then itself.
    script, seconds = ("v2/probe_osx.py", 25.0) if ctx.services("osx") else ("v2/probe_proxy.py", 15.0)
    found += [
        ask(
            "flow.proxy",
            script,
            edge.endpoint.host,
            str(edge.endpoint.port),
            ctx.owner.id,
            timeout=seconds,
            carries=probe_proxy.PADDING,
        )
        for edge in edges
        if edge.kind == PROXY
    ]
    found += [
        ask(
            "flow.computing",
            "v2/probe_computing.py",
            edge.endpoint.host,
            str(edge.endpoint.port),
            timeout=15,
            carries=commands.PADDING,
        )
        for edge in edges
        if edge.kind == COMPUTING
    ]
    if any(edge.kind == SITE for edge in edges):
        proxies = [str(edge.endpoint) for edge in edges if edge.kind == PROXY]
        parties = [f"{party_of(edge.target)}={edge.endpoint}" for edge in edges if edge.kind == SITE]
        way = ("v2/probe_sites_osx.py", ctx.owner.id) if ctx.services("osx") else ("v2/probe_sites.py",)
        found.append(ask(SITES, *way, *address, apps_of(ctx), *proxies, *parties, timeout=20))
    return tuple(found)
