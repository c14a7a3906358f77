"""Each fault of the broker raises exactly its code, with a remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from component_world import RABBITMQ, Change, desired, findings, report, say, set_answer

from fatecloud.components.rabbitmq.checks import exposures, peers
from fatecloud.model.check import ServiceView
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.observed import NodeFacts, Observed, ProbeAnswer
from fatecloud.model.remedy import Run
from fatecloud.model.service import Edge

ADMIN, PEERS = (f"{RABBITMQ}:rabbitmq.{name}" for name in ("admin", "peers"))
THEIRS = "10000/rabbitmq@b1"
ROUTE = f"{RABBITMQ} -> {THEIRS} at 192.0.2.21:5672"


def account(kind: str, error: str) -> Change:
    """What the probe reports when flow's account is refused: links cannot be read then, but the broker's state can."""
    return set_answer(ADMIN, account={"ok": False, "kind": kind, "error": error}, links=None)


def peer(kind: str, key: str = PEERS) -> Change:
    """One broker's node does not get a broker's answer from the other party's."""
    party, address = ("10000", "192.0.2.21") if key == PEERS else ("9999", "192.0.2.11")
    answer = {"endpoint": f"{address}:5672", "ok": False, "kind": kind, "error": f"it is {kind}"}
    return set_answer(key, ok=False, peers={party: answer})


def link(**state: object) -> Change:
    """A task's link that does not run; its task connected a minute ago."""
    usual = {"vhost": "j", "queue": "q", "endpoint": "192.0.2.21:5672", "status": "connecting", "error": ""}
    return set_answer(ADMIN, links=[usual | {"connected": 60.0} | state])


def versions(own: str, there: str) -> tuple[Change, Change]:
    answer = {"endpoint": "192.0.2.21:5672", "ok": True, "version": there}
    return set_answer(ADMIN, version=own), set_answer(PEERS, peers={"10000": answer})


@pytest.mark.parametrize(("own", "there"), [("3.8.9", "4.0.5"), ("4.1.0", "3.12.14"), ("3.8.9", "3.13.7")])
def test_brokers_whose_links_pass_no_messages_are_a_warning(own: str, there: str) -> None:
    (finding,) = findings(*versions(own, there))
    assert (finding.code, finding.severity, str(finding.subject)) == ("RABBITMQ_PEER_VERSION", "warning", RABBITMQ)
    assert finding.symptom == f"{ROUTE}: RabbitMQ {there} there, {own} here"
    assert finding.about == "10000/"


@pytest.mark.parametrize(
    ("own", "there"),
    [("3.10.8", "3.13.7"), ("3.13.1", "4.0.5"), ("4.0.5", "4.1.0"), ("3.8.9", ""), ("", "4.0.5"), ("3.8.9", "x.4")],
)
def test_other_pairs_of_versions_are_left_alone(own: str, there: str) -> None:
    assert findings(*versions(own, there)) == []


def test_lost_rights_are_restored_by_our_own_script() -> None:
    (finding,) = findings(account("rights", "not an administrator"))
    user = "fc-eeeeee-9999-rabbitmq"
    assert finding.remedy == (Run(f"sudo -u {user} /data/projects/fate/demo-eeeeee-9999-rabbitmq/bin/objects", "a1"),)


def test_an_alarm_shows_its_figures_and_an_unknown_alarm_is_shown_too() -> None:
    (finding,) = findings(set_answer(ADMIN, alarms=["memory"], use__disk_free=None))
    assert finding.got == "memory 128 MiB of 8192 MiB; disk ? free, 1024 MiB needed"


def test_a_closed_route_names_edge_direction_both_nodes_and_the_opposite_direction() -> None:
    (finding,) = findings(peer("timeout"))
    assert finding.symptom == f"{ROUTE}: it is timeout"
    assert finding.evidence == (f"the opposite direction, {THEIRS} -> {RABBITMQ}: open",)


def test_a_route_that_is_closed_in_both_directions_is_two_findings() -> None:
    found = findings(peer("timeout"), peer("refused", f"{THEIRS}:rabbitmq.peers"))
    assert [(f.code, str(f.subject)) for f in found] == [
        ("RABBITMQ_PEER_REFUSED", THEIRS),
        ("RABBITMQ_PEER_UNREACHABLE", RABBITMQ),
    ]
    assert found[1].evidence == (f"the opposite direction, {THEIRS} -> {RABBITMQ}: it is refused",)


def test_what_was_seen_of_a_peer_that_others_manage_is_one_way_evidence() -> None:
    wanted = desired("multi-node")
    broker = wanted.services["9999/rabbitmq@broker"]
    answer = {"10000": {"endpoint": "x", "ok": False, "kind": "timeout", "error": "no answer within 5 s"}}
    asked = ProbeAnswer(0, {"ok": False, "peers": answer}, None, 5.0)
    seen = NodeFacts("broker", {}, {f"{broker.id.key}:rabbitmq.peers": asked}, 0.1)
    (finding,) = peers.function(ServiceView(wanted, Observed({"broker": seen}, 0.0), seen, broker))
    assert finding.symptom.startswith("9999/rabbitmq@broker -> peer:10000 at ")
    assert finding.evidence[0].startswith("one-way evidence: party 10000 is managed by others")


