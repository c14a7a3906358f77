"""The desired state of one clustermanager on its node."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.components.clustermanager.commands import PADDING
from fatecloud.components.clustermanager.reach import EVERYWHERE, registered_at
from fatecloud.components.java import Jvm
from fatecloud.components.mysql.database import Database, database
from fatecloud.components.neighbours import edges_to
from fatecloud.components.networks import networks_of_party
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.script import script_text
from fatecloud.components.sizing import figure
from fatecloud.model.context import Context
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.residues import Chore, Residue
from fatecloud.model.service import Edge, FileSpec, LogFile, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(16, 256 * MIB, 2048 * MIB), direct=Share(32, 128 * MIB, 512 * MIB))
"""It was seen to take 220 to 370 MiB in all."""
MAIN = "org.fedai.eggroll.clustermanager.Bootstrap"
SESSION = "eggs on a node"
STATE, DATABASE, WORKERS = "clustermanager.state", "clustermanager.database", "clustermanager.workers"
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""It makes no tables itself."""


def requires(ctx: Context) -> tuple[Database, ...]:
    """EggRoll's list of nodes, sessions, workers and tables."""
    tables = "clustermanager/tables.sql.j2"
    return (replace(database(ctx, "eggroll_meta", "eggroll", tables=tables), rights=RIGHTS),)


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of a clustermanager. Pure."""
    tree = ctx.tree("eggroll")
    conf = f"{tree}/conf/eggroll.properties"
    server = edges_to(ctx, "mysql", "mysql", "database", probe=DATABASE, choose="first")
    workers = _workers(ctx)
    own = ctx.own("grpc")
    values = {
        "stamp": ctx.id.stamp,
        "database": requires(ctx)[0],
        "server": server[0].endpoint if server else "",
        # Written into the list of nodes; no one connects to the address that is there.
        "host": ctx.away("grpc").host,
        "port": ctx.port("grpc"),
        "data": ctx.data,
        "logs": ctx.logs,
        "eggs": ctx.config["session.eggs"],
        "start": ctx.config["session.start"] * 1000,
        "life": ctx.config["session.hours"] * 3_600_000,
    }
    arguments = ("-c", conf, "-p", str(ctx.port("grpc")), "-s", ctx.id.slug)
    logging = {"log4j.configurationFile": f"{tree}/conf/log4j2.xml", "module": "clustermanager"}
    eggs = figure(ctx, SESSION, "session.eggs", "the default, for sessions that do not say how many", unit="eggs")
    start = JVM.launch(ctx, MAIN, (f"{tree}/lib/*",), arguments, logging)
    return Wanted(
        process=Process(
            argv=start.argv,
            # Its logging asks the environment, too.
            environment={**start.environment, "EGGROLL_LOG_DIR": ctx.logs, "module": "clustermanager"},
            directory=tree,
            console=ctx.console,
            networks=networks_of_party(ctx),
            twin=f"{MAIN} (.* )?-p {ctx.port('grpc')}( |$)",
        ),
        files=(FileSpec(conf, "clustermanager/eggroll.properties.j2", values),),
        directories=start.directories,
        edges=(*server, *workers),
        probes=(
            question(STATE, "probe_state.py", own.host, str(own.port), timeout=20),
            question(DATABASE, "probe_database.py", conf, timeout=20, carries=PADDING),
            question(
                WORKERS,
                "probe_workers.py",
                *(f"{edge.target}={edge.endpoint}" for edge in workers),
                timeout=20,
                carries=PADDING,
            ),
        ),
        logs=(LogFile(f"{ctx.logs}/eggroll/clustermanager.log", levels=True), LogFile(ctx.console)),
        readiness=STATE,
        readiness_deadline=240,
        ports=(PortUse("grpc", ctx.port("grpc"), EVERYWHERE),),
        facts={
            "own": str(own),
            "settings": conf,
            "start": ctx.config["session.start"],
            "nodes": {edge.target: str(edge.endpoint) for edge in workers},
        },
        trees=(TreeUse("eggroll"),),
        needs=replace(start.needs, figures=(*start.needs.figures, eggs)),
        residues=(*start.residues, *old_logs(ctx)),
        chores=(_forgets(ctx, conf),),
    )


def _forgets(ctx: Context, conf: str) -> Chore:
    """Removes the rows of old sessions, which EggRoll keeps for ever."""
    argv = ("python3", "-I", "-B", "-S", "-", conf, str(ctx.config["residues.days"]))
    return Chore(argv, script_text("clustermanager", "forget_sessions.py"))


def old_logs(ctx: Context) -> tuple[Residue, ...]:
    """What EggRoll's logging has closed: a directory per day, and files beside the current ones."""
    return tuple(residue(ctx, f"{ctx.logs}/eggroll/{name}", "older logs") for name in ("2*", "*.log.*"))


def _workers(ctx: Context) -> tuple[Edge, ...]:
    """To the nodemanagers, at the addresses under which they are on the list of nodes."""
    edges = edges_to(ctx, "nodemanager", "grpc", "worker", probe=WORKERS, hard=False)
    return tuple(
        replace(edge, endpoint=registered_at(ctx, service))
        for edge in edges
        for service in ctx.services("nodemanager")
        if service.key == edge.target
    )
