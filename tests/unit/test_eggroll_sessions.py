"""Sessions whose eggs are gone: certain at once, at a second look, or not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from component_world import NOW, Answers, desired, healthy

from fatecloud.checks.engine import judge
from fatecloud.checks.history import joined
from fatecloud.components.clustermanager.check_sessions import eggs_live
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.samples import History, Sample

MANAGER, WORKER, AWAY = "9999/clustermanager@n1", "9999/nodemanager@n1", "9999/nodemanager@n2"
SHARED = "eggroll-shared-nodes"
DATABASE = f"{MANAGER}:clustermanager.database"
HERE, THERE = "192.0.2.11:4671", "192.0.2.12:4671"
Change = Callable[[dict[str, Any]], object]


def state(*pids: int, **changes: Any) -> dict[str, Any]:
    return {"state": "running", "pid": 9, "pids": [9, *pids], "since": NOW - 86400} | changes


def seen(
    eggs: dict[str, dict[str, list[int]]],
    states: dict[str, dict[str, Any] | None],
    *,
    history: History | None = None,
    age: float = 400.0,
) -> Observed:
    """Both nodes of the party, with what EggRoll believes to run and what runs; None: the node gave no facts."""
    answers: Answers = {
        **healthy(MANAGER, SHARED),
        DATABASE: {
            "ok": True,
            "sessions": [{"id": "s", "status": "ACTIVE", "total": 2, "active": 2, "age": age, "changed": age}],
            "eggs": eggs,
            "heartbeats": {},
        },
    }
    probes = {name: ProbeAnswer(0, document, None, 0.1) for name, document in answers.items()}
    nodes: dict[str, NodeFacts | Unreachable] = {}
    for node, key in (("n1", WORKER), ("n2", AWAY)):
        known = states[key]
        facts = {"clock": Fact({"epoch": NOW}), "services": Fact({key: known, MANAGER: state()})}
        lost = Unreachable(node, "NODE_UNREACHABLE", "no answer", (), 1.0)
        nodes[node] = lost if known is None else NodeFacts(node, facts, probes if node == "n1" else {}, 0.5)
    return Observed(nodes, NOW, 0.7, {}, history or {})


def found(observed: Observed) -> list[Finding]:
    report = judge(desired(SHARED), observed, [eggs_live])
    return [f for f in report.findings if f.code == "CLUSTERMANAGER_SESSION_DEAD"]


BOTH = {"s": {HERE: [11], THERE: [12]}}


def test_a_session_with_all_of_its_eggs_lives() -> None:
    assert found(seen(BOTH, {WORKER: state(11), AWAY: state(12)})) == []


@pytest.mark.parametrize(
    "away",
    [
        state(pid=None, pids=[], state="stopped", since=None),
        state(since=NOW - 200),
        state(since=NOW - 200, pids=[9, 13]),
    ],
    ids=["stopped", "began later", "began later, with eggs of others"],
)
def test_eggs_that_ended_with_their_nodemanager_are_lost(away: dict[str, Any]) -> None:
    (finding,) = found(seen(BOTH, {WORKER: state(11), AWAY: away}))
    assert finding.symptom == "1 active sessions have lost eggs, s 1 of 2"
    assert finding.evidence == (f"s: 1 of 2 eggs are gone, on {AWAY}",)
    assert [str(one) for one in finding.remedy] == ["fatecloud session kill s --owner 9999"]


@pytest.mark.parametrize(
    ("ages", "certain"), [((), False), ((5.0,), False), ((30.0,), True), ((5000.0,), False), ((5000.0, 60.0), True)]
)
def test_eggs_that_are_gone_while_their_nodemanager_runs_need_two_looks(
    ages: tuple[float, ...], *, certain: bool
) -> None:
    """A session that ends is ended in the database first: between the two readings its eggs may go."""
    history = {MANAGER: {"lost s": tuple(Sample(NOW - age, 1.0) for age in ages)}}
    assert bool(found(seen(BOTH, {WORKER: state(11), AWAY: state()}, history=history))) is certain


@pytest.mark.parametrize(
    "away",
    [
        None,
        state(since=NOW - 140),
        state(pids=list(range(5000)), since=NOW - 200),
        {"state": "running"},
    ],
    ids=["node not read", "just began", "too many to name", "no processes named"],
)
def test_what_is_not_known_is_not_lost(away: dict[str, Any] | None) -> None:
    history = {MANAGER: {"lost s": (Sample(NOW - 60, 1.0),)}}
    assert found(seen(BOTH, {WORKER: state(11), AWAY: away}, history=history)) == []


def test_eggs_on_a_node_that_the_inventory_does_not_have_are_not_known() -> None:
    assert found(seen({"s": {"192.0.2.99:4671": [5]}}, {WORKER: state(), AWAY: state()})) == []


def test_a_look_keeps_how_many_eggs_were_gone() -> None:
    observed = seen({"s": {HERE: [11], THERE: [12, 13]}}, {WORKER: state(11), AWAY: state()})
    kept = joined({}, desired(SHARED), observed, [eggs_live])
    assert {name: samples[0].value for name, samples in kept[MANAGER].items()} == {"lost s": 2.0}