@pytest.mark.parametrize(
    "state",
    [
        {"connected": 170.0},
        {"status": "starting", "connected": 170.0},
        {"status": "error", "error": "econnrefused", "connected": 40.0},
        {"connected": None},
        {"status": "error", "error": "{auth_failure,ACCESS_REFUSED}", "connected": 170.0},
        {"status": "error", "error": "not_allowed", "connected": 7200.0},
        {"status": "error", "error": '{530,<<"NOT_ALLOWED - vhost j not found">>}', "connected": 7200.0},
    ],
)
def test_a_link_of_a_task_that_has_just_begun_or_that_has_none_is_left_alone(state: dict[str, object]) -> None:
    assert findings(link(**state)) == []


def test_a_closed_route_explains_the_links_that_do_not_run() -> None:
    found = {finding.code: finding for finding in findings(peer("timeout"), link(connected=200.0))}
    assert found["RABBITMQ_LINK_DOWN"].caused_by == (f"RABBITMQ_PEER_UNREACHABLE@{RABBITMQ}",)
    assert f"{RABBITMQ} <- {THEIRS} at 192.0.2.21:5672, task j: connecting" in found["RABBITMQ_LINK_DOWN"].symptom


def test_a_link_to_an_unknown_endpoint_is_reported_too() -> None:
    (finding,) = findings(link(endpoint="192.0.2.99:1", connected=200.0))
    assert finding.about == "192.0.2.99:1"


def test_links_that_could_not_be_read_are_unknown() -> None:
    (finding,) = findings(set_answer(ADMIN, links=None, links_error="its links cannot be read: TimeoutError()"))
    assert (finding.code, finding.severity) == ("FACT_ABSENT", "unknown")
    assert "its links cannot be read" in finding.evidence[0]


def test_a_closed_route_to_one_party_does_not_hide_a_link_to_another() -> None:
    both = [
        {
            "vhost": "j",
            "queue": "q",
            "endpoint": endpoint,
            "status": "error",
            "error": "econnrefused",
            "connected": 60.0,
        }
        for endpoint in ("192.0.2.21:5672", "192.0.2.99:5672")
    ]
    for links, explained in ((both[:1], True), (both, False)):
        found = {finding.code: finding for finding in findings(peer("timeout"), set_answer(ADMIN, links=links))}
        assert bool(found["RABBITMQ_LINK_DOWN"].caused_by) is explained


def test_a_broker_that_was_not_asked_of_its_peers_is_unknown() -> None:
    (finding,) = report(silent=(PEERS,)).findings
    assert (finding.code, finding.severity) == ("FACT_ABSENT", "unknown")


def test_a_closed_route_to_another_party_explains_nothing_at_the_own_flow() -> None:
    own = say("9999/flow@a1:flow.broker", ok=False, kind="config", error="service_conf.yaml: KeyError", routes={})
    found = {finding.code: finding for finding in findings(peer("timeout"), own)}
    assert found["FLOW_BROKER_REFUSED"].caused_by == ()


def test_what_fate_leaves_open_at_the_broker_is_an_exposure_and_not_a_finding() -> None:
    healthy = report()
    assert (healthy.findings, healthy.exit_status) == ((), 0)
    of_broker = {exposure.code: exposure for exposure in healthy.exposures if str(exposure.subject) == RABBITMQ}
    assert {"EXPOSURE_BROKER_PLAINTEXT", "EXPOSURE_BROKER_TASK_PASSWORD"} == of_broker.keys()
    assert f"{THEIRS} at 192.0.2.21:5672" in of_broker["EXPOSURE_BROKER_PLAINTEXT"].symptom
    assert all(exposure.severity == "exposure" and all(map(str, exposure.remedy)) for exposure in healthy.exposures)


@pytest.mark.parametrize(
    ("hosts", "networks", "codes"),
    [
        (["127.0.0.1"], (), ["EXPOSURE_BROKER_TASK_PASSWORD"]),
        (["fate.example"], (), ["EXPOSURE_BROKER_PLAINTEXT", "EXPOSURE_BROKER_TASK_PASSWORD"]),
        (["192.0.2.9"], ("192.0.2.9/32",), ["EXPOSURE_BROKER_PLAINTEXT"]),
        (["192.0.2.9"] * 2, ("192.0.2.9/32",), ["EXPOSURE_BROKER_PLAINTEXT", "EXPOSURE_BROKER_TASK_PASSWORD"]),
        ([], (), []),
    ],
)
def test_a_broker_is_exposed_as_far_as_its_edges_lead(
    hosts: list[str], networks: tuple[str, ...], codes: list[str]
) -> None:
    wanted, facts = desired(), NodeFacts("a1", {}, {}, 0.1)
    process = wanted.services[RABBITMQ].process
    edges = tuple(Edge(RABBITMQ, "peer:10000", "broker", Endpoint(host, 5673), probe="x") for host in hosts)
    service = replace(wanted.services[RABBITMQ], edges=edges, process=replace(process, networks=networks))
    view = ServiceView(wanted, Observed({"a1": facts}, 0.0, 0.1, {}), facts, service)
    assert [exposure.code for exposure in exposures.function(view)] == codes
