"""What components want of a node before they come to it: each fault raises exactly its code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from component_world import FLOW, before, desired
from preflight_world import a_desired, no_text, observed

from fatecloud.checks import preflight
from fatecloud.components.declared import component_preflight
from fatecloud.components.flow.preflight import cores
from fatecloud.model.check import Code, ServiceView, preflight_check
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.workflow.preflight import reading

OVERCOMMIT = "vm.overcommit_memory"
CODE = Code("PREFLIGHT_ENGINE", "critical", "The kernel gives the engine no memory.")


@preflight_check(CODE, component="engine", sysctl=(OVERCOMMIT,), tools=("engine-admin",))
def gives_memory(view: ServiceView) -> Iterator[Finding]:
    if view.fact("sysctl")[OVERCOMMIT] != "1":
        yield Finding(CODE.name, CODE.severity, view.subject, "no memory")


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine declares a check of its own."""
    preflight.preflight_checks.cache_clear()
    monkeypatch.setattr(preflight, "component_preflight", lambda: (gives_memory,))
    yield
    preflight.preflight_checks.cache_clear()


def test_every_code_of_a_component_says_when_it_is_raised() -> None:
    for spec in component_preflight():
        assert spec.component or spec.early
        assert all(code.name.startswith("PREFLIGHT_") for code in spec.codes) != spec.early


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize(("value", "found"), [("1", []), ("0", ["PREFLIGHT_ENGINE@9999/engine@a1"])])
def test_a_components_check_is_judged_at_its_services_before_anything_is_there(value: str, found: list[str]) -> None:
    report = preflight.judge_preflight(a_desired(), observed({"a1": {"manifest": None, f"sysctl.{OVERCOMMIT}": value}}))
    assert [finding.id for finding in report.findings] == found
    assert len(preflight.blocking(report)) == len(found)


@pytest.mark.usefixtures("declared")
def test_what_a_components_check_reads_is_asked_where_its_services_will_be() -> None:
    asked = reading(a_desired(), no_text)
    assert [OVERCOMMIT in asked[node]["sysctl"] for node in ("a1", "a2")] == [True, False]
    assert [node for node in asked if "engine-admin" in asked[node]["tools"]] == ["a1"]
    assert "tar" in asked["a2"]["tools"]


def test_jobs_that_ask_for_more_cores_than_the_node_has_are_a_warning() -> None:
    (found,) = before(cores, FLOW, cpu={"cores": 1})
    assert (found.id, found.severity) == (f"PREFLIGHT_CORES@{FLOW}", "warning")
    assert found.remedy
    assert before(cores, FLOW, cpu={"cores": 64}) == []


def test_where_the_inventory_gives_the_cores_preflight_believes_it() -> None:
    service = desired().services[FLOW]
    known = replace(service, facts={**service.facts, "cores_known": True})
    seen = NodeFacts("a1", {"cpu": Fact({"cores": 1})}, {}, 0.5)
    assert list(cores.function(ServiceView(desired(), Observed({}, 0.0), seen, known))) == []
