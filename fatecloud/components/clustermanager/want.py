"""The desired state of one clustermanager on its node: what its generations share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fatecloud.components.clustermanager import own_database
from fatecloud.components.clustermanager.commands import PADDING
from fatecloud.components.clustermanager.programs import TREE, Program, old_logs
from fatecloud.components.clustermanager.reach import EVERYWHERE, registered_at
from fatecloud.components.java import Jvm
from fatecloud.components.mysql.database import Database, database
from fatecloud.components.neighbours import edges_to
from fatecloud.components.networks import networks_of_party
from fatecloud.components.question import question
from fatecloud.components.script import script_text
from fatecloud.components.sizing import figure, work_of
from fatecloud.errors import InputError
from fatecloud.model.context import Context
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.residues import Chore
from fatecloud.model.service import Edge, FileSpec, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(16, 256 * MIB, 2048 * MIB), direct=Share(32, 128 * MIB, 512 * MIB))
"""It was seen to take 220 to 370 MiB in all."""
SESSION = "eggs on a node"
STATE, DATABASE, WORKERS = "clustermanager.state", "clustermanager.database", "clustermanager.workers"
ENDS = "clustermanager.ends"
"""Of those whose end ends all sessions."""
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""It makes no tables itself."""
_ALONE = (
    "import socket, sys; port = int(sys.argv[1]); "
    "socket.socket().connect_ex(('127.0.0.1', port)) or sys.exit('start refused: port %d is taken' % port)"
)
"""Ends with an error where something listens on the port that is its argument."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A generation of clustermanagers."""

    program: Program
    generation: str
    """Its package, with the scripts that ask it, and its tables."""
    reported_to: bool = True
    """Whether nodemanagers tell it where they are. Else its list of them is made with its tables, and it asks all of
    them at one port."""


def metadata(ctx: Context, manager: Manager) -> Database:
    """EggRoll's list of nodes, sessions, workers and tables, as a generation has them."""
    tables = f"clustermanager/{manager.generation}/tables.sql.j2"
    found = replace(database(ctx, "eggroll_meta", "eggroll", tables=tables), rights=RIGHTS)
    return found if manager.reported_to else replace(found, rows=_list(ctx))


def _list(ctx: Context) -> tuple[tuple[str, int], ...]:
    """Host and port of each nodemanager."""
    nodes = [registered_at(ctx, service) for service in ctx.services("nodemanager")]
    return tuple(sorted((node.host, node.port) for node in nodes))


def wanted(ctx: Context, manager: Manager) -> Wanted:
    """Files, process, edges and probes of a clustermanager. Pure."""
    program, generation = manager.program, manager.generation
    tree = ctx.tree(TREE)
    conf = f"{tree}/conf/eggroll.properties"
    server = edges_to(ctx, "mysql", "mysql", "database", probe=DATABASE, choose="first")
    workers = _workers(ctx)
    own = ctx.own("grpc")
    eggs, why = _eggs(ctx)
    values = {
        "stamp": ctx.id.stamp,
        "database": metadata(ctx, manager),
        "server": server[0].endpoint if server else "",
        # Written into the list of nodes; no one connects to the address that is there.
        "host": ctx.away("grpc").host,
        "port": ctx.port("grpc"),
        "data": ctx.data,
        "logs": ctx.logs,
        "eggs": eggs,
        "start": ctx.config["session.start"] * 1000,
        "life": ctx.config.get("session.hours", 0) * 3_600_000,
        "workers_at": None if manager.reported_to else _one_port(ctx),
    }
    # What it prints names a file on its classpath, in which it looks the password up.
    apart = (_password(ctx, manager),) if program.prints else ()
    start = program.launch(ctx, JVM, conf, ctx.port("grpc"), *((f"{tree}/conf",) if apart else ()))
    figures = (*start.needs.figures, figure(ctx, SESSION, "session.eggs", why, unit="eggs", value=eggs))
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=program.surroundings(ctx, start),
            directory=tree,
            pre=(("python3", "-I", "-S", "-c", _ALONE, str(ctx.port("grpc"))),) if program.clears else (),
            console=ctx.console,
            networks=networks_of_party(ctx),
            twin=program.twin(ctx.port("grpc")),
        ),
        files=(FileSpec(conf, "clustermanager/eggroll.properties.j2", values | {"apart": bool(apart)}), *apart),
        directories=start.directories,
        edges=(*server, *workers),
        probes=(
            question(STATE, f"{generation}/probe_state.py", own.host, str(own.port), timeout=20),
            question(DATABASE, "probe_database.py", conf, timeout=20, carries=PADDING),
            question(
                WORKERS,
                f"{generation}/probe_workers.py",
                *(f"{edge.target}={edge.endpoint}" for edge in workers),
                timeout=20,
                carries=PADDING,
            ),
            *([question(ENDS, "probe_ends.py", program.logs(ctx)[0].path, timeout=15)] if program.clears else []),
        ),
        logs=program.logs(ctx),
        readiness=STATE,
        readiness_deadline=240,
        ports=(PortUse("grpc", ctx.port("grpc"), EVERYWHERE),),
        facts={
            "own": str(own),
            "settings": conf,
            "start": ctx.config["session.start"],
            "nodes": {edge.target: str(edge.endpoint) for edge in workers},
        },
        trees=(TreeUse(TREE),),
        needs=replace(start.needs, figures=figures),
        residues=(*start.residues, *old_logs(ctx)),
        chores=(_forgets(ctx, conf),),
    )


def _eggs(ctx: Context) -> tuple[int, str]:
    """Eggs on each node for a session that does not say how many, and why: those of FATE-Flow 1.4 never say it."""
    given = ctx.config["session.eggs"]
    if given is None:
        return work_of(ctx.cluster, ctx.owner).eggs, "as many as one job has on a node"
    return int(given), "the default, for sessions that do not say how many"


def _one_port(ctx: Context) -> int | None:
    """The port of all nodemanagers. Raises InputError: they have different ones."""
    ports = {service.node: ctx.reached(service, "grpc").port for service in ctx.services("nodemanager")}
    if len(set(ports.values())) > 1:
        each = ", ".join(f"{port} on {node}" for node, port in ports.items())
        raise InputError(f"nodemanagers of {ctx.owner.id} have different ports ({each}): EggRoll 2.0 knows one for all")
    return next(iter(ports.values()), None)


def _password(ctx: Context, manager: Manager) -> FileSpec:
    """A bundle of texts for the JVM, with one text."""
    values: dict[str, Any] = {"stamp": ctx.id.stamp, "database": metadata(ctx, manager)}
    return FileSpec(f"{ctx.tree(TREE)}/conf/{own_database.APART}", "clustermanager/database.properties.j2", values)


def _forgets(ctx: Context, conf: str) -> Chore:
    """Removes the rows of old sessions, which EggRoll keeps for ever."""
    argv = ("python3", "-I", "-B", "-S", "-", conf, str(ctx.config["residues.days"]))
    return Chore(argv, script_text("clustermanager", "forget_sessions.py"))


def _workers(ctx: Context) -> tuple[Edge, ...]:
    """To the nodemanagers, at the addresses under which they are on the list of nodes."""
    edges = edges_to(ctx, "nodemanager", "grpc", "worker", probe=WORKERS, hard=False)
    return tuple(
        replace(edge, endpoint=registered_at(ctx, service))
        for edge in edges
        for service in ctx.services("nodemanager")
        if service.key == edge.target
    )
