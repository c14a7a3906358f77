"""The desired state of one flow service on its node."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from fatecloud.components.flow.cores import cores_known, figures
from fatecloud.components.flow.database import requires
from fatecloud.components.flow.v2 import eggroll, sites
from fatecloud.components.flow.v2.noise import NOISE
from fatecloud.components.flow.v2.probes import BROKER, PROXY, SITE, SITES, probes, settings_of, sqlite_of
from fatecloud.components.flow.v2.site_files import site_files, site_objects
from fatecloud.components.neighbours import edges_to, edges_to_others
from fatecloud.components.networks import networks_of_party
from fatecloud.components.residues import residue
from fatecloud.components.route_tables import table_of
from fatecloud.components.sizing import Work, work_of
from fatecloud.model.context import Context
from fatecloud.model.needs import Needs
from fatecloud.model.residues import JOB
from fatecloud.model.routes import DEFAULT, FLOW, RouteTable
from fatecloud.model.service import Edge, FileSpec, LogFile, PortUse, Process
from fatecloud.model.wanted import Wanted

BROKER_ACCOUNT = "fate"
_IDS = "[0-9]*"
"""Of jobs: a time and a number. Flow's own logs are beside those of its jobs."""
LOG_BYTES = 32 << 20


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of a flow. Pure."""
    edges = (
        *edges_to(ctx, "mysql", "mysql", "database", probe="flow.database", choose="first"),
        *edges_to(ctx, "rabbitmq", "amqp", BROKER, probe="flow.broker", choose="first"),
        *edges_to(ctx, "nginx", "outbound", PROXY, probe="flow.proxy", choose="first"),
        *eggroll.edges(ctx),
    )
    signing = sites.signs(ctx.cluster, ctx.owner.id)
    edges += edges_to_others(ctx, "flow", "proxy", probe=SITES, kind=SITE, direct=False) if signing else ()
    brokered = any(edge.kind == BROKER for edge in edges)
    tables = (_routes(ctx),) if brokered else ()
    known = tables[0].ways() if tables else {}
    code = eggroll.code(ctx)
    work = work_of(ctx.cluster, ctx.owner)
    return Wanted(
        needs=Needs(figures(ctx, work)),
        process=Process(
            argv=(ctx.python, f"{ctx.site_packages}/fate_flow/fate_flow_server.py"),
            environment={
                "PATH": f"{ctx.home}/venv/bin:/usr/local/bin:/usr/bin:/bin",
                "PYTHONUNBUFFERED": "1",
                **code.environment,
            },
            directory=ctx.home,
            console=ctx.console,
            networks=_networks(ctx),
        ),
        files=(
            *_files(ctx, edges, known, work, signing=signing),
            *(site_files(ctx, edges) if signing else ()),
            *code.files,
        ),
        directories={f"{ctx.data}/{name}": 0o750 for name in ("tables", "model", "jobs", "upload")},
        edges=edges,
        probes=probes(ctx, edges),
        logs=(
            LogFile(f"{ctx.logs}/fate_flow/fate_flow_stat.log", levels=True),
            LogFile(f"{ctx.logs}/fate_flow/stat.log", levels=True),
            LogFile(f"{ctx.logs}/fate_flow/fate_flow_schedule.log", levels=True),
            LogFile(f"{ctx.logs}/fate_flow/fate_flow_detect.log", levels=True),
            LogFile(ctx.console),
        ),
        trees=code.trees,
        residues=(
            residue(ctx, f"{ctx.data}/jobs/{JOB}", "directories of jobs", _IDS),
            residue(ctx, f"{ctx.logs}/{JOB}", "logs of jobs", _IDS),
            residue(ctx, f"{ctx.logs}/fate_flow/*.log.*", "older logs"),
        ),
        readiness="flow.api",
        readiness_deadline=180,
        objects=site_objects(ctx) if signing else None,
        ports=(
            PortUse("http", ctx.port("http"), ctx.listen("http").host),
            PortUse("grpc", ctx.port("grpc"), ctx.listen("http").host),
        ),
        facts={
            "job_api": f"http://{ctx.own('http')}",
            "job_api_away": f"http://{ctx.away('http')}",
            "job_settings": settings_of(ctx),
            "upload_directory": f"{ctx.data}/upload",
            # What flow's own API leaves on the disk when a job is cleaned.
            "job_traces": (
                f"{ctx.logs}/{{job}}",
                f"{ctx.data}/jobs/{{job}}",
                f"{ctx.data}/model/{{job}}",
                f"{ctx.data}/tables/{{job}}_*",
            ),
            "job_logs": (f"{ctx.logs}/{{job}}",),
            "noise": NOISE,
            "log_level": ctx.config["log_level"],
            "version": ctx.release.components.get("flow", ""),
            "provider": ctx.release.components.get("fate", ""),
            "cores_row": _cores_row(ctx),
            "job_cores": work.job,
            "cores": work.cores,
            "cores_known": cores_known(ctx.config, ctx.node),
            "routes": {party: str(endpoint) for party, endpoint in known.items()},
            "route_table": tables[0].file if tables else "",
        },
        routes=tables,
        # Partners' requests come as HTTP through a proxy that knows nothing else, or as gRPC.
        takes={"http" if ctx.services("nginx") else "grpc": FLOW},
    )


def _networks(ctx: Context) -> tuple[str, ...]:
    """Where its packets come from and go to, if eggs on other nodes of its party reach it, and no one else.

    An operator who sets `bind` has users of flow elsewhere. On loopback nothing comes in anyway. Without EggRoll this
    has not been tried: the exposure of flow asks for a firewall there.
    """
    alone = ip_address(ctx.listen("http").host).is_loopback
    return () if alone or ctx.config["bind"] or not ctx.services("clustermanager") else networks_of_party(ctx)


def _cores_row(ctx: Context) -> dict[str, str]:
    """Where flow counts the cores of jobs: its database, empty where that is a file, and the name of its engine."""
    engine = "eggroll" if ctx.services("clustermanager") else "standalone"
    return {"database": next((one.name for one in requires(ctx)), ""), "engine": engine}


def _files(
    ctx: Context, edges: tuple[Edge, ...], known: Mapping[str, Any], work: Work, *, signing: bool
) -> tuple[FileSpec, ...]:
    stamp = {"stamp": ctx.id.stamp}
    conf = f"{ctx.home}/conf"
    settings = {
        "home": ctx.home,
        "data": ctx.data,
        "logs": ctx.logs,
        "admin_key": ctx.secret("flow.admin"),
        "log_bytes": LOG_BYTES,
    }
    files = [
        FileSpec(
            f"{conf}/service_conf.yaml",
            "flow/v2/service_conf.yaml.j2",
            stamp | {"cores": work.cores} | _service(ctx, edges, signing=signing),
        ),
        FileSpec(
            f"{conf}/job_default_config.yaml",
            "flow/v2/job_default_config.yaml.j2",
            stamp | {"cores": work.job} | _job_defaults(ctx),
        ),
        FileSpec(f"{conf}/casbin_model.conf", "flow/v2/casbin_model.conf.j2", stamp),
        FileSpec(f"{conf}/permission_casbin_model.conf", "flow/v2/permission_casbin_model.conf.j2", stamp),
        FileSpec(settings_of(ctx), "flow/v2/settings.py.j2", stamp | settings),
        FileSpec(
            f"{ctx.site_packages}/fate_client/settings.yaml",
            "flow/v2/client_settings.yaml.j2",
            stamp
            | {
                "host": ctx.own("http").host,
                "port": ctx.port("http"),
                "party": ctx.owner.id,
                "admin_key": ctx.secret("flow.admin") if ctx.config["authentication.client"] else "",
            },
            restarts=False,
        ),
    ]
    if known:
        # Flow reads the table at the start of each task: a new peer needs no restart.
        route_table = f"{conf}/rabbitmq_route_table.yaml"
        values = stamp | {"routes": dict(known)}
        files.append(FileSpec(route_table, "flow/v2/rabbitmq_route_table.yaml.j2", values, restarts=False))
    return tuple(files)


def _service(ctx: Context, edges: tuple[Edge, ...], *, signing: bool) -> dict[str, Any]:
    by_kind = {edge.kind: edge.endpoint for edge in edges}
    proxy = by_kind.get(PROXY)
    return {
        "party": ctx.owner.id,
        "log_level": ctx.config["log_level"],
        "host": ctx.listen("http").host,
        "http_port": ctx.port("http"),
        "grpc_port": ctx.port("grpc"),
        "sqlite": sqlite_of(ctx),
        "nginx": {"host": proxy.host, "port": proxy.port} if proxy and not ctx.services("osx") else None,
        "mysql": _mysql(ctx, by_kind),
        "rabbitmq": _rabbitmq(ctx, by_kind),
        "eggroll": eggroll.engines(ctx, edges),
        "client": ctx.config["authentication.client"],
        "site": signing,
    }


def _mysql(ctx: Context, by_kind: Mapping[str, Any]) -> dict[str, Any] | None:
    for needed in requires(ctx):
        return {
            "name": needed.name,
            "user": needed.account,
            "password": needed.secret,
            "host": by_kind["database"].host,
            "port": by_kind["database"].port,
            "connections": ctx.config["database.connections"],
        }
    return None


def _rabbitmq(ctx: Context, by_kind: Mapping[str, Any]) -> dict[str, Any] | None:
    if BROKER not in by_kind:
        return None
    return {
        "host": by_kind[BROKER].host,
        "port": by_kind[BROKER].port,
        "management_port": ctx.endpoints("rabbitmq", "management")[0].port,
        "user": BROKER_ACCOUNT,
        "password": ctx.secret("rabbitmq.flow"),
        "message_size": ctx.config["broker.message_size"],
    }


def _job_defaults(ctx: Context) -> dict[str, Any]:
    return {
        "partitions": ctx.config["jobs.partitions"],
        "timeout": ctx.config["jobs.timeout"],
        "eggroll": bool(ctx.services("clustermanager")),
    }


def _routes(ctx: Context) -> RouteTable:
    """Every party's broker, this party's own too: flow's tasks refuse a table without it."""
    own = {ctx.owner.id: {DEFAULT: ctx.owner.public[BROKER]}}
    return table_of(ctx, BROKER, own, roles=(DEFAULT,), file=f"{ctx.home}/conf/rabbitmq_route_table.yaml")
