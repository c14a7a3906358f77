"""The desired state of one database service on its node."""

from __future__ import annotations

import re

from fatecloud.components.mysql.database import Database, statements
from fatecloud.components.question import question
from fatecloud.components.sizing import figure
from fatecloud.model.context import Context
from fatecloud.model.needs import Figure, Needs
from fatecloud.model.service import FileSpec, Objects, PortUse, Process
from fatecloud.model.wanted import Wanted

BESIDE = 256 << 20
"""Bytes that a server takes beside its buffer pool, with the connections of one flow."""


def want(ctx: Context) -> Wanted:
    """Files, process, probe and objects of a database server. Pure."""
    databases = ctx.contributions(Database)
    places = {
        "conf": f"{ctx.home}/conf/my.cnf",
        "datadir": f"{ctx.data}/db",
        "tmpdir": f"{ctx.data}/temporary",
        "run": f"{ctx.home}/run",
        "socket": f"{ctx.home}/run/mysqld.sock",
        "pid_file": f"{ctx.home}/run/mysqld.pid",
        "sql": f"{ctx.home}/conf/objects.sql",
        # Beside the data, so that a restored or new database has its objects applied again.
        "applied": f"{ctx.data}/objects.applied",
    }
    values = {
        **places,
        "stamp": ctx.id.stamp,
        "user": ctx.user,
        "bind": ctx.listen("mysql").host,
        "port": ctx.port("mysql"),
        "max_connections": ctx.config["max_connections"],
        "buffer_pool": ctx.config["buffer_pool"],
    }

    def script(name: str, *, restarts: bool) -> FileSpec:
        return FileSpec(f"{ctx.home}/bin/{name}", f"mysql/{name}.sh.j2", values, mode=0o750, restarts=restarts)

    return Wanted(
        needs=Needs(
            (
                figure(ctx, "buffer pool", "buffer_pool", "the default"),
                Figure("beside it", BESIDE, "bytes", "the server, with the connections of one flow"),
            )
        ),
        process=Process(
            argv=(f"{ctx.home}/bin/serve",),
            directory=ctx.home,
            # InnoDB writes its changed pages before it ends; killed in between, it has to recover at the next start.
            stop_timeout=300,
            pre=((f"{ctx.home}/bin/initialize",),),
            console=ctx.console,
        ),
        files=(
            FileSpec(places["conf"], "mysql/my.cnf.j2", values),
            statements(places["sql"], ctx.id.stamp, databases),
            script("initialize", restarts=False),
            script("serve", restarts=True),
            script("objects", restarts=False),
        ),
        directories={places["tmpdir"]: 0o750},
        probes=(
            question(
                "mysql.admin",
                "probe_admin.py",
                places["socket"],
                ctx.user,
                *(f"{one.name}={one.account}" for one in databases if not one.joined),
                *(f"{one.account}@{one.name}" for one in databases if one.joined),
                timeout=20,
            ),
        ),
        readiness="mysql.admin",
        readiness_deadline=180,
        objects=Objects(
            f"{ctx.home}/bin/objects",
            (places["sql"],),
            places["applied"],
            tuple(claim for one in databases for claim in one.claims),
            listed_by="mysql.admin",
        ),
        ports=(PortUse("mysql", ctx.port("mysql"), ctx.listen("mysql").host),),
        facts={"databases": [one.shown for one in databases], "noise": tuple(_noise(one) for one in databases)},
    )


def _noise(one: Database) -> str:
    """A harmless line of the log: processes of flow's tasks end without closing their connections."""
    who = rf"db: '{re.escape(one.name)}' user: '{re.escape(one.account)}'"
    return rf"\[Warning\] Aborted connection \d+ to {who} .*\(Got an error reading communication packets\)"
