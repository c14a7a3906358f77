"""Where a way between parties stops, judged from what the probes of both sides answered, in each architecture."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import Any

import jsonschema
import pytest
from component_world import NOW, Answers, Change, desired, observed, say, set_answer
from sessions import stand_in

from fatecloud.checks.way_plan import paths_between
from fatecloud.checks.way_trial import tried_way
from fatecloud.collect.spec import spec_for
from fatecloud.errors import NoMatch, NotDeployed
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.model.routes import DEFAULT, FLOW
from fatecloud.model.tried import Trial, TriedWay
from fatecloud.report.envelope import document_text
from fatecloud.report.kind_schema import output_schema
from fatecloud.report.route_trial import trial_document, trial_text
from fatecloud.workflow import route_trial

PAIR, OSX, ROLLSITE, STAR, ALONE, WORKERS = (
    *("two-party", "eggroll", "eggroll-rollsite", "eggroll-exchange"),
    *("multi-node", "eggroll-workers"),
)
BOTH = (FLOW, DEFAULT)
PARTIES = ("9999", "10000")
DOWN = {"ok": False, "kind": "refused", "error": "connection refused"}
LATE = {"ok": False, "kind": "timeout", "error": "no answer within 3 s"}


def everyone(answers: Answers) -> None:
    """In a star each router answers about all the others, and not about one of them alone."""
    parties = {*desired(STAR).cluster.parties, *desired(STAR).cluster.peers}
    for name, document in answers.items():
        if "peers" in document:
            (one,) = document["peers"].values()
            document["peers"] = {party: deepcopy(one) for party in parties - {name.partition("/")[0]}}


def about(name: str, party: str, **answer: Any) -> Change:
    """Replace what a probe answers about one party."""
    return lambda answers: answers[name]["peers"].update({party: answer})


def behind(**answer: Any) -> dict[str, Any]:
    """What a probe answers where the other router is there, and this is what came from behind it."""
    return {"ok": True, "behind": answer}


def trial(example: str, *changes: Change, parties: tuple[str | None, str | None] = (None, None), **more: Any) -> Trial:
    first = (everyone,) if example == STAR else ()
    seen = observed(*first, *changes, example=example, **more)
    return Trial(tuple(tried_way(desired(example), seen, path) for path in paths_between(desired(example), *parties)))


def way(found: Trial, source: str, party: str, role: str = FLOW) -> TriedWay:
    (one,) = [one for one in found.ways if (one.source, one.party) == (source, party) and role in one.roles]
    return one


def steps(one: TriedWay) -> list[str]:
    return [one.hops[0].source, *(hop.target for hop in one.hops)]


def states(one: TriedWay) -> list[str]:
    return [hop.state for hop in one.hops]


CHAINS: Mapping[str, Sequence[tuple[str, str, str, str]]] = {
    PAIR: (
        ("9999", "10000", FLOW, "9999/flow@a1 9999/nginx@a1 10000/nginx@b1 10000/flow@b1"),
        ("9999", "10000", DEFAULT, "9999/flow@a1 9999/rabbitmq@a1 10000/rabbitmq@b1 10000/flow@b1"),
        ("10000", "9999", FLOW, "10000/flow@b1 10000/nginx@b1 9999/nginx@a1 9999/flow@a1"),
        ("10000", "9999", DEFAULT, "10000/flow@b1 10000/rabbitmq@b1 9999/rabbitmq@a1 9999/flow@a1"),
    ),
    OSX: (
        ("9999", "10000", FLOW, "9999/flow@a1 9999/osx@a1 10000/osx@b1 10000/flow@b1"),
        ("10000", "9999", FLOW, "10000/flow@b1 10000/osx@b1 9999/osx@a1 9999/flow@a1"),
    ),
    ROLLSITE: (
        ("9999", "10000", FLOW, "9999/flow@a1 9999/rollsite@a1 10000/rollsite@b1 10000/flow@b1"),
        ("10000", "9999", FLOW, "10000/flow@b1 10000/rollsite@b1 9999/rollsite@a1 9999/flow@a1"),
    ),
}


@pytest.mark.parametrize("example", CHAINS)
def test_healthy_ways_work_there_and_back_hop_by_hop(example: str) -> None:
    found = trial(example)
    assert [(one.source, one.party, one.roles[0], " ".join(steps(one))) for one in found.ways] == list(CHAINS[example])
    assert [states(one) for one in found.ways] == [["ok", "ok", "ok"]] * len(found.ways)
    assert (found.exit_status, {one.works for one in found.ways}) == (0, {True})
    assert all(hop.endpoint and hop.evidence and not hop.look for one in found.ways for hop in one.hops)


def test_a_healthy_way_through_an_exchange_has_a_hop_more() -> None:
    found = trial(STAR)
    # Three parties and a peer: each of three pairs both ways, and the peer with each of three.
    assert (len(found.ways), found.exit_status) == (12, 0)
    there = way(found, "9999", "10000")
    assert " ".join(steps(there)) == "9999/flow@a1 9999/osx@a1 hub/osx@hub 10000/osx@b1 10000/flow@b1"
    assert states(there) == ["ok"] * 4
    outside = way(found, "9999", "12000")
    assert " ".join(steps(outside)) == "9999/flow@a1 9999/osx@a1 hub/osx@hub peer:12000 flow of party 12000"
    assert states(outside) == ["ok"] * 4
    inward = way(found, "12000", "9999")
    assert " ".join(steps(inward)) == "peer:12000 hub/osx@hub 9999/osx@a1 9999/flow@a1"
    assert states(inward) == ["theirs", "ok", "ok"]


def proxy(example: str) -> str:
    return {PAIR: "nginx", OSX: "osx", ROLLSITE: "rollsite"}[example]


def own_end(example: str) -> str:
    """The probe of a router for what is behind it."""
    return "nginx.upstream" if example == PAIR else f"{proxy(example)}.state"


def flow_gone(example: str, key: str) -> Change:
    """A router's own flow does not answer it."""
    document = DOWN if example == PAIR else behind(**DOWN)
    return say(f"{key}:{own_end(example)}", **document)


