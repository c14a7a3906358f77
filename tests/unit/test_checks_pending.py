"""An inventory that was edited and not deployed is a warning; what was deployed is judged as before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from check_world import CONF, ENGINE, FRONT, NODE_CONF, STORE, Documents, a_listener, report_of, the_desired
from component_world import INVENTORIES
from component_world import desired as resolved
from preflight_world import CLUSTER_ID, a_mark, an_empty_place

from fatecloud.collect.shapes import misshapen
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Report
from fatecloud.model.judged import digests, judged_of
from fatecloud.model.service import NodeProbe

Change = Callable[[Documents], None]
ROUTE = Code("X_ROUTE", "critical", "The engine lacks a route that it should have.")


@service_check(ROUTE, component="engine")
def routes(view: ServiceView) -> Iterator[Finding]:
    if view.service.facts["routes"] != ["10000"]:
        yield Finding(ROUTE.name, ROUTE.severity, view.subject, "no route", cause="it was changed by hand")


def before() -> Desired:
    """What was deployed."""
    desired = the_desired()
    engine = replace(desired.services[ENGINE], facts={"routes": ["10000"]})
    return replace(desired, services={**desired.services, ENGINE: engine})


def edited(**changes: Any) -> Desired:
    """The inventory asks for something else of the engine now, and so for another file."""
    desired = before()
    engine = replace(desired.services[ENGINE], **changes)
    conf = replace(desired.files["a1"][0], digest="0" * 64)
    files = {**desired.files, "a1": (conf, *desired.files["a1"][1:])}
    return replace(desired, services={**desired.services, ENGINE: engine}, files=files)


def recorded(*more: Change) -> Change:
    """The manifest has what a deploy of `before` wrote."""

    def change(documents: Documents) -> None:
        documents["a1"]["manifest"]["services"][ENGINE]["judged"] = judged_of(before().services[ENGINE])
        for one in more:
            one(documents)

    return change


def codes(report: Report) -> list[str]:
    return [finding.id for finding in report.findings]


PENDING_ENGINE = [f"DEPLOY_PENDING@{ENGINE}"]
EDITS: dict[str, dict[str, Any]] = {
    "another port": {"ports": (replace(before().services[ENGINE].ports[0], number=9999),)},
    "another user": {"user": "other"},
    "other data": {"data": "/mnt/else"},
    "other protections": {"protections": {"ProtectHome": "no"}},
    "another fact": {"facts": {"routes": ["10000", "10001"]}},
    "another question": {"probes": (NodeProbe("engine.api", ("python3", "-", "9999"), "print('{}')"),)},
}


@pytest.mark.parametrize("changes", EDITS.values(), ids=EDITS)
def test_an_edit_that_is_not_deployed_is_one_warning(changes: dict[str, Any]) -> None:
    report = report_of(recorded(), desired=edited(**changes), specs=[*running(), routes])
    assert codes(report) == PENDING_ENGINE
    assert report.exit_status == 1


def running() -> list[Any]:
    from fatecloud.checks.registry import running_checks  # noqa: PLC0415 - beside the one use

    return list(running_checks())


def test_routes_that_were_put_back_are_pending_and_name_their_run() -> None:
    def undone(documents: Documents) -> None:
        files = {CONF: dict(documents["a1"]["manifest"]["files"][CONF])}
        version = {"run": "r7", "at": 1.0, "files": files, "undo": True}
        documents["a1"]["manifest"]["earlier"] = {ENGINE: [dict(version, run="r6", undo=False), version]}
        assert not misshapen("manifest", documents["a1"]["manifest"])

    (found,) = report_of(recorded(undone), desired=edited()).findings
    assert (found.code, found.subject.service) == ("DEPLOY_PENDING", ENGINE)
    assert "run r7 put earlier routes back" in found.cause
    assert str(found.remedy[0]) == "in the inventory: let it say what is right"


def test_a_fact_that_was_deployed_is_judged_while_another_edit_is_pending() -> None:
    report = report_of(recorded(), desired=edited(user="other"), specs=[*running(), routes])
    assert "X_ROUTE" not in str(codes(report))
    # The digest of the fact is the deployed one, so the check runs and sees that something else is wrong.
    wrong = replace(ROUTE, name="X_WRONG")

    @service_check(wrong, component="engine")
    def always(view: ServiceView) -> Iterator[Finding]:
        if view.service.facts.get("routes") == ["10000"]:
            yield Finding(wrong.name, wrong.severity, view.subject, "wrong")

    assert f"X_WRONG@{ENGINE}" in codes(report_of(recorded(), desired=edited(user="other"), specs=[*running(), always]))


def test_what_is_wrong_against_the_deployed_state_is_critical_while_an_edit_is_pending() -> None:
    desired = edited(**EDITS["another port"])

    def silent(documents: Documents) -> None:
        documents["a1"]["listeners"] = [a_listener(9300, 102)]

    report = report_of(recorded(silent), desired=desired)
    assert codes(report) == [f"PORT_NOT_LISTENING@{ENGINE}", *PENDING_ENGINE]
    assert "9380" in report.findings[0].symptom


def test_a_stopped_service_and_drift_show_while_an_edit_is_pending() -> None:
    def break_it(documents: Documents) -> None:
        documents["a1"]["services"][ENGINE].update(state="stopped", pid=None, pids=[], main=None)
        documents["a1"]["listeners"] = [a_listener(9300, 102)]
        documents["a1"]["files"][CONF]["sha256"] = "6" * 64

    found = codes(report_of(recorded(break_it), desired=edited(user="other")))
    assert set(found) == {f"SERVICE_STOPPED@{ENGINE}", f"FILE_DRIFTED@{ENGINE}", *PENDING_ENGINE}


def test_without_an_edit_the_record_changes_nothing() -> None:
    def lose(documents: Documents) -> None:
        documents["a1"]["listeners"] = [a_listener(9300, 102)]

    assert codes(report_of(recorded(lose), desired=before())) == [f"PORT_NOT_LISTENING@{ENGINE}"]


def not_there(*keys: str, files: bool = False) -> Change:
    """These services were added to the inventory: no deploy has reached them."""

    def change(documents: Documents) -> None:
        document = documents["a1"]
        for key in keys:
            document["manifest"]["services"].pop(key)
            document["services"][key].update(state="absent", result="not-found", enabled=False, pid=None, pids=[])
        if not files:
            document["manifest"]["files"] = {
                path: entry for path, entry in document["manifest"]["files"].items() if entry["service"] not in keys
            }
        document["data"][ENGINE] = an_empty_place()
        document["files"][CONF] = None
        document["listeners"] = [a_listener(9300, 102)]
        document["probes"] = {}

    return change


def test_a_service_that_was_added_is_pending_and_nothing_else() -> None:
    (finding,) = report_of(not_there(ENGINE)).findings
    assert (finding.id, finding.severity) == (*PENDING_ENGINE, "warning")
    assert finding.symptom.startswith("it is not deployed yet")


def test_a_service_that_a_deploy_left_on_its_way_is_absent() -> None:
    assert f"SERVICE_ABSENT@{ENGINE}" in codes(report_of(not_there(ENGINE, files=True)))


def new_node(**changes: Any) -> Change:
    """Nothing of the cluster is on the first node."""

    def change(documents: Documents) -> None:
        document = documents["a1"]
        document.update(
            manifest=None, listeners=[], logs={}, probes={}, store={"artifacts": {}, "made": {}, "changed": []}
        )
        document.update(data={ENGINE: an_empty_place()}, files={CONF: None, NODE_CONF: None}, users={"app": None})
        for key in (ENGINE, FRONT):
            document["services"][key].update(state="absent", result="not-found", enabled=False, pid=None, pids=[])
        document.update(changes)

    return change


def test_a_node_that_was_added_is_one_warning() -> None:
    (finding,) = report_of(new_node()).findings
    assert (finding.id, finding.severity, finding.symptom) == (
        "DEPLOY_PENDING@a1",
        "warning",
        "nothing is deployed here yet",
    )


ENTRY = {"id": CLUSTER_ID, "cluster": "demo", "node": "a1", "base": "/data/fate", "there": False}


@pytest.mark.parametrize(
    "traces",
    [{"register": [ENTRY]}, {"data": {ENGINE: an_empty_place(copy=a_mark())}}],
    ids=["in the register", "a copy of a mark"],
)
def test_a_node_whose_base_directory_is_lost_is_not_taken_for_a_new_one(traces: dict[str, Any]) -> None:
    found = codes(report_of(new_node(**traces)))
    assert "MANIFEST_ABSENT@a1" in found
    assert not any(code.startswith("DEPLOY_PENDING") for code in found)


def test_a_cluster_of_which_nothing_is_deployed_has_no_new_nodes() -> None:
    def none(documents: Documents) -> None:
        new_node()(documents)
        documents["a2"]["manifest"] = None
        documents["a2"]["services"][STORE].update(state="absent", result="not-found", pid=None, pids=[])

    assert codes(report_of(none)) == ["MANIFEST_ABSENT@a1", "MANIFEST_ABSENT@a2"]


@pytest.mark.parametrize("example", INVENTORIES)
def test_what_is_recorded_survives_the_manifest_and_fits_its_shape(example: str) -> None:
    for service in resolved(example).services.values():
        record = json.loads(json.dumps(judged_of(service)))
        assert record["parts"] == digests(service)
        assert not misshapen("manifest", {"services": {service.id.key: {"judged": record}}})
        assert "@@fatecloud:" not in json.dumps(record)
