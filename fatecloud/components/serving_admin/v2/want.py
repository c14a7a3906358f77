"""The desired state of one admin of Serving on its node."""

from __future__ import annotations

from fatecloud.components.java import Jvm
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.serving_server.callers import networks_of
from fatecloud.components.serving_server.messages import PADDING
from fatecloud.components.serving_server.registry import COMPONENTS
from fatecloud.components.serving_server.want import (
    ADMIN,
    OUT,
    PROXY,
    SERVER,
    SERVERS,
    asks,
    registry_edges,
    registry_question,
    registry_values,
    settings_question,
    shown_address,
)
from fatecloud.model.context import Context
from fatecloud.model.endpoint import LOOPBACK
from fatecloud.model.layout import started_of
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.service import FileSpec, LogFile, Page, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(16, 256 * MIB, 1024 * MIB), direct=Share(64, 64 * MIB, 256 * MIB))
"""It was seen to take 290 MiB in all. Upstream sets no heap."""
MAIN = "com.webank.ai.fate.serving.admin.Bootstrap"
LOGIN = "serving-admin.login"
STATE = f"{ADMIN}.state"


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of an admin. Pure."""
    tree, version = ctx.tree(ADMIN), ctx.release.packages[ADMIN].version
    conf = f"{tree}/conf/application.properties"
    classpath = (f"{tree}/conf/", f"{tree}/lib/*", f"{tree}/fate-{ADMIN}-{version}.jar")
    start = JVM.launch(ctx, MAIN, classpath, properties={"spring.config.location": conf})
    values = {
        "stamp": ctx.id.stamp,
        "listen": ctx.listen("http"),
        "registry": registry_values(ctx),
        "account": ctx.config["account"],
        "password": ctx.secret(LOGIN),
        "seconds": ctx.config["session.seconds"],
    }
    own, loopback = ctx.own("http"), ctx.listen("http").host == LOOPBACK
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=start.environment,
            # It finds its logs from here.
            directory=tree,
            console=ctx.console,
            # The inventory does not say where people come from.
            networks=networks_of(ctx) if loopback else (),
        ),
        files=(FileSpec(conf, "serving-admin/v2/application.properties.j2", values),),
        directories=start.directories,
        edges=(
            *registry_edges(ctx),
            # Soft: its page works without them, and shows what is registered.
            *edges_to(ctx, SERVER, "grpc", "server", probe=SERVERS, hard=False),
            *edges_to(ctx, PROXY, "intra", "proxy", probe=OUT, hard=False),
        ),
        probes=(
            question(STATE, "v2/probe_state.py", conf, own.host, str(own.port), started_of(ctx.home), timeout=30),
            registry_question(ctx, conf, f"{COMPONENTS}/admin"),
            settings_question(conf),
            *asks(ctx, SERVERS, "v2/probe_servers.py", SERVER, "grpc", PADDING),
            *asks(ctx, OUT, "probe_proxy.py", PROXY, "intra", PADDING),
        ),
        logs=(
            LogFile(f"{ctx.logs}/{ADMIN}/fate-{ADMIN}.log", levels=True),
            LogFile(f"{ctx.logs}/{ADMIN}/fate-{ADMIN}-error.log", levels=True),
            LogFile(ctx.console),
        ),
        readiness=STATE,
        readiness_deadline=240,
        ports=(PortUse("http", ctx.port("http"), ctx.listen("http").host),),
        facts={
            "account": ctx.config["account"],
            "registers": {f"{COMPONENTS}/admin": shown_address(ctx, "http")},
            "own": str(own),
        },
        page=Page("http", ctx.config["account"], ctx.secret(LOGIN)),
        trees=(TreeUse(ADMIN, writes={"logs": f"{ctx.logs}/{ADMIN}", ".fate": f"{ctx.data}/.fate"}),),
        needs=start.needs,
        residues=(*start.residues, residue(ctx, f"{ctx.logs}/{ADMIN}/2*", "older logs")),
    )
