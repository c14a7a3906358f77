"""What can be wrong with Serving's services: what is the same for several of them, and what is so for a server.

A check with a probe judges every service that has the probe: servers, proxies and the admin register and reach each
other in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.judging import answer_of, finding, logs, reached_again, verb
from fatecloud.components.serving_server.check_left import takes_part
from fatecloud.components.serving_server.check_load import takes_requests
from fatecloud.components.serving_server.check_models import alike, answered, back, kept, registered_models
from fatecloud.components.serving_server.check_settings import class_there, forgets, mock, readable
from fatecloud.components.serving_server.exposures import exposures
from fatecloud.components.serving_server.want import OUT, REDIS, REGISTRY, SERVERS, STATE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Run, administrator, logs_of_service, look

__all__ = [
    "alike",
    "answered",
    "back",
    "class_there",
    "exposures",
    "forgets",
    "kept",
    "mock",
    "proxies",
    "readable",
    "redis",
    "registered",
    "registered_models",
    "registry",
    "servers",
    "takes_part",
    "takes_requests",
    "usable",
]

UNUSABLE = Code(
    "SERVING_SERVER_UNUSABLE",
    "critical",
    "What answers on the port of Serving's server does not work as one.",
    ("registry", "redis", "node", "SERVING_REDIS_DOWN"),
    away=True,
)
REGISTRY_DOWN = Code(
    "SERVING_REGISTRY_DOWN", "critical", "A service of Serving cannot use ZooKeeper.", ("registry", "node")
)
UNREGISTERED = Code(
    "SERVING_UNREGISTERED",
    "critical",
    "A service of Serving runs and is not registered in ZooKeeper, so that the others do not find it.",
    ("registry", "node"),
)
ADDRESS_WRONG = Code(
    "SERVING_ADDRESS_WRONG",
    "critical",
    "A service of Serving is registered in ZooKeeper under another address than its node's.",
    ("node",),
)
REDIS_DOWN = Code(
    "SERVING_REDIS_DOWN",
    "critical",
    "Serving's server cannot use Redis, so that it refuses every request.",
    ("redis", "node"),
)
SERVER_DOWN = Code(
    "SERVING_SERVER_DOWN", "critical", "A service of Serving gets no answer from a server.", ("server", "node")
)
PROXY_DOWN = Code(
    "SERVING_PROXY_DOWN", "critical", "A service of Serving gets no answer from its proxy.", ("proxy", "node")
)
HANGS = ("timeout", "silent", "unanswered", "refused", "reset")
"""Kinds of answers that are for the checks of every service."""


@service_check(UNUSABLE, component="serving-server", after=("SERVICE_HUNG",))
def usable(view: ServiceView) -> Iterator[Finding]:
    """It answers as Serving's server does."""
    answer = answer_of(view, STATE)
    if answer["ok"] or answer["kind"] in HANGS:
        return
    starting = answer["kind"] == "starting"
    yield finding(
        view,
        UNUSABLE,
        str(answer["error"]),
        STATE,
        cause="it opened its port and has no ZooKeeper, which it looks for only when it starts"
        if starting
        else "another program has its port, or it is of another version",
        remedy=(verb(view, "restart"), logs(view))
        if starting
        else (look("fatecloud preflight"), verb(view, "restart")),
        expected="a list of models",
        got=str(answer["kind"]),
    )


@service_check(REGISTRY_DOWN, probe=REGISTRY)
def registry(view: ServiceView) -> Iterator[Finding]:
    """ZooKeeper answers from here, and takes its login."""
    answer = answer_of(view, REGISTRY)
    edges = [edge for edge in view.service.edges if edge.kind == "registry"]
    silent = [(edge, found) for edge in edges if not (found := answer["peers"].get(_node(edge.target), {})).get("ok")]
    for edge, found in silent:
        error = found.get("error", "it was not asked")
        said = finding(
            view,
            REGISTRY_DOWN,
            f"{edge.target} at {edge.endpoint}: {error}",
            REGISTRY,
            cause="it is down or frozen, or a firewall blocks the connection",
            remedy=(*reached_again(view, edge.kind, edge.target), look(f"fatecloud check {edge.target}")),
            expected="ZooKeeper's answer",
            got=str(found.get("kind", "nothing")),
            about=edge.target,
        )
        # The others of the ensemble do its work.
        yield said if len(silent) == len(edges) else replace(said, severity="warning")
    if not silent and not answer["ok"]:
        yield finding(
            view,
            REGISTRY_DOWN,
            f"ZooKeeper answers, and its tree cannot be read: {answer['error']}",
            REGISTRY,
            cause="the service's own settings were changed by hand, or are missing"
            if answer["kind"] == "config"
            else "its tree belongs to another account or password than this service has",
            remedy=(look(f"fatecloud check {edges[0].target}"), *PUT_BACK),
            expected="what is registered",
            got=str(answer["kind"]),
            about=" ".join(edge.target for edge in edges),
        )


