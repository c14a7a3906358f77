"""No deploy carries data over: a plan says which stay behind, and a deploy wants to be told so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from preflight_world import a_desired, a_service

from fatecloud.components.registry import all_components
from fatecloud.errors import Refused
from fatecloud.model.desired import Desired
from fatecloud.model.plan import LeftData, Plan
from fatecloud.plan.data import data_left, starting_anew
from fatecloud.report.plan import left_text
from fatecloud.workflow.deploy import DeployOptions
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


def test_where_the_data_are_tells_the_manifest_better_than_an_inventory_that_changed() -> None:
    (left,) = data_left(wanting(), having(a1={OLD: {"data": "/old/place"}}))
    assert (left.path, left.heir) == ("/old/place", "")
    assert left_text(left).endswith("stay on a1 in /old/place")


def test_a_service_that_shall_keep_its_data_elsewhere_on_its_node_is_its_own_heir() -> None:
    desired = wanting("a1")
    (left,) = data_left(desired, having(a1={OLD: {"data": OLD_PATH}}))
    assert (left.path, left.heir, left.heir_path) == (OLD_PATH, OLD, NEW_PATH)
    assert data_left(desired, having(a1={OLD: {"data": NEW_PATH}})) == ()


def test_a_service_that_keeps_nothing_moves_without_a_word() -> None:
    keeping = {name for name, component in all_components().items() if component.keeps}
    assert keeping == {"flow", "mysql", "rabbitmq"}
    assert data_left(wanting("a2", component="nginx"), having(a1={"9999/nginx@a1": {}}, a2={})) == ()


def test_another_partys_database_is_nobodys_heir() -> None:
    (left,) = data_left(wanting("a2"), having(a1={"10000/mysql@a1": {}}, a2={}))
    assert left.heir == ""


def test_what_a_limited_deploy_starts_for_the_first_time_is_known() -> None:
    desired = wanting("a1", "a2")
    assert starting_anew(desired, having(a2={})) == (NEW,)
    assert starting_anew(desired, having(a1={}, a2={NEW: {}})) == (OLD,)


def a_plan(*left: LeftData) -> Plan:
    return Plan("demo", (), (), proof=False, left=left)


def test_a_deploy_moves_no_database_before_it_is_told_to_leave_the_data() -> None:
    (moved,) = data_left(wanting("a2"), having(a1={OLD: {}}, a2={}))
    with pytest.raises(Refused, match=f"{OLD} \\(a1:{OLD_PATH}\\)") as refusal:
        refuse_left_data(a_plan(moved), DeployOptions())
    assert "--leave-data" in refusal.value.remedy
    refuse_left_data(a_plan(moved), DeployOptions(leave_data=True))
    refuse_left_data(a_plan(replace(moved, heir="")), DeployOptions())
