"""What can be wrong between the brokers of two parties: the route without a job, and a running job's links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fatecloud.components.judging import answer_of, finding, logs
from fatecloud.components.party_routes import BLOCKED, Route, blocked, party_of, routes_to_parties
from fatecloud.components.rabbitmq.want import PEERS
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Run, look

PATIENCE = 45.0
"""Seconds after the start of its task from which a link's error counts; it tries again every 5 s."""
START_PATIENCE = 180.0
"""Seconds that the other side may take to start its own task: until then its broker lacks the task's account and
refuses the link, or the link has not begun. On a busy machine more than a minute was seen."""
_NOT_STARTED = ("auth_failure", "access_refused")
_NO_VHOST = "not_allowed"
"""A login that worked, into a vhost that is not there. FATE makes the vhost for a partner when that task first sends
to it or fetches from it: in a long job after minutes or hours, so this does not indicate a fault."""

UNREACHABLE = Code(
    "RABBITMQ_PEER_UNREACHABLE", "critical", "Another party's broker cannot be reached.", ("broker",), outward=True
)
REFUSED = Code(
    "RABBITMQ_PEER_REFUSED",
    "critical",
    "The connection to another party's broker is refused or broken off.",
    ("broker",),
    outward=True,
)
SILENT = Code(
    "RABBITMQ_PEER_SILENT",
    "critical",
    "Another party's broker accepts the connection but does not answer.",
    ("broker",),
    outward=True,
)
NOT_AMQP = Code(
    "RABBITMQ_PEER_NOT_AMQP",
    "critical",
    "What answers at another party's endpoint is not a broker.",
    ("broker",),
    outward=True,
)
PEER_CODES = (UNREACHABLE, REFUSED, SILENT, NOT_AMQP)
LINK_DOWN = Code(
    "RABBITMQ_LINK_DOWN",
    "critical",
    "A running task's link to another party's broker does not work.",
    ("broker", *(code.name for code in PEER_CODES)),
    outward=True,
)

VERSION = Code(
    "RABBITMQ_PEER_VERSION",
    "warning",
    "Another party's broker is of a version that may not pass messages to ours.",
    outward=True,
)
_SERIES = re.compile(r"(\d{1,3})\.(\d{1,3})")
_FAR_APART = (((3, 13), (4, 0)), ((3, 9), (3, 13)))
"""Series: a broker below the first and one from the second on. Their links say that they run, and no message passes:
seen with 3.8.9 and 4.0.5, reported for 3.8.9 and 3.13.7 (rabbitmq-server, issue 13749)."""

_BY_KIND = {"refused": REFUSED, "reset": REFUSED, "silent": SILENT, "large": SILENT, "foreign": NOT_AMQP}
_CAUSE = {
    UNREACHABLE: BLOCKED,
    REFUSED: "the other broker is down or listens on another port, or a firewall refuses the connection",
    SILENT: "large packets are lost on the route (MTU), a device in between answers instead, or the broker hangs",
    NOT_AMQP: "the endpoint leads to another service or port than the broker's",
}


@service_check(*PEER_CODES, component="rabbitmq")
def peers(view: ServiceView) -> Iterator[Finding]:
    """Every other party's broker answers a handshake from this broker's node: federation takes the same route."""
    if not any(edge.kind == "broker" for edge in view.service.edges):
        return
    found = [route for route in routes_to_parties(view, PEERS, "broker") if not route.answer["ok"]]
    for code in PEER_CODES:
        wrong = [
            (route, str(route.answer["error"]))
            for route in found
            if _BY_KIND.get(route.answer["kind"], UNREACHABLE) is code
        ]
        yield from blocked(
            view,
            code,
            wrong,
            PEERS,
            cause=_CAUSE[code],
            remedy=tuple(one for route, _ in wrong for one in (_try(view, route), _owner(route))),
            expected="a broker's greeting (AMQP 0-9-1, Connection.Start)",
        )