STOPS: Mapping[str, Callable[[str, str], tuple[Change, ...]]] = {
    "0 refused own": lambda *_: (say("9999/flow@a1:flow.proxy", **DOWN),),
    "1 timeout network": lambda peers, _: (about(peers, "10000", **LATE),),
    "1 refused other-router": lambda peers, _: (about(peers, "10000", **DOWN),),
    "1 name own": lambda peers, _: (about(peers, "10000", ok=False, kind="name", error="does not resolve"),),
    "1 party other-router": lambda peers, _: (about(peers, "10000", ok=False, kind="party", error="of party 7"),),
    "1 denied other-router": lambda peers, _: (about(peers, "10000", **behind(ok=False, kind="denied", error="no")),),
    "1 large network": lambda peers, _: (about(peers, "10000", **behind(ok=False, kind="large", error="short only")),),
    "1 silent network": lambda peers, _: (about(peers, "10000", **behind(ok=False, kind="silent", error="silent")),),
    "1 silent own": lambda peers, _: (
        about(peers, "10000", own=True, **behind(ok=False, kind="silent", error="silent")),
    ),
    "2 refused other-end": lambda peers, example: (
        about(peers, "10000", **behind(ok=False, kind="status", error="HTTP 502")),
        flow_gone(example, f"10000/{proxy(example)}@b1"),
    ),
}


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("example", CHAINS)
def test_a_way_stops_at_one_hop_and_the_others_work(example: str, stop: str) -> None:
    place, kind, look = stop.split()
    found = trial(example, *STOPS[stop](f"9999/{proxy(example)}@a1:{proxy(example)}.peers", example))
    stopped = way(found, "9999", "10000")
    at = int(place)
    assert states(stopped) == ["ok"] * at + ["failed"] + ["not reached"] * (2 - at)
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.look) == (kind, look)
    assert stopped.stop.error
    assert stopped.stop.evidence
    assert [one.works for one in found.ways if one is not stopped] == [True] * (len(found.ways) - 1)
    assert found.exit_status == 1


@pytest.mark.parametrize("example", [OSX, ROLLSITE])
def test_a_far_flow_that_no_one_reaches_stops_both_ends_at_it(example: str) -> None:
    """What the answers of both parties say when party 10000's flow is down, and its router is not."""
    mine, theirs = (f"{key}:{proxy(example)}" for key in (f"9999/{proxy(example)}@a1", f"10000/{proxy(example)}@b1"))
    gone = about(f"{mine}.peers", "10000", **behind(ok=False, kind="status", error="UNAVAILABLE"))
    found = trial(example, gone, say(f"{theirs}.state", **behind(**DOWN)))
    there, back = way(found, "9999", "10000"), way(found, "10000", "9999")
    assert (states(there), states(back)) == (["ok", "ok", "failed"], ["ok", "ok", "ok"])