@service_check(
    UNREGISTERED,
    ADDRESS_WRONG,
    probe=REGISTRY,
    after=(
        "SERVICE_HUNG",
        "SERVICE_STOPPED",
        "SERVICE_FAILED",
        "SERVICE_CRASHED",
        "SERVICE_RESTARTING",
        REGISTRY_DOWN.name,
    ),
)
def registered(view: ServiceView) -> Iterator[Finding]:
    """It is registered, under its node's address."""
    answer = answer_of(view, REGISTRY)
    if not answer["ok"]:
        return
    port = view.service.facts["own"].rpartition(":")[2]
    for path, wanted in view.service.facts["registers"].items():
        found = answer["found"].get(path, [])
        others = [where for where in found if _could_be_ours(view, where, port)]
        # Of a node that the inventory has by name, any address will do.
        if wanted in found if wanted else any(where.rpartition(":")[0] for where in others):
            continue
        if others:
            yield finding(
                view,
                ADDRESS_WRONG,
                f"it is registered as {', '.join(others)} at {path}",
                REGISTRY,
                cause="it takes the first address that its node's name resolves to there, else that of a network card",
                remedy=(
                    administrator(
                        view.facts.node,
                        f"let the node's own name resolve to {wanted.rpartition(':')[0] or 'its address'} "
                        "in /etc/hosts",
                    ),
                    replace(verb(view, "restart"), when="once it does"),
                ),
                expected=wanted or f"an address with port {port}",
                got=", ".join(others),
            )
        else:
            yield finding(
                view,
                UNREGISTERED,
                f"there is nothing of it at {path}",
                REGISTRY,
                cause="it lost its session and did not come back, or it is still starting",
                remedy=(verb(view, "restart"), logs(view, "regist")),
                expected=wanted or f"an address with port {port}",
                got=", ".join(found) or "nothing",
            )
        return


def _could_be_ours(view: ServiceView, where: str, port: str) -> bool:
    """Whether a leaf may be this service's: its port, at an address that is none of the others'."""
    others = {
        endpoint
        for other in view.desired.services.values()
        if other.id.key != view.service.id.key
        for endpoint in other.facts.get("registers", {}).values()
        if endpoint
    }
    host, _, number = where.rpartition(":")
    return (number == port or not host) and where not in others


@service_check(REDIS_DOWN, probe=REDIS)
def redis(view: ServiceView) -> Iterator[Finding]:
    """Redis takes the server's login from here."""
    answer = answer_of(view, REDIS)
    if not answer["ok"]:
        edge = next(edge for edge in view.service.edges if edge.kind == "redis")
        wrong = answer["kind"] == "password"
        yield finding(
            view,
            REDIS_DOWN,
            f"{edge.target} at {edge.endpoint}: {answer['error']}",
            REDIS,
            cause="one of the two has an older password, or was changed by hand"
            if wrong
            else "it is down or frozen, or a firewall blocks the connection",
            remedy=(*PUT_BACK, Run(f"fatecloud restart {view.service.id.key}"))
            if wrong
            else reached_again(view, "redis"),
            expected="a login with the password of its settings",
            got=str(answer["kind"]),
            about=edge.target,
        )


@service_check(SERVER_DOWN, probe=SERVERS)
def servers(view: ServiceView) -> Iterator[Finding]:
    """Every server answers from here."""
    yield from _silent(view, SERVER_DOWN, SERVERS, "server")


@service_check(PROXY_DOWN, probe=OUT)
def proxies(view: ServiceView) -> Iterator[Finding]:
    """The proxy answers from here."""
    yield from _silent(view, PROXY_DOWN, OUT, "proxy")


def _silent(view: ServiceView, code: Code, probe: str, kind: str) -> Iterator[Finding]:
    answers = answer_of(view, probe)["peers"]
    edges = [edge for edge in view.service.edges if edge.kind == kind]
    silent = [(edge, found) for edge in edges if not (found := answers.get(_node(edge.target), {})).get("ok")]
    for edge, found in silent:
        said = finding(
            view,
            code,
            f"{edge.target} at {edge.endpoint}: {found.get('error', 'it was not asked')}",
            probe,
            cause="it is down or frozen, or a firewall blocks the connection",
            remedy=(*reached_again(view, kind, edge.target), logs_of_service(edge.target)),
            expected=f"an answer of Serving's {kind}",
            got=str(found.get("kind", "nothing")),
            about=edge.target,
        )
        # The others do its work.
        yield said if len(silent) == len(edges) else replace(said, severity="warning")


def _node(target: str) -> str:
    return target.rpartition("@")[2]
