"""What checks report about the routes to other parties: edge, direction, and the state of the opposite direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fatecloud.components.judging import answer_of, finding
from fatecloud.model.check import Code, ServiceView
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Remedy, look
from fatecloud.model.service import Edge

LARGE = "large"
"""Kind of an answer: short questions are answered, and long ones are not."""
BLOCKED = "a firewall here, there or in between drops the packets, or the address is wrong"


@dataclass(frozen=True, slots=True)
class Route:
    """An edge to another party, and the answer over it."""

    edge: Edge
    answer: Mapping[str, Any]

    @property
    def party(self) -> str:
        """The other party."""
        return party_of(self.edge.target)

    @property
    def named(self) -> str:
        """The word by which a check of the router's own component knows what is wrong; empty where none does."""
        return str(self.answer.get("named", ""))

    def __str__(self) -> str:
        return f"{self.edge.source} -> {self.edge.target} at {self.edge.endpoint}"


def party_of(target: str) -> str:
    """The party at the end of an edge: `10000` of `10000/nginx@b1` and of `peer:10000`."""
    return target.removeprefix("peer:").partition("/")[0]


def routes_to_parties(view: ServiceView, probe: str, kind: str) -> list[Route]:
    """The view's edges of a kind to other parties, with the answers of the probe.

    Raises:
        FactAbsent: the probe was not asked, or printed nothing.
    """
    answers: Mapping[str, Mapping[str, Any]] = answer_of(view, probe)["peers"]
    edges = [edge for edge in view.service.edges if edge.kind == kind]
    return [Route(edge, answers[party]) for edge in edges if (party := party_of(edge.target)) in answers]


def blocked(
    view: ServiceView, code: Code, wrong: Sequence[tuple[Route, str]], probe: str, **more: Any
) -> list[Finding]:
    """One finding about all routes with the same problem; an empty list if there are none.

    Args:
        view: the service where the routes start.
        code: of the problem.
        wrong: each route, and what went wrong on it.
        probe: the one that tried them.
        more: of the finding: cause, remedy, expected.
    """
    if not wrong:
        return []
    return [
        finding(
            view,
            code,
            "; ".join(f"{route}: {error}" for route, error in wrong),
            probe,
            got="; ".join(dict.fromkeys(error for _, error in wrong)),
            evidence=tuple(_opposite(view, route, probe) for route, _ in wrong),
            about=" ".join(dict.fromkeys(f"{route.party}/" for route, _ in wrong)),
            **more,
        )
    ]


def flows_behind(
    view: ServiceView,
    down: Code,
    lost: Code,
    probe: str,
    *,
    cause: str,
    expected: str,
    remedy: tuple[Remedy, ...] = (),
) -> Iterator[Finding]:
    """What is wrong with the flows of other parties, where what is in front of them answers.

    Args:
        view: the proxy or router where the routes start.
        down: code for a flow that does not answer.
        lost: code for a route that large packets are lost on.
        probe: the one that tried them; its answers say in `behind` how the flow answered.
        cause: of `down`.
        expected: where all is well.
        remedy: for `down`, besides asking the party.
    """
    # Where the own router is at fault (`own`), the other party's flow was reached without it.
    routes = [
        route
        for route in routes_to_parties(view, probe, "proxy")
        if route.answer["ok"] and not route.answer.get("own") and not route.named
    ]
    failed = [(route, route.answer["behind"]) for route in routes if not route.answer["behind"]["ok"]]
    silent = [(route, f"its flow does not answer: {flow['error']}") for route, flow in failed if flow["kind"] != LARGE]
    yield from blocked(
        view,
        down,
        silent,
        probe,
        cause=cause,
        remedy=(
            *(Ask(f"party {route.party}", f"run `fatecloud check {route.party}/`") for route, _ in silent),
            *remedy,
        ),
        expected=expected,
    )
    yield from packets_lost(
        view, lost, [(route, flow["error"]) for route, flow in failed if flow["kind"] == LARGE], probe
    )


def packets_lost(view: ServiceView, code: Code, wrong: Sequence[tuple[Route, str]], probe: str) -> list[Finding]:
    """One finding about all routes that lose large packets; see `blocked`."""
    return blocked(
        view,
        code,
        wrong,
        probe,
        cause="full-size packets are dropped on the route: the MTU is below 1500, and ICMP is blocked",
        remedy=tuple(
            one
            for route, _ in wrong
            for one in (
                look(f"ping -c 3 -M do -s 1472 {route.edge.endpoint.host}", view.facts.node),
                Ask(f"the network between here and party {route.party}", "let ICMP through, or set the MTU"),
            )
        ),
        expected="answers to both short and long requests",
    )


def _opposite(view: ServiceView, route: Route, probe: str) -> str:
    """What the probe at the other end found in the opposite direction."""
    source, target = route.edge.source, route.edge.target
    if target not in view.desired.services:
        return f"one-way evidence: party {route.party} is managed by others, so only {source} -> {target} was tried"
    there = view.observed.reached(view.desired.services[target].id.node)
    asked = there.probes.get(f"{target}:{probe}") if there else None
    own = view.service.id.owner
    answers = asked.data.get("peers", {}) if asked and isinstance(asked.data, dict) else {}
    if own not in answers:
        return f"the opposite direction, {target} -> {source}, could not be tried"
    error = answers[own].get("error") or (answers[own].get("behind") or {}).get("error")
    return f"the opposite direction, {target} -> {source}: {error or 'open'}"