@service_check(VERSION, component="rabbitmq", after=("RABBITMQ_API_DOWN", "RABBITMQ_MONITOR_MISSING"))
def versions(view: ServiceView) -> Iterator[Finding]:
    """No broker federates with one of a series so far from its own that messages may not pass."""
    own = str(answer_of(view, "rabbitmq.admin")["version"])
    routes = [route for route in routes_to_parties(view, PEERS, "broker") if route.answer["ok"]]
    yield from blocked(
        view,
        VERSION,
        [
            (route, f"RabbitMQ {there} there, {own} here")
            for route in routes
            if _too_different(own, there := str(route.answer.get("version", "")))
        ],
        PEERS,
        cause="between series so far apart, links were seen running while no message passed, so that jobs hang",
        remedy=(
            Ask("the other party", "agree on one series, or on two that are close"),
            look("fatecloud test toy"),
        ),
        expected="two series that are close, such as 3.10 and 3.12, or 3.13 and 4.0",
    )


def _too_different(one: str, other: str) -> bool:
    series = [tuple(map(int, found.groups())) for text in (one, other) if (found := _SERIES.match(text))]
    return len(series) > 1 and any(min(series) < below and max(series) >= above for below, above in _FAR_APART)


def _try(view: ServiceView, route: Route) -> Run:
    """The same handshake by hand."""
    host, port = route.edge.endpoint.host, route.edge.endpoint.port
    handshake = f'exec 3<>/dev/tcp/{host}/{port}; printf "AMQP\\x00\\x00\\x09\\x01" >&3; head -c 40 <&3'
    return look(f"timeout 5 bash -c '{handshake}'", view.facts.node)


def _owner(route: Route) -> Ask:
    return Ask(f"party {route.party}", f"is its broker at {route.edge.endpoint}, and is the route open in between?")


@service_check(
    LINK_DOWN, component="rabbitmq", after=("RABBITMQ_API_DOWN", "RABBITMQ_USER_MISSING", "RABBITMQ_USER_RIGHTS")
)
def links(view: ServiceView) -> Iterator[Finding]:
    """Every federation link of a running task runs; a task that has just begun does not count."""
    answer = answer_of(view, "rabbitmq.admin")
    if answer["links"] is None:
        raise FactAbsent(f"probe rabbitmq.admin of {view.service.id.key}: {answer['links_error']}")
    down = [link for link in answer["links"] if _is_down(link)]
    if not down:
        return
    by_endpoint = {str(edge.endpoint): edge for edge in view.service.edges if edge.kind == "broker"}
    # An endpoint that no edge has belongs to no party: then nothing else explains the finding.
    about = [
        f"{party_of(by_endpoint[link['endpoint']].target)}/" if link["endpoint"] in by_endpoint else link["endpoint"]
        for link in down
    ]
    yield finding(
        view,
        LINK_DOWN,
        "; ".join(dict.fromkeys(_sentence(view, link, by_endpoint) for link in down)),
        "rabbitmq.admin",
        cause="the route to the other broker is closed, or the task's account there is missing",
        remedy=(
            logs(view, "ederation"),
            Ask("who submitted the job", "stop it, and submit it again when the route is repaired"),
        ),
        expected="every link of a running task in state running",
        got=", ".join(sorted({link["status"] for link in down})),
        evidence=tuple(
            f"vhost {link['vhost']}, {link['queue']}: {link['status']} {link['error']}" for link in down[:10]
        ),
        about=" ".join(dict.fromkeys(about)),
    )


def _is_down(link: dict[str, Any]) -> bool:
    # Without a task that is connected, the vhost is left over from a job that was killed: its links no longer matter.
    error = link["error"].lower()
    if link["connected"] is None or _NO_VHOST in error:
        return False
    # Until the other side's task has started, its broker has no account for the link.
    may_be_starting = not error or any(word in error for word in _NOT_STARTED)
    return bool(link["connected"] > (START_PATIENCE if may_be_starting else PATIENCE))


def _sentence(view: ServiceView, link: dict[str, Any], by_endpoint: dict[str, Any]) -> str:
    edge = by_endpoint.get(link["endpoint"])
    target = edge.target if edge else "an unknown party"
    error = f": {link['error']}" if link["error"] else ""
    return (
        f"{view.service.id.key} <- {target} at {link['endpoint']}, task {link['vhost']}: "
        f"{link['status']} after {link['connected']:.0f} s{error}"
    )
