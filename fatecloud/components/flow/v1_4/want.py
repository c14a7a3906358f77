"""The desired state of one flow of 1.4 on its node."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from fatecloud.components.clustermanager.commands import PADDING as MANAGER_PADDING
from fatecloud.components.clustermanager.reach import EVERYWHERE, registered_at
from fatecloud.components.flow.cores import AT_A_TIME, JOB, MEMORY
from fatecloud.components.flow.database import requires
from fatecloud.components.flow.fate_1 import (
    COMPUTING,
    DATABASE,
    PROXY,
    database_probe,
    edges_of,
    eggroll_settings,
    environment,
    job_facts,
    log_files,
    residues_of,
)
from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.flow.v1_4.code import base, logs_of, own_trees, search_path
from fatecloud.components.flow.v1_4.probe_schedule import LATE
from fatecloud.components.neighbours import edges_to
from fatecloud.components.networks import networks_of_party
from fatecloud.components.question import question
from fatecloud.components.serving_server.want import SERVER
from fatecloud.components.sizing import figure, work_of
from fatecloud.model.context import Context
from fatecloud.model.needs import Figure, Needs
from fatecloud.model.routes import FLOW
from fatecloud.model.service import Edge, FileSpec, NodeProbe, PortUse, Process
from fatecloud.model.wanted import Wanted

OWN_ADDRESS = "flow.address"
JOBS_AT_A_TIME = 5
"""A constant of flow's own (`MAX_CONCURRENT_JOB_RUN`)."""
_DEBUG = 10
"""It logs at all levels, and has no setting for it."""


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of a flow. Pure."""
    logs, edges = logs_of(ctx), _edges(ctx)
    networks = networks_of_party(ctx, (SERVER,))
    work = work_of(ctx.cluster, ctx.owner)
    return Wanted(
        needs=Needs(
            (
                Figure("flow and one job", MEMORY, "bytes", "as flow 1.11, which was measured"),
                figure(ctx, JOB, "jobs.cores", work.job_why, unit="cores", value=work.job),
                Figure(AT_A_TIME, JOBS_AT_A_TIME, "jobs", "a constant of flow 1.4, which counts no cores"),
            )
        ),
        process=Process(
            argv=(ctx.python, _serve(ctx), f"{base(ctx)}/fate_flow/fate_flow_server.py"),
            environment=environment(ctx, logs, search_path(ctx)),
            directory=ctx.home,
            # At SIGTERM it ends its session, which may take EggRoll some seconds.
            stop_timeout=30,
            console=ctx.console,
            networks=networks,
        ),
        files=_files(ctx, edges),
        edges=edges,
        probes=_probes(ctx, edges, networks),
        logs=log_files(ctx, logs, "stat", "schedule", "detect"),
        trees=own_trees(ctx),
        residues=residues_of(ctx, logs),
        readiness="flow.api",
        # It listens once it has a session, for which EggRoll gives it three minutes.
        readiness_deadline=300,
        ports=(PortUse("http", ctx.port("http"), EVERYWHERE), PortUse("grpc", ctx.port("grpc"), EVERYWHERE)),
        facts={
            **job_facts(ctx, logs, work),
            "log_level": _DEBUG,
            "beat": 120,
            "stalled": LATE,
            "at_a_time": JOBS_AT_A_TIME,
            # It has no limit that would have to fit the node.
            "cores_known": True,
        },
        takes={"grpc": FLOW},
    )


def _serve(ctx: Context) -> str:
    """What runs flow."""
    return f"{ctx.home}/bin/serve.py"


def _edges(ctx: Context) -> tuple[Edge, ...]:
    """As flow 1.11, and to the nodemanagers: it does not come up without its session, which has an egg on each."""
    nodes = edges_to(ctx, "nodemanager", "grpc", COMPUTING, probe="flow.computing")
    there = {service.key: registered_at(ctx, service) for service in ctx.services("nodemanager")}
    return (*edges_of(ctx), *(replace(edge, endpoint=there[edge.target]) for edge in nodes))


def _files(ctx: Context, edges: tuple[Edge, ...]) -> tuple[FileSpec, ...]:
    stamp, conf = {"stamp": ctx.id.stamp}, f"{base(ctx)}/arch/conf"
    by_kind: dict[str, Any] = {edge.kind: edge.endpoint for edge in edges}
    (needed,) = requires(ctx)
    own = {
        "database": needed,
        "server": by_kind[DATABASE],
        "connections": ctx.config["database.connections"],
        "host": EVERYWHERE,
        "http_port": ctx.port("http"),
        "grpc_port": ctx.port("grpc"),
    }
    neighbours = {
        "proxy": by_kind[PROXY],
        "http": ctx.own("http"),
        "grpc": ctx.own("grpc"),
        "servings": [str(server) for server in ctx.endpoints(SERVER, "grpc")],
    }
    return (
        FileSpec(_serve(ctx), "flow/v1_4/serve.py.j2", stamp),
        FileSpec(f"{conf}/base_conf.yaml", "flow/v1_4/base_conf.yaml.j2", stamp | own),
        FileSpec(f"{conf}/server_conf.json", "flow/v1_4/server_conf.json.j2", neighbours),
        eggroll_settings(ctx),
    )


def _probes(ctx: Context, edges: tuple[Edge, ...], networks: tuple[str, ...]) -> tuple[NodeProbe, ...]:
    """Those that need its libraries run under its own interpreter and see what it sees."""
    own = ctx.own("http")
    proxy = next(edge.endpoint for edge in edges if edge.kind == PROXY)
    computing = [f"{edge.target}={edge.endpoint}" for edge in edges if edge.kind == COMPUTING]
    ask = partial(question, python=ctx.python)
    return (
        question(OWN_ADDRESS, "v1_4/probe_address.py", *networks, timeout=15, early=True),
        ask("flow.api", "v1_4/probe_api.py", own.host, str(own.port), timeout=25),
        ask("flow.jobs", "v1_4/probe_jobs.py", own.host, str(own.port), timeout=20),
        ask("flow.schedule", "v1_4/probe_schedule.py", f"{logs_of(ctx)}/fate_flow", timeout=25),
        database_probe(ctx, "v1_4/probe_database.py", f"{base(ctx)}/arch/conf/base_conf.yaml"),
        # Rollsite is asked through to the flow behind it, and then itself.
        ask(
            "flow.proxy",
            "v1_4/probe_proxy.py",
            proxy.host,
            str(proxy.port),
            ctx.owner.id,
            str(ctx.port("grpc")),
            timeout=28,
            carries=PADDING,
        ),
        ask("flow.computing", "v1_4/probe_computing.py", *computing, timeout=20, carries=MANAGER_PADDING),
    )