def test_large_packets_that_the_other_side_loses_are_lost_there() -> None:
    large = {"ok": False, "kind": "large", "error": "short ones only"}
    theirs = say("10000/osx@b1:osx.state", **behind(**large))
    found = trial(OSX, about("9999/osx@a1:osx.peers", "10000", **behind(**large)), theirs)
    stop = way(found, "9999", "10000").stop
    assert stop is not None
    assert (stop.source, stop.look) == ("10000/osx@b1", "other-end")


BROKER_STOPS: Mapping[str, Change] = {
    "0 auth own": say("9999/flow@a1:flow.broker", ok=False, kind="auth", error="127.0.0.1:5672: refused"),
    "1 timeout network": about("9999/rabbitmq@a1:rabbitmq.peers", "10000", **LATE),
    "1 refused other-router": about("9999/rabbitmq@a1:rabbitmq.peers", "10000", **DOWN),
    "2 rights other-end": say("10000/flow@b1:flow.broker", ok=False, kind="rights", error="access refused"),
}


@pytest.mark.parametrize("stop", BROKER_STOPS)
def test_the_way_of_data_stops_at_a_broker_and_requests_go_on(stop: str) -> None:
    place, kind, look = stop.split()
    found = trial(PAIR, BROKER_STOPS[stop])
    stopped = way(found, "9999", "10000", DEFAULT)
    at = int(place)
    assert states(stopped) == ["ok"] * at + ["failed"] + ["not reached"] * (2 - at)
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.look) == (kind, look)
    assert [one.works for one in found.ways if FLOW in one.roles] == [True, True]
    assert found.exit_status == 1


def test_a_router_that_knows_no_way_stops_it_although_the_probe_passed_it_by() -> None:
    found = trial(PAIR, set_answer("9999/nginx@a1:nginx.http", missing=["10000"]))
    stopped = way(found, "9999", "10000")
    assert states(stopped) == ["ok", "failed", "not reached"]
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.look) == ("route", "own")
    assert stopped.stop.evidence == (
        "probe nginx.http of 9999/nginx@a1: its running configuration has no route to party 10000",
    )
    assert [one.works for one in found.ways if one is not stopped] == [True, True, True]
    unknown = way(trial(PAIR, silent=("9999/nginx@a1:nginx.http",)), "9999", "10000")
    assert (states(unknown)[1], unknown.works) == ("unknown", None)


SIGNED = {"refused": "other-end", "headers": "network", "clock": "own", "silent": "other-end"}


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("example", [PAIR, OSX])
def test_a_signature_that_is_not_taken_stops_requests_at_the_far_end(example: str, kind: str) -> None:
    found = trial(example, about("9999/flow@a1:flow.sites", "10000", ok=False, kind=kind, error="5002 no", own=""))
    stopped = way(found, "9999", "10000")
    assert states(stopped) == ["ok", "ok", "failed"]
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.error, stopped.stop.look) == (kind, "5002 no", SIGNED[kind])
    assert [one.works for one in found.ways if one is not stopped] == [True] * (len(found.ways) - 1)


HUB = {"9999": "9999/osx@a1:osx.peers", "hub": "hub/osx@hub:osx.peers"}
STAR_STOPS: Mapping[str, tuple[Change, ...]] = {
    "0 refused own": (say("9999/flow@a1:flow.proxy", **DOWN),),
    "1 refused exchange": (about(HUB["9999"], "10000", exchange=True, **DOWN),),
    "1 timeout network": (about(HUB["9999"], "10000", exchange=True, **LATE),),
    # The exchange itself gets the answer that does not come through it.
    "1 silent network": (about(HUB["9999"], "10000", **behind(ok=False, kind="silent", error="silent")),),
    "2 party exchange": (about(HUB["9999"], "10000", ok=False, kind="party", error="hub has no route to it"),),
    "2 timeout network": (
        about(HUB["9999"], "10000", ok=False, kind="party", error="hub has no route to it"),
        about(HUB["hub"], "10000", **LATE),
    ),
    "2 name exchange": (
        about(HUB["9999"], "10000", ok=False, kind="party", error="hub has no route to it"),
        about(HUB["hub"], "10000", ok=False, kind="name", error="the name does not resolve here"),
    ),
    "3 refused other-end": (
        about(HUB["9999"], "10000", **behind(ok=False, kind="status", error="UNAVAILABLE")),
        about(HUB["hub"], "10000", **behind(ok=False, kind="status", error="UNAVAILABLE")),
        say("10000/osx@b1:osx.state", **behind(**DOWN)),
    ),
}


