"""The desired state of one flow of 1.11 on its node."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from ipaddress import ip_address
from typing import Any

from fatecloud.components.clustermanager.commands import PADDING as MANAGER_PADDING
from fatecloud.components.flow.cores import cores_known, figures
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
from fatecloud.components.flow.v1.code import FLOW as TREE
from fatecloud.components.flow.v1.code import logs_of, own_trees, search_path, surroundings, versions
from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.networks import networks_of_party
from fatecloud.components.question import question
from fatecloud.components.serving_server.want import SERVER
from fatecloud.components.sizing import Work, work_of
from fatecloud.model.context import Context
from fatecloud.model.needs import Needs
from fatecloud.model.routes import FLOW
from fatecloud.model.service import Edge, FileSpec, NodeProbe, PortUse, Process
from fatecloud.model.wanted import Wanted

_INFO = 20
"""It logs at all levels, whatever its settings say."""


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of a flow. Pure."""
    logs = logs_of(ctx)
    edges = edges_of(ctx)
    work = work_of(ctx.cluster, ctx.owner)
    return Wanted(
        needs=Needs(figures(ctx, work)),
        process=Process(
            argv=(ctx.python, f"{ctx.tree(TREE)}/python/fate_flow/fate_flow_server.py"),
            environment={**environment(ctx, logs, search_path(ctx)), **surroundings(ctx)},
            directory=ctx.home,
            console=ctx.console,
            networks=_networks(ctx),
        ),
        files=_files(ctx, edges, work),
        edges=edges,
        probes=_probes(ctx, edges),
        logs=log_files(ctx, logs, "stat", "schedule", "detect", "database"),
        directories={f"{ctx.data}/upload": 0o750},
        trees=own_trees(ctx),
        residues=residues_of(ctx, logs),
        readiness="flow.api",
        readiness_deadline=180,
        ports=(
            PortUse("http", ctx.port("http"), ctx.listen("http").host),
            PortUse("grpc", ctx.port("grpc"), ctx.listen("http").host),
        ),
        facts={
            **job_facts(ctx, logs, work),
            "upload_directory": f"{ctx.data}/upload",
            # What flow's own API leaves on the disk when a job is cleaned.
            "job_traces": (f"{logs}/{{job}}", f"{ctx.data}/jobs/{{job}}", f"{ctx.data}/model_local_cache/*/{{job}}"),
            "log_level": _INFO,
            "cores_row": {"database": requires(ctx)[0].name if requires(ctx) else "", "engine": "EGGROLL"},
            "cores_known": cores_known(ctx.config, ctx.node),
        },
        takes={"grpc": FLOW},
    )


def _networks(ctx: Context) -> tuple[str, ...]:
    """Where its packets come from and go to, if other nodes of its party reach it, and no one else."""
    alone = ip_address(ctx.listen("http").host).is_loopback
    return () if alone or ctx.config["bind"] else networks_of_party(ctx, (SERVER,))


def _files(ctx: Context, edges: tuple[Edge, ...], work: Work) -> tuple[FileSpec, ...]:
    stamp, conf = {"stamp": ctx.id.stamp}, f"{ctx.home}/conf/service_conf.yaml"
    defaults, timeout = f"{ctx.tree(TREE)}/conf/job_default_config.yaml", ctx.config["jobs.timeout"]
    return (
        versions(ctx),
        FileSpec(conf, "flow/v1/service_conf.yaml.j2", stamp | _service(ctx, edges, work)),
        FileSpec(defaults, "flow/v1/job_default_config.yaml.j2", stamp | {"cores": work.job, "timeout": timeout}),
        eggroll_settings(ctx),
    )


def _service(ctx: Context, edges: tuple[Edge, ...], work: Work) -> dict[str, Any]:
    by_kind: Mapping[str, Any] = {edge.kind: edge.endpoint for edge in edges}
    nodes = max(1, len(ctx.services("nodemanager")))
    (needed,) = requires(ctx)
    return {
        "party": ctx.owner.id,
        "host": ctx.listen("http").host,
        "http_port": ctx.port("http"),
        "grpc_port": ctx.port("grpc"),
        "database": needed,
        "server": by_kind[DATABASE],
        "connections": ctx.config["database.connections"],
        "cores": max(1, work.cores // nodes),
        "nodes": nodes,
        "rollsite": by_kind[PROXY],
        "servings": ctx.endpoints(SERVER, "grpc"),
    }


def _probes(ctx: Context, edges: tuple[Edge, ...]) -> tuple[NodeProbe, ...]:
    """Those that need its libraries run under its own interpreter and see what it sees."""
    own = ctx.own("http")
    by_kind = {edge.kind: edge.endpoint for edge in edges}
    proxy, manager = by_kind[PROXY], by_kind[COMPUTING]
    ask = partial(question, python=ctx.python)
    return (
        ask("flow.api", "v1/probe_api.py", own.host, str(own.port), timeout=25),
        ask("flow.jobs", "v1/probe_jobs.py", own.host, str(own.port), timeout=20),
        ask("flow.schedule", "probe_schedule.py", f"{logs_of(ctx)}/fate_flow/fate_flow_schedule.log", timeout=20),
        database_probe(ctx, "v1/probe_database.py", f"{ctx.home}/conf/service_conf.yaml"),
        # Rollsite is asked through to the flow behind it, and then itself.
        ask(
            "flow.proxy",
            "v1/probe_proxy.py",
            proxy.host,
            str(proxy.port),
            ctx.owner.id,
            timeout=25,
            carries=PADDING,
        ),
        ask(
            "flow.computing",
            "v1/probe_computing.py",
            manager.host,
            str(manager.port),
            timeout=15,
            carries=MANAGER_PADDING,
        ),
    )
