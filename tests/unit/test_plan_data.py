"""No deploy moves data: a plan says which data stay behind, and a deploy needs --leave-data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from preflight_world import DATA_DISK, ROOT_DISK, a_desired, a_mark, a_service, an_empty_place, healthy

from fatecloud.components.registry import all_components
from fatecloud.errors import Refused, UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Subject
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.model.plan import LeftData, Plan, Stage
from fatecloud.plan.data import DataWish, data_actions, data_gone, data_left, starting_empty, state_of
from fatecloud.report.plan import left_text, plan_text
from fatecloud.workflow.data import confirm_new_data, data_wish, refuse_gone_data, still_blocking
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.refusals import refuse_left_data

OLD, NEW = "9999/mysql@a1", "9999/mysql@a2"
OLD_PATH, NEW_PATH = "/data/fate/data/demo-c3f9a2-9999-mysql", "/srv/demo-c3f9a2-9999-mysql"


def wanting(*nodes: str, component: str = "mysql") -> Desired:
    """A cluster whose party has the component on these nodes."""
    services = [a_service(node, component, (), data=f"/srv/demo-c3f9a2-9999-{component}") for node in nodes]
    return replace(a_desired(), services={service.id.key: service for service in services})


def having(**nodes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Manifests of nodes that hold these services."""
    return {name: {"services": services} for name, services in nodes.items()}


def test_a_database_that_moves_leaves_its_data_and_says_where() -> None:
    (left,) = data_left(wanting("a2"), having(a1={OLD: {}}, a2={}))
    assert left == LeftData(OLD, "a1", OLD_PATH, all_components()["mysql"].keeps, NEW, "a2", NEW_PATH)
    assert f"stay on a1 in {OLD_PATH}; {NEW} will start empty in {NEW_PATH} on a2" in left_text(left)


def test_the_manifest_and_not_a_changed_inventory_says_where_the_data_are() -> None:
    (left,) = data_left(wanting(), having(a1={OLD: {"data": "/old/place"}}))
    assert (left.path, left.heir) == ("/old/place", "")
    assert left_text(left).endswith("stay on a1 in /old/place")


def test_a_service_whose_data_directory_changes_on_its_node_is_its_own_successor() -> None:
    desired = wanting("a1")
    (left,) = data_left(desired, having(a1={OLD: {"data": OLD_PATH}}))
    assert (left.path, left.heir, left.heir_path) == (OLD_PATH, OLD, NEW_PATH)
    assert data_left(desired, having(a1={OLD: {"data": NEW_PATH}})) == ()


def test_a_service_that_keeps_nothing_moves_without_a_word() -> None:
    assert all_components()["mysql"].keeps
    assert not all_components()["nginx"].keeps
    assert data_left(wanting("a2", component="nginx"), having(a1={"9999/nginx@a1": {}}, a2={})) == ()


def test_another_partys_database_does_not_inherit_data() -> None:
    (left,) = data_left(wanting("a2"), having(a1={"10000/mysql@a1": {}}, a2={}))
    assert left.heir == ""


def test_what_a_limited_deploy_starts_for_the_first_time_is_known() -> None:
    desired = wanting("a1", "a2")
    assert starting_empty(desired, having(a2={})) == (NEW,)
    assert starting_empty(desired, having(a1={}, a2={NEW: {}})) == (OLD,)


def a_plan(*left: LeftData) -> Plan:
    return Plan("demo", (), (), proof=(), left=left)


def test_a_deploy_moves_no_database_without_leave_data() -> None:
    (moved,) = data_left(wanting("a2"), having(a1={OLD: {}}, a2={}))
    with pytest.raises(Refused, match=f"{OLD} \\(a1:{OLD_PATH}\\)") as refusal:
        refuse_left_data(a_plan(moved), DeployOptions())
    assert "--leave-data" in refusal.value.remedy
    refuse_left_data(a_plan(moved), DeployOptions(leave_data=True))
    refuse_left_data(a_plan(replace(moved, heir="")), DeployOptions())