@pytest.mark.parametrize("stop", STAR_STOPS)
def test_a_way_through_an_exchange_stops_before_at_or_behind_it(stop: str) -> None:
    place, kind, look = stop.split()
    stopped = way(trial(STAR, *STAR_STOPS[stop]), "9999", "10000")
    at = int(place)
    assert states(stopped) == ["ok"] * at + ["failed"] + ["not reached"] * (3 - at)
    assert stopped.stop is not None
    assert (stopped.stop.kind, stopped.stop.look) == (kind, look)


@pytest.mark.parametrize(("kind", "look"), [("refused", "own"), ("timeout", "network"), ("name", "exchange")])
def test_what_comes_from_outside_through_an_exchange_stops_at_our_router(kind: str, look: str) -> None:
    inward = way(trial(STAR, about(HUB["hub"], "9999", ok=False, kind=kind, error="no")), "12000", "9999")
    assert states(inward) == ["theirs", "failed", "not reached"]
    assert (inward.stop and inward.stop.look) == look


@pytest.mark.parametrize("example", [ALONE, WORKERS])
def test_of_a_party_that_others_manage_only_our_half_is_tried(example: str) -> None:
    found = trial(example)
    assert (found.exit_status, {one.works for one in found.ways}) == (0, {True})
    there, back = way(found, "9999", "10000"), way(found, "10000", "9999")
    assert steps(there)[-2:] == ["peer:10000", "flow of party 10000"]
    assert states(there) == ["ok", "ok", "ok"]
    assert (steps(back)[0], states(back)) == ("peer:10000", ["theirs", "ok"])
    assert back.hops[0].error == "only party 10000 can try it"


def test_a_broker_that_others_manage_is_the_end_of_what_can_be_tried() -> None:
    data = way(trial(ALONE), "9999", "10000", DEFAULT)
    assert (steps(data)[-2:], states(data)) == (["peer:10000", "flow of party 10000"], ["ok", "ok", "theirs"])
    assert data.works is True


def test_a_flow_that_others_manage_and_our_own_one_can_be_down() -> None:
    peers, gone = "9999/osx@gate:osx.peers", behind(ok=False, kind="status", error="UNAVAILABLE")
    there = way(trial(WORKERS, about(peers, "10000", **gone)), "9999", "10000")
    assert (states(there), there.stop and there.stop.look) == (["ok", "ok", "failed"], "other-end")
    back = way(trial(WORKERS, say("9999/osx@gate:osx.state", **behind(**DOWN))), "10000", "9999")
    assert (states(back), back.stop and back.stop.look) == (["theirs", "failed"], "own")


def test_between_nodes_of_one_party_the_network_may_be_at_fault() -> None:
    stop = way(trial(WORKERS, say("9999/flow@flow:flow.proxy", **LATE)), "9999", "10000").stop
    assert stop is not None
    assert (stop.source, stop.look) == ("9999/flow@flow", "network")


@pytest.mark.parametrize("example", CHAINS)
def test_a_node_that_was_not_reached_leaves_open_what_only_it_knows(example: str) -> None:
    found = trial(example, lost=("b1",))
    there, back = way(found, "9999", "10000"), way(found, "10000", "9999")
    # The answer of their flow came back to us, which proves the way without their help.
    assert (states(there), there.works) == (["ok", "ok", "ok"], True)
    assert back.works is None
    assert states(back) == ["unknown", "unknown", "ok"]
    assert back.hops[0].error == "b1 was not read: no answer within 20 s"
    assert found.exit_status == 3


