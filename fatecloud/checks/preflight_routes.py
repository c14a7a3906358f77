"""Preflight of the routes between services: each is tried from the node where its traffic will start.

Most services are not there yet, so a refused connection shows an open route: the packets came back. A connection
that gets no answer shows a closed one, whatever listens there later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fatecloud.checks.edges import answers_over
from fatecloud.checks.preflight_need import is_loopback, problem, services_of
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.observed import NodeFacts
from fatecloud.model.remedy import Ask, Remedy, look
from fatecloud.model.service import Edge

PEER_ROUTE = Code("PREFLIGHT_PEER_ROUTE", "warning", "A peer's endpoint cannot be reached from the node.")
BLOCKED = Code("PREFLIGHT_ROUTE_BLOCKED", "critical", "A route between two of the cluster's services is closed.")

_PEER = "peer:"
_CLOSED = frozenset({"name", "timeout", "unreachable"})
"""Kinds of answers that mean a closed route, whatever is deployed at its end."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """An edge, and the outcome of a connection over it."""

    edge: Edge
    answer: Mapping[str, Any]

    @property
    def trouble(self) -> Mapping[str, Any]:
        """The error of the endpoint itself or of what was asked behind it; empty if there is none."""
        if not self.answer["ok"]:
            return self.answer
        behind: Mapping[str, Any] = self.answer.get("behind", {"ok": True})
        return {} if behind["ok"] else behind

    def __str__(self) -> str:
        return f"{self.edge.source} -> {self.edge.target} at {self.edge.endpoint}"


@node_check(PEER_ROUTE)
def peer_routes(view: NodeView) -> Iterator[Finding]:
    """Each peer endpoint that a service of the node uses answers from here, in its own protocol."""
    bad = [tried for tried in _tried(view) if tried.edge.target.startswith(_PEER) and tried.trouble]
    if bad:
        yield problem(
            view,
            PEER_ROUTE.name,
            PEER_ROUTE.severity,
            _named(bad),
            cause="the peer may not be deployed yet, or a firewall on either side is closed",
            expected="an answer",
            got=", ".join(sorted({str(tried.trouble["kind"]) for tried in bad})),
            evidence=tuple(
                f"one-way evidence: {tried.edge.target} is managed by others, so the opposite direction was not tried"
                for tried in bad
            ),
            remedy=_by_hand(view, bad),
            source="connections from the node",
        )


@node_check(BLOCKED)
def routes_between_services(view: NodeView) -> Iterator[Finding]:
    """No connection from a service here to another service of the inventory is dropped or rejected on the route.

    A node that was not read in this run may be down, and no other finding would say so: its route only gets a warning.
    """
    ours = [tried for tried in _tried(view) if not tried.edge.target.startswith(_PEER) and not tried.answer["ok"]]
    bad = [tried for tried in ours if tried.answer["kind"] in _CLOSED or _refused_though_it_listens(view, tried)]
    if not bad:
        return
    unread = {target.id.node for tried in bad if (target := _unread_target(view, tried)) is not None}
    sure = any(_unread_target(view, tried) is None for tried in bad)
    firewall = "a firewall on one of the two nodes or between them, a missing route, or a wrong address"
    yield problem(
        view,
        BLOCKED.name,
        BLOCKED.severity if sure else "warning",
        _named(bad),
        cause=firewall if sure else f"the other node is down, or {firewall}",
        expected="a connection, or a refusal by the node itself while nothing listens there",
        got=", ".join(sorted({str(tried.answer["kind"]) for tried in bad})),
        evidence=tuple(f"{node} was not read in this run, so it may be down" for node in sorted(unread)),
        remedy=_by_hand(view, bad),
        source="connections from the node",
    )


def _tried(view: NodeView) -> list[_Tried]:
    """Every edge that leaves the node's services over the network. Raises FactAbsent."""
    found = []
    for service in services_of(view):
        early = {probe.name for probe in service.probes if probe.early}
        for edge in service.edges:
            if not edge.direct or edge.external:
                continue
            if edge.probe in early:
                answer = _from_probe(view, edge)
            elif is_loopback(edge.endpoint.host):
                continue
            else:
                answer = view.fact("connects").get(str(edge.endpoint))
            if answer is None:
                raise FactAbsent(f"connects: {edge.source} -> {edge.target} at {edge.endpoint} was not tried")
            found.append(_Tried(edge, answer))
    # The edges to another party's proxy and to what is behind it are one route.
    return list({(one.edge.source, one.edge.endpoint): one for one in reversed(found)}.values())[::-1]


def _from_probe(view: NodeView, edge: Edge) -> Mapping[str, Any] | None:
    asked = view.facts.probes.get(f"{edge.source}:{edge.probe}")
    if asked is None or not isinstance(asked.data, dict):
        raise FactAbsent(f"probe {edge.probe} of {edge.source}: {asked.error if asked else 'not asked'}")
    answers = answers_over(edge, view.facts.probes)
    # An exchange was asked about each party behind it, and one good answer shows that it is reached.
    return next((answer for answer in answers if answer["ok"]), next(iter(answers), None))


def _unread_target(view: NodeView, tried: _Tried) -> DesiredService | None:
    """The service at the route's end, where its node was not read in this run or did not answer."""
    target = view.desired.services.get(tried.edge.target)
    return target if target is not None and view.observed.reached(target.id.node) is None else None


def _refused_though_it_listens(view: NodeView, tried: _Tried) -> bool:
    """Whether a port refuses a connection from here although its own node has a listener on it."""
    target = view.desired.services.get(tried.edge.target)
    there = view.observed.nodes.get(target.id.node) if target else None
    if tried.answer["kind"] != "refused" or not isinstance(there, NodeFacts):
        return False
    listeners = there.fact("listeners")
    return any(
        listener["port"] == tried.edge.endpoint.port and not is_loopback(listener["address"])
        for listener in (listeners.value if listeners.ok else ())
    )


def _named(tried: Sequence[_Tried]) -> str:
    return "; ".join(f"{one}: {one.trouble['error']}" for one in tried)


def _by_hand(view: NodeView, tried: Sequence[_Tried]) -> tuple[Remedy, ...]:
    ends = dict.fromkeys((one.edge.endpoint.host, one.edge.endpoint.port) for one in tried)
    return (
        *(look(f"timeout 5 bash -c '</dev/tcp/{host}/{port}'", view.facts.node) for host, port in ends),
        Ask("who runs the firewalls in between", "open the route, or say why it is closed"),
    )
