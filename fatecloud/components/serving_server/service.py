"""The desired state of one server of Serving on its node, in each of its generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fatecloud.components.java import Jvm
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.serving_server.callers import networks_of
from fatecloud.components.serving_server.messages import PADDING
from fatecloud.components.serving_server.probe_redis import INFO_LENGTH
from fatecloud.components.serving_server.registry import BOUND, COMPONENTS, HOSTED
from fatecloud.components.serving_server.registry import SERVER as REGISTERED
from fatecloud.components.serving_server.sample import HOST_FEATURES
from fatecloud.components.serving_server.sources import source_of
from fatecloud.components.serving_server.want import (
    EVERYWHERE,
    LEFT,
    OUT,
    PROXY,
    REDIS,
    SERVER,
    STATE,
    STEP,
    STORE,
    asks,
    load_question,
    registry_edges,
    registry_question,
    registry_values,
    settings_question,
    shown_address,
)
from fatecloud.model.context import Context
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.service import Drain, FileSpec, LogFile, PortUse, Process
from fatecloud.model.steps import numbers
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(8, 256 * MIB, 4096 * MIB), direct=Share(16, 64 * MIB, 1024 * MIB))
"""It was seen to take 250 to 320 MiB in all, with one small model. Upstream sets no heap."""
POOL = "ServingServer"
"""How the names of its threads for requests begin."""


@dataclass(frozen=True, slots=True)
class Program:
    """What differs between the generations of the server."""

    main: str
    template: str
    state: str
    """Script that asks it, below the component's package."""
    single: Mapping[str, str]
    """Source of features -> class that gives those of one request."""
    batch: Mapping[str, str] = field(default_factory=dict)
    """The same for many requests at once."""
    classes: tuple[str, ...] = ()
    """Directories of its tree with more classes."""
    takes_file: bool = False
    """Whether it gets the path of its settings as an argument."""
    components: bool = True
    """Whether it registers itself as a component, beside what it offers."""
    rolling: str = ""
    """Script that makes other servers do its work while it is away; empty where it has no means for that."""
    http_since: str = ""
    """Version from which on it opens its port for HTTP, whatever its settings say."""
    needs_redis: bool = False
    """Whether it always keeps results in Redis."""
    lists: bool = True
    """Whether it can be asked for its models; else they are read from its own record."""


