"""The desired state of one nodemanager on its node: what its generations share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from fatecloud.components.clustermanager.commands import PADDING
from fatecloud.components.clustermanager.programs import JAXB, TREE, Program, old_logs
from fatecloud.components.clustermanager.reach import EVERYWHERE, registered_at
from fatecloud.components.java import Jvm
from fatecloud.components.neighbours import edges_to
from fatecloud.components.networks import networks_of_party
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.sizing import EGG, Work, figure, work_of
from fatecloud.model.context import Context
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB, Figure
from fatecloud.model.service import FileSpec, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(16, 192 * MIB, 1024 * MIB), direct=Share(32, 128 * MIB, 512 * MIB))
"""It was seen to take 170 to 310 MiB in all."""
PYTHON_SET = "fate"
STATE, MANAGER, EGG_STARTS = "nodemanager.state", "nodemanager.manager", "nodemanager.egg"
CORES, SESSION, ROOM, EGGS = "cores for jobs", "eggs of a job", "eggs with room", "memory of these eggs"
MASTERS = "memory of masters"
MASTER_HEAP = "master.heap"
"""The setting for the heap of a session's master."""
MASTER_BESIDE = 64 * MIB
"""Bytes beside that heap: one of 256 MiB was seen to take 210 MiB in all."""
SESSIONS_AT_A_TIME = 3
"""Of EggRoll 2.0: flow's own, and one of each task of a job, of which two overlap."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Code that eggs import besides EggRoll, with what that asks for."""

    path: tuple[str, ...] = ()
    """Absolute directories."""
    trees: tuple[TreeUse, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileSpec, ...] = ()


def nothing_else(ctx: Context) -> Imported:
    """Eggs of EggRoll 3 find FATE in the environment that they share with flow."""
    del ctx
    return Imported()


@dataclass(frozen=True, slots=True)
class Eggs:
    """What eggs run, as the settings of a nodemanager name it."""

    file: str
    """Below EggRoll's Python part."""
    imports: Callable[[Context], Imported] = nothing_else
    """What they import besides EggRoll."""
    master: bool = False
    """Whether one node of a session has a JVM beside its eggs (`roll_pair_master`), as with EggRoll 2.0."""


def wanted(ctx: Context, program: Program, generation: str, eggs: Eggs) -> Wanted:
    """Files, process, edge and probes of a nodemanager. Pure.

    Args:
        ctx: of the service.
        program: that it runs.
        generation: with the scripts that ask it.
        eggs: that it starts.
    """
    tree, imported = ctx.tree(TREE), eggs.imports(ctx)
    conf, tables = f"{tree}/conf/eggroll.properties", f"{ctx.data}/tables"
    manager = edges_to(ctx, "clustermanager", "grpc", "manager", probe=MANAGER, choose="first")
    there, here, own = (edge.endpoint for edge in manager), registered_at(ctx, ctx.id), ctx.own("grpc")
    (clustermanager,) = there
    work = work_of(ctx.cluster, ctx.owner)
    # Of EggRoll 3, a nodemanager itself says to which one it reports.
    asked = () if generation == "v3" else (str(clustermanager),)
    values = {
        "stamp": ctx.id.stamp,
        "manager": clustermanager,
        "host": here.host,
        "port": ctx.port("grpc"),
        "tag": ctx.id.slug,
        "data": tables,
        "logs": ctx.logs,
        "venv": ctx.python.removesuffix("/bin/python"),
        "pythonpath": ":".join((*imported.path, f"{tree}/python")),
        "egg": f"{tree}/python/{eggs.file}",
        "tree": tree,
        "master": _master(ctx) if eggs.master else None,
    }
    start = program.launch(ctx, JVM, conf, ctx.port("grpc"))
    return Wanted(
        process=Process(
            argv=start.argv,
            environment={**program.surroundings(ctx, start), "EGGROLL_HOME": tree, **imported.environment},
            directory=tree,
            # It reports to the clustermanager that it leaves; its eggs end with its unit.
            stop_timeout=30,
            console=ctx.console,
            networks=networks_of_party(ctx),
            twin=program.twin(ctx.port("grpc")),
        ),
        files=(FileSpec(conf, "nodemanager/eggroll.properties.j2", values), *imported.files),
        directories={tables: 0o750, f"{ctx.home}/run/eggs": 0o750, **start.directories},
        edges=manager,
        probes=(
            question(STATE, f"{generation}/probe_state.py", own.host, str(own.port), str(here), *asked, timeout=25),
            question(
                MANAGER,
                f"{generation}/probe_manager.py",
                clustermanager.host,
                str(clustermanager.port),
                timeout=15,
                carries=PADDING,
            ),
            question(EGG_STARTS, f"{generation}/probe_egg.py", conf, timeout=20),
        ),
        logs=program.logs(ctx),
        readiness=STATE,
        # It is on the list as soon as it listens, and counts as healthy some 20 s later.
        readiness_deadline=240,
        ports=(PortUse("grpc", ctx.port("grpc"), EVERYWHERE),),
        facts={
            "manager": str(clustermanager),
            "where": str(here),
            # Its directory is named for it: `lib/python3.10/site-packages`.
            "python": PurePosixPath(ctx.site_packages).parent.name.removeprefix("python"),
        },
        # The scripts that start eggs make a directory beside themselves.
        trees=(
            TreeUse(TREE, writes={"bin/pid": f"{ctx.home}/run/eggs"}),
            *imported.trees,
            *((TreeUse(JAXB),) if eggs.master else ()),
        ),
        needs=replace(start.needs, figures=(*start.needs.figures, *_figures(ctx, work, eggs))),
        residues=(
            *start.residues,
            *old_logs(ctx),
            residue(
                ctx,
                f"{ctx.logs}/2*",
                "directories of sessions, with the logs of their eggs",
                count=ctx.config["residues.sessions"],
                named=True,
            ),
        ),
    )


def _figures(ctx: Context, work: Work, eggs: Eggs) -> tuple[Figure, ...]:
    """The eggs of jobs, and their memory."""
    room = ctx.config["eggs"] or work.eggs
    share = f"cores of a job ({work.job}) over nodemanagers ({len(work.offered)}), at least one"
    offered = work.offered[ctx.node.name]
    cores = figure(ctx, CORES, "cores", f"what node {ctx.node.name} has", unit="cores", value=offered)
    return (
        *((cores,) if offered else ()),
        Figure(SESSION, work.eggs, "eggs", share),
        figure(ctx, ROOM, "eggs", "as many as one job has here", unit="eggs", value=room),
        Figure(EGGS, room * EGG, "bytes", f"{EGG // MIB} MiB each in a FATE job, which imports torch"),
        *((_masters(ctx),) if eggs.master else ()),
    )


def _master(ctx: Context) -> dict[str, Any]:
    """How the JVM of a session is started."""
    return {"java": ctx.java.home, "heap": ctx.config[MASTER_HEAP], "more": f"{ctx.tree(JAXB)}/lib/*"}


def _masters(ctx: Context) -> Figure:
    """The masters of sessions: each is on the first node of the list, which any node may become."""
    each = ctx.config[MASTER_HEAP] + MASTER_BESIDE
    return Figure(MASTERS, SESSIONS_AT_A_TIME * each, "bytes", f"{SESSIONS_AT_A_TIME} at a time, `{MASTER_HEAP}` each")
