"""The desired state of one board on its node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fatecloud.components.java import Jvm
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.model.context import Context
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.service import FileSpec, LogFile, Page, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(16, 256 * MIB, 1024 * MIB), direct=Share(64, 64 * MIB, 256 * MIB))
"""It was seen to take 240 to 320 MiB in all. Upstream's flags for the log of collections stop any JVM after 8."""
LOGIN = "board.login"
STATE, FLOW = "board.state", "board.flow"


@dataclass(frozen=True, slots=True)
class Program:
    """FATEBoard's program in one generation."""

    main: str
    classpath: tuple[str, ...]
    """Jars, or directories with `/*`, below its tree; `{version}` stands for its version."""
    flow_script: str
    """The probe that follows its way to flow's jobs, below this package."""
    flow_padding: int
    """Bytes in the longest question of that probe to flow."""
    asks_for_party: bool = False
    """Whether that question names the party."""
    logging: str = ""
    """Template of the settings of its logs; empty for those in its jar."""


def settings_of(ctx: Context) -> str:
    """Path of its settings."""
    return f"{ctx.tree('fateboard')}/conf/application.properties"


def wanted(ctx: Context, program: Program) -> Wanted:
    """Files, process, edge and probes of a board. Pure."""
    conf = settings_of(ctx)
    # Soft: its page and its login work without flow.
    flow = edges_to(ctx, "flow", "http", "flow", probe=FLOW, hard=False, choose="first")
    values = {
        "stamp": ctx.id.stamp,
        "listen": ctx.listen("http"),
        "flow": flow[0].endpoint,
        "account": ctx.config["account"],
        "password": ctx.secret(LOGIN),
        "hours": ctx.config["session.hours"],
    }
    own = ctx.own("http")
    asked = (conf, own.host, str(own.port))
    party = (ctx.owner.id,) if program.asks_for_party else ()
    return running(
        ctx,
        program,
        FileSpec(conf, "board/application.properties.j2", values),
        edges=flow,
        probes=(
            question(STATE, "probe_state.py", *asked, timeout=60),
            question(
                FLOW,
                program.flow_script,
                *asked,
                str(flow[0].endpoint),
                *party,
                timeout=75,
                carries=program.flow_padding,
            ),
        ),
        facts={"works": f"a login as {ctx.config['account']}", "flow": str(flow[0].endpoint)},
        page=Page("http", ctx.config["account"], ctx.secret(LOGIN)),
    )


def running(ctx: Context, program: Program, conf: FileSpec, **more: Any) -> Wanted:
    """What boards of all generations have; `conf` are the settings, `more` is what the others do not have."""
    tree, version = ctx.tree("fateboard"), ctx.release.packages["fateboard"].version
    logging = f"{tree}/conf/logback.xml"
    classpath = tuple(f"{tree}/{part.format(version=version)}" for part in program.classpath)
    # Without upstream's property for logins by SSH: a page that asks for no login would use those.
    properties = {"spring.config.location": conf.path, **({"logging.config": logging} if program.logging else {})}
    start = JVM.launch(ctx, program.main, classpath, properties=properties)
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=start.environment,
            # It finds its logs from here, and at each login the account.
            directory=tree,
            console=ctx.console,
        ),
        files=(conf, *([FileSpec(logging, program.logging, {"stamp": ctx.id.stamp})] if program.logging else ())),
        directories=start.directories,
        logs=(LogFile(f"{ctx.logs}/board/info.log", levels=True), LogFile(ctx.console)),
        readiness=STATE,
        # It was seen to take 150 s on a loaded node, and to say after 2 s that it had started.
        readiness_deadline=240,
        ports=(PortUse("http", ctx.port("http"), ctx.listen("http").host),),
        trees=(TreeUse("fateboard", writes={"logs": f"{ctx.logs}/board"}),),
        needs=start.needs,
        residues=(*start.residues, residue(ctx, f"{ctx.logs}/board/2*", "older logs")),
        **more,
    )
