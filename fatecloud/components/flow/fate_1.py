"""What the desired states of FATE 1's flows share: edges, surroundings, and what they leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.components.clustermanager.programs import TREE
from fatecloud.components.clustermanager.reach import common_endpoint
from fatecloud.components.flow import own_database
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.sizing import Work
from fatecloud.model.context import Context
from fatecloud.model.residues import JOB, Residue
from fatecloud.model.service import Edge, FileSpec, LogFile, NodeProbe

DATABASE, COMPUTING, PROXY = "database", "computing", "proxy"
"""Kinds of edges."""
_IDS = "[0-9]*"
"""Of jobs: a time and a number. Flow's own logs are beside those of its jobs."""


def edges_of(ctx: Context) -> tuple[Edge, ...]:
    """To its database, to the clustermanager, which gives sessions to tasks, and to rollsite."""
    proxy = edges_to(ctx, "rollsite", "grpc", PROXY, probe="flow.proxy", choose="first")
    # A task hands rollsite's address on to its eggs, which may be on other nodes.
    shared = [
        common_endpoint(ctx, service, "grpc", ("flow", "nodemanager")) for service in ctx.services("rollsite")[:1]
    ]
    return (
        *edges_to(ctx, "mysql", "mysql", DATABASE, probe="flow.database", choose="first"),
        *edges_to(ctx, "clustermanager", "grpc", COMPUTING, probe="flow.computing", choose="first"),
        *(replace(edge, endpoint=where) for edge, where in zip(proxy, shared, strict=True)),
    )


def environment(ctx: Context, logs: str, path: str) -> dict[str, str]:
    """What flow and its tasks have in theirs.

    Args:
        ctx: of the flow.
        logs: directory of its logs.
        path: where they find their code.
    """
    return {
        # Flow 1.4 starts its tasks as `python3`.
        "PATH": f"{ctx.home}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": path,
        "EGGROLL_HOME": ctx.tree(TREE),
        # Its tasks inherit it: EggRoll's part of them would write into the tree.
        "EGGROLL_LOGS_DIR": f"{logs}/eggroll",
    }


def eggroll_settings(ctx: Context) -> FileSpec:
    """EggRoll's, in the place of those that upstream ships, with a login to a database."""
    values = {"stamp": ctx.id.stamp, "manager": ctx.endpoints("clustermanager", "grpc")[0]}
    return FileSpec(f"{ctx.tree(TREE)}/conf/eggroll.properties", "flow/eggroll.properties.j2", values)


def log_files(ctx: Context, logs: str, *names: str) -> tuple[LogFile, ...]:
    """Those of its own with these names, and what it prints."""
    own = (LogFile(f"{logs}/fate_flow/fate_flow_{name}.log", levels=True) for name in names)
    return (*own, LogFile(ctx.console))


def residues_of(ctx: Context, logs: str) -> tuple[Residue, ...]:
    """What jobs leave behind, and older logs."""
    return (
        residue(ctx, f"{ctx.data}/jobs/{JOB}", "directories of jobs", _IDS),
        residue(ctx, f"{logs}/{JOB}", "logs of jobs", _IDS),
        *(residue(ctx, f"{logs}/{part}/*.log.*", "older logs") for part in ("fate_flow", "eggroll")),
    )


def database_probe(ctx: Context, script: str, conf: str) -> NodeProbe:
    """A question to its database with its own login, under its own interpreter.

    Args:
        ctx: of the flow.
        script: of the generation.
        conf: settings with the login.
    """
    return question(
        "flow.database",
        script,
        ctx.site_packages,
        conf,
        timeout=20,
        python=ctx.python,
        libraries=True,
        carries=own_database.PADDING,
    )


def job_facts(ctx: Context, logs: str, work: Work) -> Mapping[str, Any]:
    """Where its jobs are asked for and what they leave on the disk, and the cores of one and of all."""
    return {
        "job_api": f"http://{ctx.own('http')}",
        "job_api_away": f"http://{ctx.away('http')}",
        "job_traces": (f"{logs}/{{job}}", f"{ctx.data}/jobs/{{job}}"),
        "job_logs": (f"{logs}/{{job}}",),
        "job_cores": work.job,
        "cores": work.cores,
    }
