"""What a run changes at this moment is settling: stopped for its restart, not yet written, not yet restarted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from check_world import CONF, ENGINE, FRONT, SHA, STORE, Documents, a_file, a_main, report_of, the_desired
from preflight_world import NOW, a_load

from fatecloud.checks.registry import running_checks
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.finding import Finding, Report
from fatecloud.model.lease import KILLED
from fatecloud.model.observed import ProbeAnswer
from fatecloud.model.service import Drain, Edge, NodeProbe, Objects

BUSY = a_load(cores=2, load1=30.2, pressure={"cpu": 99.0, "memory": 0.0, "io": 0.0})
LATE = ProbeAnswer(None, None, "timeout after 10 s", 10.0)
LOGIN = Code("X_LOGIN", "critical", "The store refuses the engine's password.", ("database",))


@service_check(LOGIN, component="engine")
def logs_in(view: ServiceView) -> Iterator[Finding]:
    yield Finding(LOGIN.name, LOGIN.severity, view.subject, "refused", about=STORE)


def lease(**changes: Any) -> dict[str, Any]:
    return {"run": "r1", "owner": "ann", "controller": "c", "process": {}, "expires": NOW + 60} | changes


def judged(documents_change: Any, *, desired: Desired | None = None, more: Any = (), settle: float = 30) -> Report:
    return report_of(documents_change, desired=desired, specs=[*running_checks(), *more], settle=settle)


def stopped(begun: float | None = NOW - 5, **state: Any) -> Any:
    def change(documents: Documents) -> None:
        down = {"state": "stopping", "sub": "stop-sigterm", "since": None, "main": a_main(101)}
        documents["a1"]["services"][ENGINE].update(down | state)
        documents["a1"]["listeners"] = documents["a1"]["listeners"][1:]
        documents["a1"]["lease"] = lease(changing={} if begun is None else {ENGINE: begun})

    return change


def test_what_a_killed_run_has_begun_is_judged() -> None:
    def change(documents: Documents) -> None:
        stopped()(documents)
        documents["a1"]["lease"] |= {KILLED: True}

    report = judged(change)
    assert (report.settling, report.runs) == ((), ())
    assert report.findings


@pytest.mark.parametrize(
    "state",
    [{}, {"state": "stopped"}, {"state": "starting", "sub": "start-pre"}, {"state": "running", "since": NOW - 90}],
    ids=["stopping", "between", "before its main process", "slow to listen"],
)
def test_a_service_that_a_run_restarts_settles_until_it_serves(state: dict[str, Any]) -> None:
    report = judged(stopped(NOW - 100, **state))
    assert (report.findings, report.settling, report.exit_status) == ((), (ENGINE,), 0)


@pytest.mark.parametrize(("passed", "settling"), [(5, (ENGINE,)), (29, (ENGINE,)), (31, ())])
def test_a_process_from_before_may_be_on_its_way_down_and_still_answer(
    passed: float, settling: tuple[str, ...]
) -> None:
    def change(documents: Documents) -> None:
        documents["a1"]["lease"] = lease(changing={ENGINE: NOW - passed})

    report = judged(change, more=[logs_in])
    assert (report.settling, bool(report.findings)) == (settling, not settling)


@pytest.mark.parametrize(
    ("load", "passed", "settling"),
    [(a_load(), 1.2, ()), (BUSY, 1.2, (ENGINE,)), (BUSY, 2.2, ())],
    ids=["too long", "not on a loaded node", "too long there too"],
)
def test_a_service_of_a_loaded_node_may_take_longer_to_come_up(
    load: dict[str, Any], passed: float, settling: tuple[str, ...]
) -> None:
    deadline = the_desired().services[ENGINE].readiness_deadline + 60

    def change(documents: Documents) -> None:
        stopped(NOW - passed * deadline, state="running", since=NOW - 90)(documents)
        documents["a1"]["load"] = load

    report = judged(change)
    assert (report.settling, bool(report.findings)) == (settling, not settling)


@pytest.mark.parametrize(
    ("begun", "state", "code"),
    [
        (None, {}, "SERVICE_STOPPED"),
        (NOW - 1e5, {}, "SERVICE_STOPPED"),
        (NOW + 500, {}, "SERVICE_STOPPED"),
        (NOW - 5, {"state": "failed"}, "SERVICE_FAILED"),
        (NOW - 5, {"state": "running", "restarts": 1, "since": NOW - 1}, "SERVICE_CRASHED"),
        (NOW - 5, {"state": "running", "main": a_main(101, state="T", frozen=True)}, "SERVICE_HUNG"),
    ],
    ids=["not by the run", "far too long", "in the future", "failed", "ended again", "frozen"],
)
def test_what_does_not_come_up_is_a_fault_during_a_run_too(
    begun: float | None, state: dict[str, Any], code: str
) -> None:
    assert code in {finding.code for finding in judged(stopped(begun, **state)).findings}


def test_without_the_lease_and_in_the_check_of_a_run_itself_nothing_is_held() -> None:
    def over(documents: Documents) -> None:
        stopped()(documents)
        documents["a1"]["lease"]["expires"] = NOW - 1

    assert "SERVICE_STOPPED" in {finding.code for finding in judged(over).findings}
    assert "SERVICE_STOPPED" in {finding.code for finding in judged(stopped(), settle=0).findings}


def edited(**noted: Any) -> Any:
    def change(documents: Documents) -> None:
        documents["a1"]["manifest"]["files"][CONF]["digest"] = "e" * 64
        documents["a1"]["services"][FRONT].update(started={CONF: "a" * 64})
        documents["a1"]["lease"] = lease(**noted)

    return change


@pytest.mark.parametrize(
    ("noted", "codes"),
    [
        ({}, {"DEPLOY_PENDING", "RESTART_PENDING"}),
        ({"deploys": [FRONT]}, {"DEPLOY_PENDING"}),
        ({"deploys": [ENGINE, FRONT]}, set()),
        ({"deploys": [ENGINE], "changing": {FRONT: NOW - 5}}, set()),
    ],
)
def test_what_a_deploy_has_yet_to_write_or_to_restart_is_not_reported(noted: dict[str, Any], codes: set[str]) -> None:
    assert {finding.code for finding in judged(edited(**noted)).findings} == codes


@pytest.mark.parametrize(
    ("deploys", "changing", "held"),
    [
        ([ENGINE, STORE], {STORE: NOW - 90}, True),
        ([ENGINE, STORE], {}, False),
        ([STORE], {STORE: NOW - 90}, False),
        ([ENGINE, STORE], {STORE: NOW - 90, ENGINE: NOW - 60}, False),
    ],
    ids=["its turn comes", "the store is as before", "it is not part of it", "its turn was"],
)
def test_a_password_that_the_neighbour_has_already_is_not_a_fault_before_the_services_turn(
    deploys: list[str], changing: dict[str, float], *, held: bool
) -> None:
    """The lease of each node names the services of that node."""
    desired = the_desired()
    edge = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.api")
    engine = replace(desired.services[ENGINE], edges=(edge,))
    desired = replace(desired, services={**desired.services, ENGINE: engine})

    def change(documents: Documents) -> None:
        for node in ("a1", "a2"):
            mine = [key for key in deploys if key.endswith(node)]
            begun = {key: at for key, at in changing.items() if key.endswith(node)}
            documents[node]["lease"] = lease(deploys=mine, changing=begun)

    report = judged(change, desired=desired, more=[logs_in])
    assert ([finding.code for finding in report.findings] == []) is held
    assert (ENGINE in report.settling) is held


@pytest.mark.parametrize(("applied", "held"), [("f" * 64, True), (None, True), ("", False)])
def test_a_service_settles_until_its_new_accounts_are_made(applied: str | None, *, held: bool) -> None:
    """A broker answers before it has the new password of an account."""
    record = f"{CONF}.applied"
    desired = the_desired()
    made = Objects("/script", (CONF,), record)
    desired = replace(desired, services={**desired.services, ENGINE: replace(desired.services[ENGINE], objects=made)})
    right = hashlib.sha256(made.record({CONF: SHA}).encode()).hexdigest()

    def change(documents: Documents) -> None:
        documents["a1"]["files"][record] = a_file() | {"sha256": right if applied == "" else applied}
        documents["a1"]["lease"] = lease(changing={ENGINE: NOW - 60})

    report = judged(change, desired=desired, more=[logs_in])
    assert ([finding.code for finding in report.findings] == []) is held


@pytest.mark.parametrize(("left", "held"), [(["a service"], True), ([], False), (None, False)])
def test_a_service_settles_until_it_has_taken_back_what_it_left_to_others(
    left: list[str] | None, *, held: bool
) -> None:
    desired = the_desired()
    leave, join, of_checks = (NodeProbe(f"engine.{name}", ("true",)) for name in ("leave", "join", "left"))
    engine = replace(desired.services[ENGINE], drain=Drain(leave, join, of_checks, deadline=60))
    desired = replace(desired, services={**desired.services, ENGINE: engine})

    def change(documents: Documents) -> None:
        answer = ProbeAnswer(0, {"ok": True, "left": left}, None, 0.1)
        documents["a1"]["probes"] |= {f"{ENGINE}:engine.left": answer} if left is not None else {}
        documents["a1"]["lease"] = lease(changing={ENGINE: NOW - 60})

    report = judged(change, desired=desired, more=[logs_in])
    assert ([finding.code for finding in report.findings] == []) is held


@pytest.mark.parametrize(("begun", "held"), [(NOW, True), (NOW + 1.4, True), (NOW + 3, False)])
def test_what_a_run_begins_while_its_node_is_read_may_be_seen_half_way(begun: float, *, held: bool) -> None:
    """The lease is read last: the service was well before, and was stopped while its neighbour asked it."""

    def change(documents: Documents) -> None:
        documents["a2"]["lease"] = lease(changing={STORE: begun})

    report = judged(change, more=[logs_in])
    assert ([finding.code for finding in report.findings] == []) is held


def test_a_file_that_a_run_has_just_written_is_not_an_edit_by_hand() -> None:
    def change(documents: Documents) -> None:
        documents["a1"]["files"][CONF]["sha256"] = "b" * 64
        documents["a1"]["manifest"]["pending"] = {CONF: "b" * 64}
        documents["a1"]["lease"] = lease(changing={ENGINE: NOW - 1})

    assert judged(change).findings == ()


def test_late_answers_of_a_service_that_comes_up_accuse_no_loaded_node() -> None:
    def change(documents: Documents) -> None:
        stopped(state="running", since=NOW - 90)(documents)
        documents["a1"]["load"] = BUSY
        documents["a1"]["probes"][f"{ENGINE}:engine.api"] = LATE

    assert judged(change).findings == ()
