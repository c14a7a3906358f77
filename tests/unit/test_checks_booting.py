"""A node that was just booted is one line; what does not come back by itself is judged as always."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, STORE, Documents, report_of, the_desired
from preflight_world import NOW, an_empty_place

from fatecloud.checks.registry import running_checks
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.finding import Finding
from fatecloud.model.service import Edge

Change = Callable[[Documents], None]
BOOT = NOW - 40
PIDS = {"engine": 101, "front": 102, "store": 201}
WAITS: dict[str, Any] = {"state": "stopped", "sub": "dead", "pid": None, "pids": [], "main": None, "since": None}


def booted(at: float = BOOT, node: str = "a1", **states: dict[str, Any]) -> Change:
    """The node was booted, and these of its services are in these states; the others are back."""

    def change(documents: Documents) -> None:
        documents[node]["clock"]["boot_epoch"] = at
        services = documents[node]["services"]
        for key, state in services.items():
            name = key.partition("/")[2].partition("@")[0]
            state.update(since=at + 9, last_start=at + 9)
            if name in states:
                state.update(WAITS | {"last_start": at - 9000} | states[name])
                documents[node]["listeners"] = [row for row in documents[node]["listeners"] if row["pid"] != PIDS[name]]

    return change


def test_a_node_that_boots_is_one_line_without_a_restart() -> None:
    (finding,) = report_of(booted(engine={}, front={})).findings
    assert (finding.id, finding.severity) == ("NODE_REBOOTED@a1", "critical")
    assert finding.symptom == "it was booted 40 s ago, and 2 of its 2 services are not back yet"
    assert finding.evidence == (f"{ENGINE}: stopped", f"{FRONT}: stopped")
    assert not any("start" in str(line) for line in finding.remedy)


def test_a_service_that_ends_until_what_it_needs_is_there_is_part_of_the_boot() -> None:
    again = {"state": "starting", "sub": "auto-restart", "restarts": 3, "last_start": NOW - 8}
    assert [f.code for f in report_of(booted(engine=again)).findings] == ["NODE_REBOOTED"]


def test_a_node_whose_services_are_back_is_healthy() -> None:
    assert report_of(booted()).findings == ()


LOADS = Code("X_LOADS", "critical", "Not all that it needs is loaded yet.")


@service_check(LOADS, component="engine")
def loads(view: ServiceView) -> Iterator[Finding]:
    yield Finding(LOADS.name, LOADS.severity, view.subject, "it loads")


@pytest.mark.parametrize(("at", "held"), [(NOW - 30, True), (NOW - 60, False)])
def test_what_a_service_lacks_just_after_the_boot_is_held_back(at: float, *, held: bool) -> None:
    report = report_of(booted(at), specs=[*running_checks(), loads])
    assert ([f.code for f in report.findings], ENGINE in report.settling) == ([] if held else ["X_LOADS"], False)


def test_what_is_not_back_after_minutes_is_judged_by_itself() -> None:
    assert [f.id for f in report_of(booted(NOW - 400, engine={})).findings] == [f"SERVICE_STOPPED@{ENGINE}"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"enabled": False}, "SERVICE_STOPPED"),
        ({"last_start": NOW - 20}, "SERVICE_STOPPED"),
        ({"state": "failed", "result": "exit-code", "exit": 1}, "SERVICE_FAILED"),
        ({"result": "supervisord does not run"}, "SERVICE_STOPPED"),
    ],
    ids=["disabled", "stopped since the boot", "failed", "nothing starts supervisord"],
)
def test_what_no_boot_brings_back_is_judged_as_always(state: dict[str, Any], code: str) -> None:
    assert code in {f.code for f in report_of(booted(engine=state)).findings}


def test_a_disk_that_is_missing_after_a_boot_is_the_root_and_not_the_boot() -> None:
    def change(documents: Documents) -> None:
        booted(engine={})(documents)
        documents["a1"]["data"][ENGINE] = an_empty_place()

    report = report_of(change)
    assert [f.id for f in report.findings if not f.caused_by] == [f"DATA_NOT_THERE@{ENGINE}"]
    assert "NODE_REBOOTED" not in {f.code for f in report.findings}


@pytest.mark.parametrize("at", [BOOT, NOW - 400], ids=["while the node boots", "minutes later"])
def test_what_the_boot_did_not_get_to_start_is_explained_by_the_disk_that_what_it_needs_lacks(at: float) -> None:
    def change(documents: Documents) -> None:
        booted(at, engine={}, front={})(documents)
        documents["a1"]["data"][ENGINE] = an_empty_place()

    report = report_of(change, desired=needs(FRONT, ENGINE))
    assert [f.id for f in report.findings if not f.caused_by] == [f"DATA_NOT_THERE@{ENGINE}"]
    (front,) = [f for f in report.findings if f.subject.service == FRONT]
    assert front.code == "SERVICE_STOPPED"
    assert "and the boot has not got to start it" in front.cause


@pytest.mark.parametrize(
    "change",
    [{"enabled": False}, {"last_start": BOOT + 20}],
    ids=["disabled", "stopped since the boot"],
)
def test_what_was_stopped_by_hand_is_a_root_beside_the_disk_that_what_it_needs_lacks(change: dict[str, Any]) -> None:
    def both(documents: Documents) -> None:
        booted(engine={}, front=change)(documents)
        documents["a1"]["data"][ENGINE] = an_empty_place()

    report = report_of(both, desired=needs(FRONT, ENGINE))
    assert f"SERVICE_STOPPED@{FRONT}" in {f.id for f in report.findings if not f.caused_by}


def test_a_service_that_lost_its_data_holds_back_only_those_that_need_it() -> None:
    def change(documents: Documents) -> None:
        booted(engine={}, front={})(documents)
        documents["a1"]["data"][ENGINE] = an_empty_place()

    roots = {f.id for f in report_of(change).findings if not f.caused_by}
    assert roots == {f"DATA_NOT_THERE@{ENGINE}", "NODE_REBOOTED@a1"}


@pytest.mark.parametrize(("asks", "held"), [(True, True), (False, False)], ids=["asks it", "has nothing to do with it"])
def test_a_service_that_is_back_is_judged_while_another_comes_up_that_it_does_not_ask(
    *, asks: bool, held: bool
) -> None:
    desired = needs(ENGINE, FRONT) if asks else the_desired()
    report = report_of(booted(NOW - 60, front={}), desired=desired, specs=[*running_checks(), loads])
    assert ("X_LOADS" not in {f.code for f in report.findings}) is held


def test_a_service_that_we_started_since_the_boot_is_judged_as_always() -> None:
    def change(documents: Documents) -> None:
        booted(engine={"state": "starting", "sub": "auto-restart", "restarts": 3})(documents)
        documents["a1"]["manifest"]["services"][ENGINE]["at"] = NOW - 20

    assert [f.id for f in report_of(change).findings] == [f"SERVICE_RESTARTING@{ENGINE}"]


def test_drift_shows_while_a_node_boots() -> None:
    def change(documents: Documents) -> None:
        booted(engine={})(documents)
        next(iter(documents["a1"]["files"].values()))["sha256"] = "6" * 64

    assert {f.code for f in report_of(change).findings} == {"NODE_REBOOTED", "FILE_DRIFTED"}


def needs(source: str, target: str) -> Desired:
    """One service cannot do without another one of its node, and asks nothing else."""
    desired = the_desired()
    edge = Edge(source, target, "database", Endpoint("127.0.0.1", 9380), probe="engine.api")
    service = replace(desired.services[source], edges=(edge,))
    return replace(desired, services={**desired.services, source: service})


def asks_store() -> Desired:
    desired = the_desired()
    edge = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.api")
    engine = replace(desired.services[ENGINE], edges=(edge,))
    return replace(desired, services={**desired.services, ENGINE: engine})


def test_who_waits_on_another_node_for_a_boot_is_part_of_it() -> None:
    def change(documents: Documents) -> None:
        booted(node="a2", store={})(documents)
        documents["a1"]["services"][ENGINE].update(state="starting", sub="auto-restart", restarts=3, since=None)

    assert [f.id for f in report_of(change, desired=asks_store()).findings] == ["NODE_REBOOTED@a2"]