def judged(**changes: Any) -> Plan:
    """A plan for the engine of `preflight_world` alone, whose data were marked before."""
    desired = a_desired()
    engine = desired.services["9999/engine@a1"]
    readings = healthy("a1") | {
        "manifest": {"data": {engine.id.key: a_mark()}, "services": {}},
        "data": {engine.id.key: an_empty_place(entries=1, mark=a_mark(), copy=a_mark(), mount=DATA_DISK) | changes},
    }
    facts = NodeFacts("a1", {name: Fact(value) for name, value in readings.items()}, {}, 0.1)
    manifests = {"a1": readings["manifest"]}
    gone = data_gone(desired, Observed({"a1": facts}, 0.0), manifests)
    state = state_of(engine, facts, manifests["a1"])
    return Plan("demo", (Stage("1", tuple(data_actions(engine, state, DataWish()))),), (), proof=(), gone=gone)


def test_data_that_did_not_move_are_not_mentioned() -> None:
    plan = judged()
    assert (plan.gone, plan.empty) == ((), True)
    refuse_gone_data(plan)


def test_data_that_are_gone_are_in_the_plan_and_refused() -> None:
    plan = judged(entries=None, mark=None, mount=ROOT_DISK)
    text = plan_text(plan)
    for said in (
        "DATA NOT THERE: 9999/engine@a1",
        "/data/fate/data/demo-9999-engine on a1",
        "UUID 2-2 mounted at /data",
    ):
        assert said in text
    assert "now there is no directory (ext4 with UUID 1-1 mounted at /)" in text
    with pytest.raises(Refused, match=r"9999/engine@a1 \(a1:/data/fate/data/demo-9999-engine\)") as refusal:
        refuse_gone_data(plan)
    assert "--adopt-data" in refusal.value.remedy


def test_a_mark_whose_copy_is_lost_is_recorded_again() -> None:
    (stage,) = judged(copy=None).stages
    assert [(action.verb, action.reason) for action in stage.actions] == [
        ("configure", "mark /data/fate/data/demo-9999-engine as the place of its data")
    ]


def test_what_the_operator_decided_is_an_action() -> None:
    engine = a_desired().services["9999/engine@a1"]
    for wish, said in (
        (DataWish(adopt=frozenset({engine.id.key})), "use the data that are in"),
        (DataWish(new=frozenset({engine.id.key})), "start with new data in"),
    ):
        (action,) = data_actions(engine, None, wish)
        assert action.reason.startswith(said)


def test_a_name_must_be_of_one_service_that_keeps_data() -> None:
    desired = a_desired()
    assert data_wish(desired, ["9999/engine@a1"], [], ()).adopt == {"9999/engine@a1"}
    for adopt, new, limit in (
        (["9999/front@a1"], [], ()),
        ([], ["engine-of-mine"], ()),
        (["9999/engine@a1"], ["9999/engine@a1"], ()),
        (["9999/engine@a1"], [], ("a2",)),
    ):
        with pytest.raises(UsageError):
            data_wish(desired, adopt, new, limit)


def test_a_service_starts_empty_only_after_its_name_was_typed() -> None:
    desired = a_desired()
    wish = DataWish(new=frozenset({"9999/engine@a1"}))
    asked: list[str] = []

    def types_the_name(question: str) -> str:
        asked.append(question)
        return "9999/engine@a1"

    confirm_new_data(desired, wish, types_the_name)
    assert "without its data, with an empty /data/fate/data/demo-9999-engine" in asked[0]
    confirm_new_data(desired, wish, None)
    with pytest.raises(Refused, match="nothing was done"):
        confirm_new_data(desired, wish, lambda _question: "yes")


def test_preflight_lets_go_on_only_what_the_operator_decided_about() -> None:
    found = [Finding("DATA_NOT_THERE", "critical", Subject("9999", "a1", key), "gone") for key in ("x", "y")]
    found.append(Finding("PREFLIGHT_ARCH", "critical", Subject(node="a1"), "wrong"))
    left = still_blocking(found, DataWish(adopt=frozenset({"x"})))
    assert [(finding.code, finding.subject.service) for finding in left] == [
        ("DATA_NOT_THERE", "y"),
        ("PREFLIGHT_ARCH", ""),
    ]
