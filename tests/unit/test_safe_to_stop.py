"""What stopping a node would mean: who would miss what, which jobs and partners it would hit."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import component_world
import pytest
from sessions import stand_in

from fatecloud.checks.outage import outage_of
from fatecloud.errors import NoMatch
from fatecloud.model.desired import Desired
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.outage import HitJob, Outage
from fatecloud.report.outage import outage_document, outage_text
from fatecloud.workflow import safe_to_stop
from fatecloud.workflow.jobs import ActiveJob, Answers

NOW = 1_800_000_000.0


def seen(
    desired: Desired,
    *,
    stopped: Collection[str] = (),
    silent: Collection[str] = (),
    lost: Collection[str] = (),
    enabled: bool = True,
) -> Observed:
    """Everything is deployed and works, but for these services and nodes."""
    nodes: dict[str, NodeFacts | Unreachable] = {}
    for name in desired.cluster.nodes:
        keys = [service.id.key for service in desired.on_node(name)]
        states = {key: {"state": "stopped" if key in stopped else "running", "enabled": enabled} for key in keys}
        facts = {
            "services": Fact(states),
            "manifest": Fact({"services": {key: {} for key in keys}}),
            "clock": Fact({"epoch": NOW}),
            "lease": Fact(None),
        }
        probes = {
            f"{one.id.key}:{one.readiness}": ProbeAnswer(0, {"ok": one.id.key not in {*silent, *stopped}}, None, 0.1)
            for one in desired.on_node(name)
        }
        nodes[name] = Unreachable(name, "NODE_TIMEOUT", "slow") if name in lost else NodeFacts(name, facts, probes, 0.1)
    return Observed(nodes, NOW)


def outage(name: str, node: str, **changes: Any) -> Outage:
    desired = component_world.desired(name)
    return outage_of(desired, seen(desired, **changes), node)


def test_a_member_that_the_others_do_without_is_safe_to_stop() -> None:
    found = outage("serving", "n2")
    assert found.stops == ("serving/zookeeper@n2",)
    assert found.spared == ("serving/zookeeper@n2: 2 of 3 instances go on, and do without it",)
    assert (found.exit_status, found.owners, found.hits) == (0, (), ())


@pytest.mark.parametrize("change", [{"silent": ["serving/zookeeper@n3"]}, {"lost": ["n3"]}])
def test_a_member_is_missed_where_the_others_do_not_suffice(change: dict[str, Any]) -> None:
    found = outage("serving", "n2", **change)
    assert (found.spared, found.owners) == ((), ("group serving",))
    assert found.exit_status == (3 if "lost" in change else 1)


def test_a_party_and_its_partner_are_hit() -> None:
    found = outage("two-party", "a1")
    assert found.owners == ("party 9999",)
    assert found.partners == ("party 10000",)
    assert "9999/flow@a1" in found.stops
    assert found.hits == ()
    assert found.exit_status == 1


def test_what_works_without_and_what_does_not_are_distinguished() -> None:
    database, flow = outage("multi-node", "database"), outage("multi-node", "compute")
    assert {hit.service: hit.stops for hit in database.hits} == {"9999/flow@compute": True, "9999/nginx@edge": False}
    assert {hit.service: hit.stops for hit in flow.hits} == {"9999/nginx@edge": False}
    assert database.partners == ("party 10000",)


def test_what_is_down_already_stops_nothing_more() -> None:
    desired = component_world.desired("two-party")
    keys = [service.id.key for service in desired.on_node("a1")]
    found = outage("two-party", "a1", stopped=keys)
    assert (found.stops, set(found.down), found.exit_status) == ((), set(keys), 0)


def test_what_does_not_start_at_boot_is_named() -> None:
    assert outage("serving", "n2", enabled=False).stays_down == ("serving/zookeeper@n2",)


def test_a_node_that_was_not_read_counts_as_running_and_is_unknown() -> None:
    found = outage("two-party", "a1", lost=["a1"])
    assert "9999/flow@a1" in found.stops
    assert found.unknown == ("a1 was not read: slow",)
    assert found.exit_status == 3


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the verb gets from nodes and from services that run jobs."""
    given = SimpleNamespace(desired=component_world.desired("two-party"), answers=Answers((), (), ()), asked=())

    def active(_session: object, runners: Any) -> Answers:
        given.asked = tuple(runner.id.key for runner in runners)
        found: Answers = given.answers
        return found

    monkeypatch.setattr(safe_to_stop, "observe", lambda *_, **__: seen(given.desired))
    monkeypatch.setattr(safe_to_stop, "active_jobs", active)
    return given


def test_running_jobs_are_named_and_only_services_that_are_hit_are_asked(answers: SimpleNamespace) -> None:
    answers.answers = Answers((ActiveJob("202601", ("guest of party 9999",), "running", "with 10000", 90.0),), (), ())
    found = safe_to_stop.forecast_outage(stand_in(answers.desired), "a1", 20)
    assert answers.asked == ("9999/flow@a1",)
    assert found.jobs == (HitJob("202601", ("guest of party 9999",), "running", "with 10000", 90.0),)
    assert found.exit_status == 2
    text = outage_text(found, 200)
    assert text.startswith("a1: not safe to stop: jobs run\n")
    assert "job 202601 (guest of party 9999; running for 1 min 30 s, with 10000)" in text
    assert "fatecloud stop @a1 --wait-jobs 30m" in text
    assert outage_document(found)["safe"] is False


def test_a_service_that_does_not_say_whether_it_runs_jobs_leaves_the_answer_open(answers: SimpleNamespace) -> None:
    answers.answers = Answers((), ("cannot find out whether 9999/flow@a1 runs jobs: it hangs",), ())
    found = safe_to_stop.forecast_outage(stand_in(answers.desired), "a1", 20)
    assert found.exit_status == 3
    assert outage_document(found)["safe"] is None


def test_an_unknown_node_is_refused(answers: SimpleNamespace) -> None:
    with pytest.raises(NoMatch):
        safe_to_stop.forecast_outage(stand_in(answers.desired), "a9", 20)
