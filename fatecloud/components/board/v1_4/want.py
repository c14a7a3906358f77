"""The desired state of one board of FATE 1.4 on its node."""

from __future__ import annotations

from fatecloud.components.board.v1_4.probe_database import PADDING as ROWS_PADDING
from fatecloud.components.board.want import FLOW, STATE, Program, running, settings_of
from fatecloud.components.flow.v1.version_question import PADDING
from fatecloud.components.mysql.database import Database, reader
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.model.context import Context
from fatecloud.model.service import FileSpec, Page
from fatecloud.model.wanted import Wanted

DATABASE = "board.database"
PROGRAM = Program(
    main="org.springframework.boot.loader.JarLauncher",
    classpath=("fateboard-{version}.jar",),
    flow_script="v1_4/probe_flow.py",
    flow_padding=PADDING,
    logging="board/v1/logback.xml.j2",
)


def requires(ctx: Context) -> tuple[Database, ...]:
    """To read the rows of flow's jobs and tasks. It is shown to all who reach its page, so it can change none."""
    return (reader(ctx, "fate_flow", "board"),)


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of a board. Pure."""
    conf, own = settings_of(ctx), ctx.own("http")
    # Soft: its page works without both.
    flow = edges_to(ctx, "flow", "http", "flow", probe=FLOW, hard=False, choose="first")
    database = edges_to(ctx, "mysql", "mysql", "database", probe=DATABASE, hard=False, choose="first")
    (needed,) = requires(ctx)
    values = {
        "stamp": ctx.id.stamp,
        "listen": ctx.listen("http"),
        "flow": flow[0].endpoint,
        "server": database[0].endpoint,
        "database": needed,
        # With a job's logs it would have a shell for all who reach its page.
        "logs": f"{ctx.data}/none/",
    }
    asked = (own.host, str(own.port))
    return running(
        ctx,
        PROGRAM,
        FileSpec(conf, "board/v1_4/application.properties.j2", values),
        edges=(*flow, *database),
        probes=(
            question(STATE, "v1_4/probe_state.py", *asked, timeout=30),
            question(FLOW, PROGRAM.flow_script, *asked, str(flow[0].endpoint), timeout=60, carries=PADDING),
            question(DATABASE, "v1_4/probe_database.py", conf, timeout=15, carries=ROWS_PADDING),
        ),
        facts={"works": "FATEBoard's own answers", "flow": str(flow[0].endpoint)},
        page=Page("http"),
    )
