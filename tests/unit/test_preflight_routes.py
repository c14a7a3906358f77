"""Preflight of the routes between services and to peers, before anything is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from component_world import desired as example
from preflight_world import a_desired, no_text, observed

from fatecloud.checks.preflight_routes import peer_routes, routes_between_services
from fatecloud.model.check import FactAbsent, NodeView
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.workflow.preflight import reading

OPEN = {"ok": True, "behind": {"ok": True}}
REFUSED = {"ok": False, "kind": "refused", "error": "connection refused"}
STORE = "10.0.0.2:3306"


def judged(
    *, store: Mapping[str, Any] = REFUSED, listeners: list[dict[str, Any]] | None = None, lost: bool = False
) -> list[Finding]:
    seen = observed({"a1": {f"connects.{STORE}": store}, "a2": {"listeners": listeners or []}})
    facts = seen.reached("a1")
    assert facts is not None
    if lost:
        seen = replace(seen, nodes={"a1": facts})
    return list(routes_between_services.function(NodeView(a_desired(), seen, facts)))


def dialed(wanted: Desired, node: str, answers: Mapping[str, Mapping[str, Any]], party: str) -> NodeView:
    """A node whose early probes got these answers from the other party, by probe."""
    services = {service.id.component: service for service in wanted.on_node(node)}
    probes = {
        f"{services[name.partition('.')[0]].id.key}:{name}": ProbeAnswer(0, {"peers": {party: answer}}, None, 0.1)
        for name, answer in answers.items()
    }
    facts = NodeFacts(node, {"connects": Fact({}), "listeners": Fact([])}, probes, 0.1)
    return NodeView(wanted, Observed({node: facts}, 0.0), facts)


def test_a_refusal_shows_an_open_route_while_nothing_is_deployed() -> None:
    assert judged() == []
    assert judged(store={"ok": True, "kind": "", "error": None}) == []


@pytest.mark.parametrize("kind", ["timeout", "unreachable", "name"])
def test_a_route_without_an_answer_is_closed_before_and_after_a_deploy(kind: str) -> None:
    (finding,) = judged(store={"ok": False, "kind": kind, "error": "no answer within 3 s"})
    assert finding.severity == "critical"
    assert finding.symptom == f"9999/engine@a1 -> 9999/store@a2 at {STORE}: no answer within 3 s"


@pytest.mark.parametrize("kind", ["timeout", "unreachable"])
def test_a_route_to_a_node_that_was_not_read_is_only_a_warning(kind: str) -> None:
    (finding,) = judged(store={"ok": False, "kind": kind, "error": "no answer"}, lost=True)
    assert finding.severity == "warning"
    assert finding.cause.startswith("the other node is down, or a firewall")
    assert finding.evidence == ("a2 was not read in this run, so it may be down",)


@pytest.mark.parametrize(("address", "found"), [("0.0.0.0", 1), ("127.0.0.1", 0)])  # noqa: S104 - compared only
def test_a_refusal_where_the_other_node_listens_comes_from_a_firewall(address: str, found: int) -> None:
    assert len(judged(listeners=[{"port": 3306, "address": address}])) == found


def test_parties_of_one_inventory_are_tried_in_both_directions_by_what_their_services_will_use() -> None:
    wanted = example()
    for node, other, party in (("a1", "b1", "10000"), ("b1", "a1", "9999")):
        answers = {"rabbitmq.peers": {"ok": False, "kind": "timeout", "error": "no answer"}, "nginx.peers": REFUSED}
        (finding,) = routes_between_services.function(dialed(wanted, node, answers, party))
        own = {"9999": "10000", "10000": "9999"}[party]
        assert finding.symptom.startswith(f"{own}/rabbitmq@{node} -> {party}/rabbitmq@{other} at ")
        assert finding.symptom.count("->") == 1


@pytest.mark.parametrize("kind", ["refused", "timeout"])
def test_the_way_to_an_exchange_is_tried_by_what_is_asked_about_the_parties_behind_it(kind: str) -> None:
    wanted, hub = example("eggroll-exchange"), "192.0.2.1:9370"
    answer = {"ok": False, "kind": kind, "error": "no answer", "exchange": True, "endpoint": hub}
    found = list(routes_between_services.function(dialed(wanted, "a1", {"osx.peers": answer}, "10000")))
    closed = [] if kind == "refused" else [f"9999/osx@a1 -> hub/osx@hub at {hub}: no answer"]
    assert [finding.symptom for finding in found] == closed


def test_the_questions_to_peers_go_along_with_the_reading_and_need_no_user_of_the_services() -> None:
    asked = reading(example(), no_text)["a1"]
    assert [(probe["id"], probe["user"]) for probe in asked["probes"]] == [
        ("9999/nginx@a1:nginx.peers", None),
        ("9999/rabbitmq@a1:rabbitmq.peers", None),
    ]
    assert asked["connects"] == [], "what a probe asks is not dialed once more, and neither is the node itself"


@pytest.mark.parametrize(
    ("answers", "kinds"),
    [
        ({"rabbitmq.peers": OPEN, "nginx.peers": OPEN}, None),
        ({"rabbitmq.peers": {"ok": False, "kind": "foreign", "error": "no broker"}, "nginx.peers": OPEN}, "foreign"),
        (
            {
                "rabbitmq.peers": OPEN,
                "nginx.peers": {"ok": True, "behind": {"ok": False, "kind": "status", "error": "HTTP 502"}},
            },
            "status",
        ),
    ],
)
def test_a_peer_is_asked_in_its_own_protocol(answers: dict[str, Any], kinds: str | None) -> None:
    wanted = example("multi-node")
    services = {key: service for key, service in wanted.services.items() if service.id.component != "flow"}
    nodes = {service.id.component: service.id.node for service in services.values()}
    found = [
        finding
        for component in ("rabbitmq", "nginx")
        for finding in _peer_findings(wanted, nodes[component], f"{component}.peers", answers)
    ]
    assert [finding.got for finding in found] == ([kinds] if kinds else [])
    assert all(finding.severity == "warning" and "one-way evidence" in finding.evidence[0] for finding in found)


def _peer_findings(wanted: Desired, node: str, probe: str, answers: dict[str, Any]) -> list[Finding]:
    view = dialed(wanted, node, {probe: answers[probe]}, "10000")
    refused = {str(edge.endpoint): REFUSED for service in wanted.on_node(node) for edge in service.edges}
    facts = replace(view.facts, facts={**view.facts.facts, "connects": Fact(refused)})
    return list(peer_routes.function(replace(view, facts=facts)))


def test_a_route_that_was_not_tried_is_not_called_open() -> None:
    view = dialed(example(), "a1", {"rabbitmq.peers": OPEN}, "10000")
    with pytest.raises(FactAbsent, match=r"nginx\.peers"):
        list(routes_between_services.function(view))