def server(ctx: Context, program: Program) -> Wanted:
    """Files, process, edges and probes of a server. Pure."""
    tree, version = ctx.tree(SERVER), ctx.release.packages[SERVER].version
    conf = f"{tree}/conf/serving-server.properties"
    keeping = program.needs_redis or keeps_results(ctx)
    stores = edges_to(ctx, "redis", "redis", "redis", probe=REDIS) if keeping else ()
    own, source = ctx.own("grpc"), ctx.config["features.source"]
    more = (f"{tree}/{name}/*" for name in program.classes)
    classpath = (f"{tree}/conf/", f"{tree}/lib/*", *more, f"{tree}/fate-{SERVER}-{version}.jar")
    arguments = ("-c", conf) if program.takes_file else ()
    start = JVM.launch(ctx, program.main, classpath, arguments, {"spring.config.location": conf})
    http = bool(program.http_since) and numbers(version) >= numbers(program.http_since)
    record = () if program.lists else (ctx.data,)
    registered = (REGISTERED, *([f"{COMPONENTS}/serving"] if program.components else []))
    values = {
        **_settings(ctx, program, source),
        "http": ctx.port("http") if http else None,
        "keeping": keeping,
        "redis": stores[0].endpoint if stores else None,
        "redis_password": ctx.secret("redis.password", of="redis"),
    }
    drain = _drain(ctx, program, conf)
    features = FileSpec(f"{tree}/host_data.csv", "serving-server/features.csv.j2", {"features": HOST_FEATURES})
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=start.environment,
            # It finds its logs and its sample of features from here.
            directory=tree,
            console=ctx.console,
            networks=networks_of(ctx),
        ),
        files=(
            FileSpec(conf, program.template, values),
            *((features,) if source == "sample" else ()),
        ),
        directories=start.directories,
        edges=(
            *registry_edges(ctx),
            *stores,
            # Soft: it starts without, and the proxy needs its servers first.
            *edges_to(ctx, PROXY, "intra", "proxy", probe=OUT, hard=False),
        ),
        probes=(
            question(STATE, program.state, own.host, str(own.port), *record, timeout=25),
            registry_question(ctx, conf, *registered, BOUND, HOSTED),
            *([question(STORE, "v2/probe_store.py", ctx.data, str(own), timeout=30)] if program.lists else []),
            *([drain.left] if drain else []),
            load_question(f"{ctx.logs}/{SERVER}/fate-{SERVER}.log", program.main, POOL, 0),
            settings_question(conf, *(f"{tree}/{name}" for name in (*program.classes, "lib")), tree),
            *(
                question(
                    REDIS,
                    "probe_redis.py",
                    conf,
                    e.endpoint.host,
                    str(e.endpoint.port),
                    timeout=25,
                    carries=INFO_LENGTH,
                )
                for e in stores
            ),
            *asks(ctx, OUT, "probe_proxy.py", PROXY, "intra", PADDING),
        ),
        logs=(
            LogFile(f"{ctx.logs}/{SERVER}/fate-{SERVER}.log", levels=True),
            LogFile(f"{ctx.logs}/{SERVER}/fate-{SERVER}-error.log", levels=True),
            LogFile(ctx.console),
        ),
        readiness=STATE,
        # With five JVMs at once on two cores, 110 s were seen.
        readiness_deadline=240,
        drain=drain,
        ports=(
            PortUse("grpc", ctx.port("grpc"), EVERYWHERE),
            *((PortUse("http", ctx.port("http"), ctx.listen("http").host),) if http else ()),
        ),
        facts={
            "registers": dict.fromkeys(registered, shown_address(ctx, "grpc")),
            "own": str(own),
            "lists": program.lists,
            "keeping": {"keeps": keeping, "seconds": ctx.config["cache.seconds"], "conf": conf},
            "requests": f"{ctx.logs}/{SERVER}/flow.log",
            "features": source,
        },
        callers={"grpc": (ctx.config["flow"].host,)} if ctx.config["flow"] else {},
        trees=(TreeUse(SERVER, writes={"logs": f"{ctx.logs}/{SERVER}", ".fate": f"{ctx.data}/.fate"}),),
        needs=start.needs,
        residues=(
            *start.residues,
            residue(ctx, f"{ctx.logs}/{SERVER}/2*", "older logs"),
            residue(ctx, f"{ctx.data}/.fate/metric/*", "counts of requests"),
        ),
    )


def _drain(ctx: Context, program: Program, conf: str) -> Drain | None:
    """With the other servers of its owner. By its address it knows itself in the registry."""
    shown, own = shown_address(ctx, "grpc"), ctx.own("grpc")
    if not program.rolling or not shown or len(ctx.services(SERVER)) < 2:  # noqa: PLR2004 - itself, and another one
        return None
    members = map(str, ctx.endpoints("zookeeper", "client"))
    arguments = (conf, shown, str(own), ctx.data, *members)
    leave, join = (
        question(f"{SERVER}.{what}", program.rolling, what, *arguments, timeout=60) for what in ("leave", "join")
    )
    left = question(LEFT, program.rolling, "left", *arguments, timeout=25)
    # With proxies that are away, and models that take long to load.
    return Drain(leave, join, left, deadline=180)


def _settings(ctx: Context, program: Program, source: str) -> dict[str, Any]:
    timeout = _timeout(ctx)
    return {
        "stamp": ctx.id.stamp,
        "port": ctx.port("grpc"),
        "data": ctx.data,
        "registry": registry_values(ctx),
        "single": ctx.config["features.class"] or program.single.get(source),
        "batch": ctx.config.get("features.batch_class") or program.batch.get(source),
        "url": ctx.config.get("features.url"),
        "flow": source_of(ctx),
        "timeout": timeout,
        "seconds": ctx.config["cache.seconds"],
        "most": ctx.config.get("batch.most"),
        "queue": ctx.config.get("queue"),
    }


def keeps_results(ctx: Context) -> bool:
    """Whether it keeps what other parties answer."""
    given = ctx.config.get("cache.results")
    return bool(ctx.services("redis")) if given is None else bool(given)


def _timeout(ctx: Context) -> int:
    """Milliseconds that it waits for another party: longer than its proxy does."""
    proxies = ctx.services(PROXY)
    owner = ctx.cluster.owners[proxies[0].owner] if proxies else ctx.owner
    return int(owner.settings(PROXY, proxies[0].node)["timeout"]) + STEP if proxies else 3 * STEP
