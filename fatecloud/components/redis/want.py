"""The desired state of one Redis on its node."""

from __future__ import annotations

from fatecloud.components.question import question
from fatecloud.components.sizing import figure
from fatecloud.model.context import Context
from fatecloud.model.needs import MIB, Figure, Needs
from fatecloud.model.service import FileSpec, PortUse, Process
from fatecloud.model.wanted import ANYWHERE, Wanted

PROGRAM = "/usr/bin/redis-server"


def want(ctx: Context) -> Wanted:
    """Files, process and probe of a Redis. Pure."""
    conf, data = f"{ctx.home}/conf/redis.conf", f"{ctx.data}/db"
    here = ctx.listen("redis").host
    values = {
        "stamp": ctx.id.stamp,
        "bind": here,
        "port": ctx.port("redis"),
        "data": data,
        "memory": ctx.config["memory"],
        "eviction": ctx.config["eviction"],
        "password": ctx.secret("redis.password"),
    }
    own = ctx.own("redis")
    return Wanted(
        # It writes what it keeps to its disk before it ends.
        process=Process(argv=(PROGRAM, conf), directory=ctx.home, stop_timeout=120, console=ctx.console),
        files=(FileSpec(conf, "redis/redis.conf.j2", values),),
        directories={data: 0o750},
        probes=(question("redis.login", "probe_login.py", own.host, str(own.port), conf, data, timeout=20),),
        readiness="redis.login",
        readiness_deadline=180,
        callers={"redis": ANYWHERE} if ctx.config["bind"] else {},
        ports=(PortUse("redis", ctx.port("redis"), here),),
        # While it writes its file from scratch, a forked copy holds what changes meanwhile.
        needs=Needs(
            (
                figure(ctx, "what it keeps", "memory", "the default"),
                Figure("a copy of it", ctx.config["memory"], "bytes", "while it writes its file from scratch"),
                Figure("beside both", 64 * MIB, "bytes", "the server itself"),
            ),
            disk=3 * ctx.config["memory"] + 256 * MIB,
        ),
    )