def test_a_way_that_stops_counts_more_than_one_that_is_not_known() -> None:
    found = trial(OSX, about("9999/osx@a1:osx.peers", "10000", **DOWN), lost=("b1",))
    assert ({one.works for one in found.ways}, found.exit_status) == ({False, None}, 1)


def test_an_exchange_that_was_not_read_does_not_matter_where_the_answer_came_through_it() -> None:
    assert states(way(trial(STAR, lost=("hub",)), "9999", "10000")) == ["ok"] * 4
    cut = about(HUB["9999"], "10000", ok=False, kind="party", error="hub has no route to it")
    assert states(way(trial(STAR, cut, lost=("hub",)), "9999", "10000")) == ["ok", "ok", "failed", "not reached"]


def test_a_probe_that_printed_nothing_is_not_known() -> None:
    one = way(trial(PAIR, silent=("9999/nginx@a1:nginx.peers",)), "9999", "10000")
    assert (states(one), one.works) == (["ok", "unknown", "ok"], None)
    assert one.hops[1].error == "probe nginx.peers of 9999/nginx@a1: timeout after 10 s"


def test_an_answer_that_a_loaded_node_did_not_get_says_so() -> None:
    seen = observed(about("9999/osx@a1:osx.peers", "10000", **LATE), example=OSX)
    load = {"load1": 99.0, "cores": 2, "pressure": None, "stolen": 0.0}
    here = seen.reached("a1")
    assert here is not None
    seen = replace(seen, nodes={**seen.nodes, "a1": replace(here, facts={**here.facts, "load": Fact(load)})})
    stop = tried_way(desired(OSX), seen, paths_between(desired(OSX), *PARTIES)[0]).stop
    assert stop is not None
    assert stop.evidence == (
        "probe osx.peers of 9999/osx@a1: no answer within 3 s (a1 is loaded: 99 processes want its 2 cores)",
    )


@pytest.mark.parametrize("nonsense", [{}, {"ok": "yes"}, {"ok": True, "behind": "ok"}, {"ok": 1, "behind": {}}, []])
@pytest.mark.parametrize("example", CHAINS)
def test_what_a_hostile_node_answers_neither_works_nor_breaks(example: str, nonsense: Any) -> None:
    def scramble(answers: Answers) -> None:
        for name, document in answers.items():
            if name.startswith("9999"):
                answers[name] = {"ok": nonsense, "peers": {"10000": nonsense}} if "peers" in document else nonsense

    found = trial(example, scramble)
    assert way(found, "9999", "10000").works is not True
    trial_text(found, 80)


ANSWERS = (
    behind(ok=True),
    behind(**DOWN),
    behind(ok=False, kind="large", error="short ones only"),
    {"ok": True, "own": True, "behind": DOWN},
    LATE,
    {"ok": False, "kind": "party", "error": "of party 7"},
    {"exchange": True, **DOWN},
)


@pytest.mark.parametrize("lost", [(), ("hub",), ("b1",), ("hub", "b1")])
def test_whatever_the_others_say_a_way_works_only_if_its_own_router_got_the_answer(lost: tuple[str, ...]) -> None:
    for mine, hubs, state in product(ANSWERS, ANSWERS[:-1], (behind(ok=True), behind(**DOWN), DOWN)):
        said = (about(HUB["9999"], "10000", **mine), about(HUB["hub"], "10000", **hubs))
        one = way(trial(STAR, *said, say("10000/osx@b1:osx.state", **state), lost=lost, parties=PARTIES), *PARTIES)
        assert one.works is (mine is ANSWERS[0]), (mine, hubs, state)
        assert states(one).count("failed") == (mine is not ANSWERS[0])


@pytest.mark.parametrize("lost", [(), ("b1",)])
@pytest.mark.parametrize("example", CHAINS)
def test_the_same_without_an_exchange(example: str, lost: tuple[str, ...]) -> None:
    router = proxy(example)
    for mine, state in product(ANSWERS[:-1], (behind(ok=True), behind(**DOWN), DOWN)):
        said = (
            about(f"9999/{router}@a1:{router}.peers", "10000", **mine),
            say(f"10000/{router}@b1:{own_end(example)}", **state),
        )
        one = way(trial(example, *said, lost=lost, parties=PARTIES), *PARTIES)
        assert one.works is (mine is ANSWERS[0]), (mine, state)
        assert states(one).count("failed") == (mine is not ANSWERS[0])


