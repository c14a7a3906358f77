"""What can be wrong with an nginx."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.judging import answer_of, finding, verb
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding

ROUTE_MISSING = Code("NGINX_ROUTE_MISSING", "critical", "The running nginx has no route to a party.")
UPSTREAM_DOWN = Code(
    "NGINX_UPSTREAM_DOWN", "critical", "nginx does not pass requests to its own party's flow.", ("upstream",)
)
PEER_UNREACHABLE = Code(
    "NGINX_PEER_UNREACHABLE", "critical", "Another party's proxy is not reached from here.", ("proxy", "node")
)


@service_check(ROUTE_MISSING, component="nginx")
def routes(view: ServiceView) -> Iterator[Finding]:
    """The configuration that runs has a way to every party."""
    answer = answer_of(view, "nginx.http")
    if not answer["ok"]:
        raise FactAbsent(f"probe nginx.http of {view.service.id.key}: {answer['error']}")
    if answer["missing"]:
        missing = ", ".join(answer["missing"])
        yield finding(
            view,
            ROUTE_MISSING,
            f"no route to party {missing}",
            "nginx.http",
            cause="its configuration was changed by hand, or it still runs with an older one",
            remedy=("fatecloud plan", "fatecloud deploy", verb(view, "restart")),
            expected=", ".join([view.service.id.party, *sorted(view.service.facts["routes"])]),
            got=f"without {missing}",
        )


@service_check(UPSTREAM_DOWN, component="nginx", after=("NGINX_ROUTE_MISSING",))
def upstream(view: ServiceView) -> Iterator[Finding]:
    """A request for the own party reaches flow."""
    answer = answer_of(view, "nginx.upstream")
    if not answer["ok"]:
        flow = next((edge for edge in view.service.edges if edge.kind == "upstream"), None)
        yield finding(
            view,
            UPSTREAM_DOWN,
            f"a request for party {view.service.id.party} gets {answer['error']}",
            "nginx.upstream",
            cause="flow is down, or nginx sends to another address than flow listens on",
            remedy=("fatecloud plan", "fatecloud deploy", verb(view, "restart")),
            expected=f"flow at {flow.endpoint}" if flow else "flow",
            got=str(answer["kind"]),
            about=flow.target if flow else "",
        )


@service_check(PEER_UNREACHABLE, component="nginx")
def peers(view: ServiceView) -> Iterator[Finding]:
    """Every other party's proxy answers, and for the right party where it says for which."""
    answers: Mapping[str, Mapping[str, Any]] = answer_of(view, "nginx.peers")["peers"]
    wrong = {party: said for party, answer in sorted(answers.items()) if (said := _trouble(party, answer))}
    if wrong:
        targets = {e.target for e in view.service.edges for p in wrong if str(e.endpoint) == answers[p]["endpoint"]}
        first = next(iter(wrong))
        yield finding(
            view,
            PEER_UNREACHABLE,
            "; ".join(f"party {party} at {answers[party]['endpoint']}: {said}" for party, said in wrong.items()),
            "nginx.peers",
            cause="the other side is down or has moved, or a firewall stands between",
            remedy=(
                f"curl -m 5 http://{answers[first]['endpoint']}/  # on {view.facts.node}",
                f"ask party {first}, or correct its endpoint in the inventory",
            ),
            expected="an HTTP answer for the right party",
            got="; ".join(wrong.values()),
            about=targets.pop() if len(targets) == 1 else "",
        )


def _trouble(party: str, answer: Mapping[str, Any]) -> str:
    if not answer["ok"]:
        return str(answer["error"])
    told = answer["party"]
    return f"answers for party {told}" if told not in ("", party) else ""
