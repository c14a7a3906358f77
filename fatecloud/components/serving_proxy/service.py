"""The desired state of one proxy of Serving on its node, in each of its generations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.components.java import Jvm
from fatecloud.components.neighbours import edges_to
from fatecloud.components.party_tls import tls_of
from fatecloud.components.question import question
from fatecloud.components.residues import residue
from fatecloud.components.serving_proxy.partners import KIND, networks_of_partners, partner_edges, partners, party_of
from fatecloud.components.serving_proxy.shadow import request_of
from fatecloud.components.serving_server.callers import networks_of
from fatecloud.components.serving_server.messages import PADDING
from fatecloud.components.serving_server.registry import COMPONENTS
from fatecloud.components.serving_server.registry import PROXY as REGISTERED
from fatecloud.components.serving_server.registry import SERVER as SERVERS_REGISTERED
from fatecloud.components.serving_server.want import (
    EVERYWHERE,
    PROXY,
    SERVER,
    SERVERS,
    STEP,
    asks,
    load_question,
    registry_edges,
    registry_question,
    registry_values,
    settings_question,
    shown_address,
)
from fatecloud.model.context import Context
from fatecloud.model.endpoint import LOOPBACK, Endpoint
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.routes import Tls
from fatecloud.model.service import FileSpec, LogFile, NodeProbe, PortUse, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted

JVM = Jvm(heap=Share(8, 256 * MIB, 2048 * MIB), direct=Share(16, 64 * MIB, 1024 * MIB))
"""It was seen to take 280 to 300 MiB in all. Upstream sets no heap."""
MAIN = "com.webank.ai.fate.serving.proxy.bootstrap.Bootstrap"
POOL = "grpc-service"
"""How the names of its threads for packets begin."""
STATE, PEERS = f"{PROXY}.state", f"{PROXY}.peers"
TABLE, SHADOW, CERTIFICATE = f"{PROXY}.table", f"{PROXY}.shadow", f"{PROXY}.certificate"


NOISE = (r"host id is null",)
"""What it logs, with a trace, about a packet for no one, which it answers."""


@dataclass(frozen=True, slots=True)
class Program:
    """What differs between the generations of the proxy."""

    part: str
    """Directory of its templates and scripts."""
    takes_file: bool = False
    """Whether it gets the path of its settings as an argument."""
    components: bool = True
    """Whether it registers itself as a component, beside what it offers."""


def proxy(ctx: Context, program: Program) -> Wanted:
    """Files, process, edges and probes of a proxy. Pure."""
    tree, version = ctx.tree(PROXY), ctx.release.packages[PROXY].version
    conf, table = f"{tree}/conf/application.properties", f"{tree}/conf/route_table.json"
    classpath = (f"{tree}/conf/", f"{tree}/lib/*", f"{tree}/fate-{PROXY}-{version}.jar")
    arguments = ("-c", conf) if program.takes_file else ()
    start = JVM.launch(ctx, MAIN, classpath, arguments, {"spring.config.location": conf})
    registered = (REGISTERED, *([f"{COMPONENTS}/proxy"] if program.components else []))
    own, http = ctx.own("intra"), ctx.own("http")
    inter = ctx.own("inter")
    party, parties, itself = party_of(ctx.owner), routes(ctx), _itself(ctx)
    trust = tls_of(ctx)
    files, own_name = _files(trust), ctx.owner.public[KIND].host if trust else ""
    known, shadow = request_of(ctx.config), f"{ctx.home}/conf/shadow.json"
    pairs = [f"{p.owner}={p.endpoint}" for p in partners(ctx)]
    numbers = ",".join(f"{p.owner}={p.party}" for p in partners(ctx))
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=start.environment,
            # It finds its logs from here.
            directory=tree,
            console=ctx.console,
            networks=_networks(ctx),
        ),
        files=(
            FileSpec(conf, f"serving-proxy/{program.part}/application.properties.j2", _settings(ctx, table)),
            # It reads this one again within ten seconds.
            FileSpec(table, "serving-proxy/route_table.json.j2", {"table": parties}, restarts=False, kept=True),
            # What is known of a person is in no command.
            *([FileSpec(shadow, "serving-proxy/shadow.json.j2", {"request": known}, restarts=False)] if known else []),
        ),
        directories=start.directories,
        edges=(
            *registry_edges(ctx),
            *edges_to(ctx, SERVER, "grpc", "server", probe=SERVERS),
            *partner_edges(ctx, PEERS),
        ),
        probes=(
            question(
                STATE,
                "probe_state.py",
                *(str(where) for where in (http, own, inter)),
                *([",".join(files), own_name] if files else []),
                # An outer port without TLS is asked twice.
                timeout=32 if files else 25,
            ),
            registry_question(ctx, conf, *registered, SERVERS_REGISTERED),
            settings_question(conf),
            load_question(f"{ctx.logs}/{PROXY}/fate-{PROXY}.log", MAIN, POOL, ctx.config["threads"]),
            question(
                TABLE,
                "probe_table.py",
                conf,
                table,
                party,
                ",".join(itself),
                _ends(parties),
                _ends(parties, encrypted=True),
                timeout=20,
            ),
            *_certificate(trust, own_name),
            *(
                [question(SHADOW, "probe_shadow.py", str(http), shadow, table, ",".join(itself), timeout=35)]
                if known
                else []
            ),
            *asks(ctx, SERVERS, f"{program.part}/probe_servers.py", SERVER, "grpc", PADDING),
            question(
                PEERS,
                f"{program.part}/probe_peers.py",
                str(own),
                party,
                numbers,
                table,
                ",".join(itself),
                ",".join(files),
                *pairs,
                timeout=28,
                carries=PADDING,
            ),
        ),
        logs=(
            LogFile(f"{ctx.logs}/{PROXY}/fate-{PROXY}.log", levels=True),
            LogFile(f"{ctx.logs}/{PROXY}/fate-{PROXY}-error.log", levels=True),
            LogFile(ctx.console),
        ),
        readiness=STATE,
        # With five JVMs at once on two cores, 110 s were seen.
        readiness_deadline=240,
        ports=(
            PortUse("http", ctx.port("http"), ctx.listen("http").host),
            PortUse("intra", ctx.port("intra"), EVERYWHERE),
            PortUse("inter", ctx.port("inter"), EVERYWHERE, peers=True),
        ),
        facts={
            "registers": dict.fromkeys(registered, shown_address(ctx, "intra")),
            "own": str(own),
            "http": str(http),
            "requests": f"{ctx.logs}/{PROXY}/flow.log",
            "party": party,
            "shadow": {"service": known["service"], **_expected(ctx)} if known else None,
            "timeout": ctx.config["timeout"],
            "part": program.part,
            "noise": NOISE,
        },
        trees=(TreeUse(PROXY, writes={"logs": f"{ctx.logs}/{PROXY}", ".fate": f"{ctx.data}/.fate"}),),
        needs=start.needs,
        residues=(
            *start.residues,
            residue(ctx, f"{ctx.logs}/{PROXY}/2*", "older logs"),
            residue(ctx, f"{ctx.data}/.fate/metric/*", "counts of requests"),
        ),
    )


def _networks(ctx: Context) -> tuple[str, ...]:
    """Empty where applications elsewhere may use it: no one has said where those are."""
    theirs = networks_of_partners(ctx)
    if theirs is None or ctx.listen("http").host != LOOPBACK:
        return ()
    return networks_of(ctx, theirs)


def routes(ctx: Context) -> dict[str, Any]:
    """The content of its table: the own party's servers, and each other party's proxy. No entry for all others.

    Upstream ships one that leads to the proxy itself: a packet for an unknown party then goes round until it times out.
    """
    servers = [ctx.reached(server, "grpc") for server in ctx.services(SERVER)]
    here = [{"ip": where.host, "port": where.port, "useSSL": False} for where in servers]
    parties: dict[str, Any] = {party_of(ctx.owner): {"serving": here, "default": here}}
    for partner in partners(ctx):
        there = {"ip": partner.endpoint.host, "port": partner.endpoint.port, **_trusted(tls_of(ctx))}
        parties[partner.party] = {"default": [there]}
    return {"route_table": parties, "permission": {"default_allow": True}}


def _trusted(trust: Tls | None) -> dict[str, Any]:
    """How an entry of another party asks for TLS: with each of these, or the proxy sends plaintext."""
    if trust is None:
        return {"useSSL": False}
    files = {"certChainFile": trust.certificate, "privateKeyFile": trust.key, "caFile": trust.ca}
    return {"useSSL": True, "negotiationType": "TLS", **files}


def _files(trust: Tls | None) -> tuple[str, ...]:
    """As `own_tls` takes them."""
    return (trust.ca, trust.certificate, trust.key) if trust else ()


def _certificate(trust: Tls | None, host: str) -> tuple[NodeProbe, ...]:
    if trust is None:
        return ()
    files = (trust.certificate, trust.key, trust.ca)
    return (question(CERTIFICATE, "probe_certificate.py", *files, host, timeout=15, early=True),)


def _ends(table: Mapping[str, Any], *, encrypted: bool = False) -> str:
    """Party -> role -> where it leads, in JSON; `encrypted`: over TLS."""
    ends = {
        party: {
            role: [str(Endpoint(one["ip"], one["port"])) for one in ends if one["useSSL"] or not encrypted]
            for role, ends in roles.items()
        }
        for party, roles in table["route_table"].items()
    }
    return json.dumps(ends, sort_keys=True)


def _expected(ctx: Context) -> dict[str, float]:
    return {"score": ctx.config["shadow.score"], "tolerance": ctx.config["shadow.tolerance"]}


def _itself(ctx: Context) -> list[str]:
    """Under which addresses a packet comes back to this proxy."""
    hosts = (ctx.node.address, ctx.node.advertise, ctx.own("inter").host)
    return sorted({str(Endpoint(host, ctx.port(name))) for host in hosts if host for name in ("inter", "intra")})


def _settings(ctx: Context, table: str) -> dict[str, Any]:
    timeout = int(ctx.config["timeout"])
    return {
        "stamp": ctx.id.stamp,
        "party": party_of(ctx.owner),
        "http": ctx.listen("http"),
        "intra": ctx.port("intra"),
        "inter": ctx.port("inter"),
        "table": table,
        "registry": registry_values(ctx),
        "timeout": timeout,
        "inference": timeout + 2 * STEP,
        "whole": timeout + 3 * STEP,
        "threads": ctx.config["threads"],
        "queue": ctx.config["queue"],
        "tls": tls_of(ctx),
    }