class Nodes:
    """In the place of `observe`: keeps what was asked."""

    def __init__(self, seen: Observed) -> None:
        self.seen, self.asked = seen, dict[str, Any]()

    def __call__(self, _: Any, **asked: Any) -> Observed:
        self.asked = asked
        return self.seen


def run(
    monkeypatch: pytest.MonkeyPatch, seen: Observed, *parties: str | None, example: str = PAIR
) -> tuple[Trial, Nodes]:
    nodes = Nodes(seen)
    monkeypatch.setattr(route_trial, "observe", nodes)
    source, party = parties or (None, None)
    return route_trial.try_routes(stand_in(desired(example)), source, party, 20), nodes


def test_the_verb_asks_the_probes_of_the_ways_once_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    found, nodes = run(monkeypatch, observed())
    assert found.exit_status == 0
    # The load decides whether a late answer is asked for again.
    assert (nodes.asked["probes"], "load" in nodes.asked["want"]) == (False, True)
    asked = {node: sorted(one["id"] for one in more["probes"]) for node, more in nodes.asked["extra"].items()}
    # As a check asks them.
    usual = [one for node in asked for one in spec_for(desired(), node)["probes"]]
    assert all(one in usual for more in nodes.asked["extra"].values() for one in more["probes"])
    assert set(nodes.asked["nodes"]) == {"a1", "b1"} == set(asked)
    assert asked["a1"] == [
        *("9999/flow@a1:flow.broker", "9999/flow@a1:flow.proxy", "9999/flow@a1:flow.sites"),
        *("9999/nginx@a1:nginx.http", "9999/nginx@a1:nginx.peers", "9999/nginx@a1:nginx.upstream"),
        "9999/rabbitmq@a1:rabbitmq.peers",
    ]


def test_a_run_that_changes_nodes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = observed()
    here = seen.reached("a1")
    assert here is not None
    lease = {"owner": "ops", "run": "7", "expires": NOW + 60}
    seen = replace(seen, nodes={**seen.nodes, "a1": replace(here, facts={**here.facts, "lease": Fact(lease)})})
    found, _ = run(monkeypatch, seen)
    assert [text.startswith("ops is changing a1 now") for text in found.runs] == [True]
    assert found.runs[0] in trial_text(found, 200)
    assert trial_document(found)["runs"] == list(found.runs)


def test_only_the_nodes_of_the_ways_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, nodes = run(monkeypatch, observed(everyone, example=STAR), "9999", "10000", example=STAR)
    assert set(nodes.asked["nodes"]) == {"a1", "b1", "hub"}


@pytest.mark.parametrize(
    ("parties", "pairs"),
    [
        ((None, None), {"9999 10000", "9999 11000", "9999 12000", "10000 11000", "10000 12000", "11000 12000"}),
        (("10000", None), {"9999 10000", "10000 11000", "10000 12000"}),
        ((None, "12000"), {"9999 12000", "10000 12000", "11000 12000"}),
        (("10000", "9999"), {"9999 10000"}),
    ],
)
def test_each_pair_is_tried_both_ways(parties: tuple[str | None, str | None], pairs: set[str]) -> None:
    found = [(path.source, path.party) for path in paths_between(desired(STAR), *parties)]
    assert len(found) == len(set(found)) == 2 * len(pairs)
    assert {" ".join(sorted(pair, key=int)) for pair in found} == pairs
    assert found[0][0] == (parties[0] or "9999")


@pytest.mark.parametrize(
    ("parties", "said"),
    [
        (("12000", None), "--from is one of: 9999, 10000, 11000"),
        (("7", None), "--from is one of: 9999, 10000, 11000"),
        ((None, "7"), "--to is one of: 9999, 10000, 11000, 12000"),
    ],
)
def test_a_party_that_no_way_begins_at_is_named(parties: tuple[str | None, str | None], said: str) -> None:
    with pytest.raises(NoMatch) as caught:
        paths_between(desired(STAR), *parties)
    assert caught.value.remedy == said


def test_nodes_without_services_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {name: NodeFacts(name, {"manifest": Fact({}), "services": Fact({})}, {}, 0.1) for name in ("a1", "b1")}
    with pytest.raises(NotDeployed, match="nothing is deployed on a1, b1"):
        run(monkeypatch, Observed(bare, 0.0))


