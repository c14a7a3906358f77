"""The desired state of one broker on its node."""

from __future__ import annotations

from fatecloud.components.neighbours import edges_to_others, routes
from fatecloud.components.networks import networks_with_partners
from fatecloud.components.question import question
from fatecloud.components.rabbitmq.probe_peers import PADDING
from fatecloud.model.context import Context
from fatecloud.model.routes import DEFAULT
from fatecloud.model.service import FileSpec, Objects, PortUse, Process
from fatecloud.model.wanted import Wanted

NOISE = (
    r"\[info\] <[\d.]+> (?:accepting|closing) AMQP connection",
    r"\[info\] .*authenticated and granted access to vhost",
    r"\[info\] .*(?:Created|Deleted) user '\d+_\w+'",
    r"\[info\] .*(?:changed password for|set user tags for|set permissions for) user '\d+_\w+'",
    r"\[info\] .*Closing all connections from user '\d+_\w+' because it's being deleted",
)
"""Log lines of every connection, fatecloud's probes included, and of each task's handling of its own user."""
ACCOUNT, MONITOR = "fate", "fatecloud"
PEERS = "rabbitmq.peers"
PROGRAMS = "/usr/lib/rabbitmq/bin"
PLUGINS = ("rabbitmq_management", "rabbitmq_federation", "rabbitmq_federation_management")
_LOOPBACK = "127.0.0.1"


def want(ctx: Context) -> Wanted:
    """Files, process, edges, probe and objects of a broker. Pure."""
    definitions = f"{ctx.home}/conf/definitions.json"
    # Beside the data, so that a restored or new broker has its objects applied again.
    applied = f"{ctx.data}/objects.applied"
    values = {
        "stamp": ctx.id.stamp,
        "home": ctx.home,
        "data": ctx.data,
        "logs": ctx.logs,
        "programs": PROGRAMS,
        "node_name": f"fatecloud-{ctx.id.slug}@localhost",
        "user": ctx.user,
        "supervised": ctx.node.supervision == "supervisor",
        "bind": ctx.listen("amqp").host,
        "management_bind": ctx.listen("management").host,
        "amqp_port": ctx.port("amqp"),
        "management_port": ctx.port("management"),
        "dist_port": ctx.port("dist"),
        "epmd_port": ctx.port("epmd"),
        "disk_free_limit": ctx.config["disk_free_limit"],
        "plugins": PLUGINS,
        "definitions": definitions,
        "applied": applied,
        "account": ACCOUNT,
        "password": ctx.secret("rabbitmq.flow"),
        "monitor": MONITOR,
        "monitor_password": ctx.secret("rabbitmq.monitor"),
        "cookie": ctx.secret("rabbitmq.cookie"),
    }

    def file(path: str, template: str, mode: int = 0o640, *, restarts: bool = True) -> FileSpec:
        return FileSpec(f"{ctx.home}/{path}", f"rabbitmq/{template}.j2", values, mode=mode, restarts=restarts)

    # Erlang refuses a cookie that anyone but its owner can read, so this one file is the service's own.
    cookie = FileSpec(f"{ctx.home}/.erlang.cookie", "rabbitmq/cookie.j2", values, mode=0o400, owner="service")

    return Wanted(
        process=Process(
            argv=(f"{ctx.home}/bin/serve",),
            directory=ctx.home,
            stop_timeout=120,
            console=ctx.console,
            networks=networks_with_partners(ctx, "broker", ("flow",)),
        ),
        files=(
            file("conf/rabbitmq.conf", "rabbitmq.conf"),
            file("conf/rabbitmq-env.conf", "rabbitmq-env.conf"),
            file("conf/enabled_plugins", "enabled_plugins"),
            file("conf/definitions.json", "definitions.json", restarts=False),
            cookie,
            file("bin/environment", "environment.sh"),
            file("bin/serve", "serve.sh", 0o750),
            file("bin/rabbitmqctl", "rabbitmqctl.sh", 0o750, restarts=False),
            file("bin/objects", "objects.sh", 0o750, restarts=False),
        ),
        directories={f"{ctx.data}/mnesia": 0o750},
        edges=edges_to_others(ctx, "rabbitmq", "broker", probe=PEERS),
        probes=(
            question(
                "rabbitmq.admin",
                "probe_admin.py",
                ctx.own("management").host,
                str(ctx.port("management")),
                definitions,
                timeout=25,
            ),
            question(
                PEERS,
                "probe_peers.py",
                *(f"{party}={endpoint}" for party, endpoint in sorted(routes(ctx, "broker").items())),
                timeout=18,
                early=True,
                carries=PADDING,
            ),
        ),
        readiness="rabbitmq.admin",
        readiness_deadline=240,
        objects=Objects(f"{ctx.home}/bin/objects", (definitions,), applied),
        ports=(
            PortUse("amqp", ctx.port("amqp"), ctx.listen("amqp").host, peers=True),
            PortUse("management", ctx.port("management"), ctx.listen("management").host),
            PortUse("dist", ctx.port("dist"), _LOOPBACK),
            # See `environment.sh`: an old port mapper has to listen on all addresses where IPv6 is switched off.
            PortUse("epmd", ctx.port("epmd"), _LOOPBACK, strict=False),
        ),
        facts={"account": ACCOUNT, "monitor": MONITOR, "plugins": PLUGINS, "noise": NOISE},
        takes={"amqp": DEFAULT},
    )