def test_a_party_without_others_has_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    found, nodes = run(monkeypatch, Observed({}, 0.0), example="all-in-one")
    assert (found, nodes.asked, found.exit_status) == (Trial(()), {}, 3)
    assert trial_text(found, 80) == "nothing to try: no party here has a way to another one"


def test_the_text_shows_where_it_stops_with_evidence_and_what_to_do() -> None:
    found = trial(PAIR, about("9999/nginx@a1:nginx.peers", "10000", **LATE), parties=("9999", "10000"))
    first, *others, last = trial_text(found, 100).split("\n\n")
    assert first.splitlines() == [
        "from 9999 to 10000, requests: stops",
        "  1  9999/flow@a1 -> 9999/nginx@a1 at 127.0.0.1:9301     ok",
        "  2  9999/nginx@a1 -> 10000/nginx@b1 at 192.0.2.21:9300  failed",
        "  3  10000/nginx@b1 -> 10000/flow@b1 at 127.0.0.1:9380   not reached",
        "  hop 2: no answer within 3 s",
        "  evidence: probe nginx.peers of 9999/nginx@a1: no answer within 3 s",
        "  look at the network in between",
        "  -> ask who runs the network between 9999/nginx@a1 and 10000/nginx@b1, with these lines",
    ]
    assert [one.splitlines()[0] for one in others] == [
        "from 9999 to 10000, data of tasks: works",
        "from 10000 to 9999, requests: works",
        "from 10000 to 9999, data of tasks: works",
    ]
    assert last == "4 ways tried: 1 stops"
    assert trial_text(trial(OSX), 100).splitlines()[-1] == "2 ways tried: all work as far as that can be seen from here"
    unknown = trial(OSX, about("9999/osx@a1:osx.peers", "10000", **DOWN), lost=("b1",))
    assert trial_text(unknown, 100).splitlines()[-1] == "2 ways tried: 1 stops, 1 could not be tried to the end"


@pytest.mark.parametrize(
    ("example", "change", "where", "advice"),
    [
        (PAIR, about("9999/nginx@a1:nginx.peers", "10000", **DOWN), "at the router of party 10000", "check 10000/"),
        (PAIR, say("9999/flow@a1:flow.proxy", **DOWN), "at the nodes of party 9999", "check 9999/"),
        (PAIR, say("10000/flow@b1:flow.proxy", **DOWN), "at the nodes of party 10000", "check 10000/"),
        (STAR, about(HUB["9999"], "10000", exchange=True, **DOWN), "at the exchange, hub/osx@hub", "check hub/"),
        (ALONE, say("9999/nginx@edge:nginx.upstream", **DOWN), "at the nodes of party 9999", "check 9999/"),
        (ALONE, about("9999/nginx@edge:nginx.peers", "10000", **DOWN), "at the router of party 10000", ""),
        (
            ALONE,
            about("9999/nginx@edge:nginx.peers", "10000", **behind(**DOWN)),
            "behind the router of party 10000: flow of party 10000",
            "",
        ),
    ],
)
def test_the_text_names_the_side_to_look_at(example: str, change: Change, where: str, advice: str) -> None:
    lines = trial_text(trial(example, change), 100).splitlines()
    assert [line for line in lines if line.startswith("  look ")] == [f"  look {where}"]
    (next_step,) = [line for line in lines if line.startswith("  -> ")]
    assert next_step == (f"  -> fatecloud {advice}" if advice else "  -> send party 10000 these lines")


def test_the_document_says_the_same_and_obeys_the_schema() -> None:
    found = trial(STAR, about(HUB["9999"], "10000", exchange=True, **DOWN), lost=("c1",))
    document = json.loads(document_text("RouteTest", trial_document(found), "json"))
    jsonschema.Draft202012Validator(output_schema()).validate(document)
    (one,) = [item for item in document["items"] if (item["from"], item["to"]) == ("9999", "10000")]
    assert (document["exit_status"], one["works"]) == (1, False)
    assert one["hops"][1] == {
        "source": "9999/osx@a1",
        "target": "hub/osx@hub",
        "endpoint": "192.0.2.1:9370",
        "state": "failed",
        "kind": "refused",
        "error": "connection refused",
        "look": "exchange",
        "evidence": ["probe osx.peers of 9999/osx@a1: connection refused"],
    }
