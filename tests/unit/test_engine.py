"""What the engine does for every check: absent facts, crashes, prerequisites, causes, settling, selection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, STORE, Documents, a_listener, a_main, report_of, the_desired
from preflight_world import NOW

from fatecloud.checks.engine import EVERY_CHECK
from fatecloud.checks.registry import running_checks
from fatecloud.model.check import CheckSpec, Code, NodeView, ServiceView, node_check, service_check
from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.finding import Finding, Severity
from fatecloud.model.observed import Unreachable
from fatecloud.model.remedy import Edit, Run
from fatecloud.model.service import Edge, NodeProbe, Process
from fatecloud.model.wanted import Wanted
from fatecloud.report.document import report_document
from fatecloud.report.look import Look
from fatecloud.report.table import table

DATABASE = Code("X_DATABASE", "critical", "The database does not answer.", ("database",))
OWN = Code("X_OWN", "critical", "Something of its own.")
BASE = Code("X_BASE", "critical", "The base of others.")
TOP = Code("X_TOP", "warning", "Rests on the base.")


def raised(view: NodeView, code: Code, about: str = "") -> Finding:
    return Finding(code.name, code.severity, view.subject, "broken", about=about)


@service_check(DATABASE, component="engine")
def asks_database(view: ServiceView) -> Iterator[Finding]:
    yield raised(view, DATABASE)


@service_check(TOP, after=("X_BASE",))
def top(view: ServiceView) -> Iterator[Finding]:
    yield raised(view, TOP)


@service_check(BASE, component="engine")
def base(view: ServiceView) -> Iterator[Finding]:
    yield raised(view, BASE)


def stop_store(documents: Documents) -> None:
    documents["a2"]["services"][STORE].update(state="stopped", pid=None, pids=[])
    documents["a2"]["listeners"] = []


def test_a_fact_that_failed_is_reported_once_per_node_and_not_once_per_service() -> None:
    report = report_of(absent={"services": "timeout after 8 s"})
    assert [f.id for f in report.findings] == ["FACT_ABSENT@a1", "FACT_ABSENT@a2"]
    assert report.findings[0].evidence == ("services: timeout after 8 s",)
    assert "timeout after 8 s" in report.findings[0].symptom
    assert report.exit_status == 3
    assert report.passed > 0


def test_two_absent_facts_of_one_subject_make_one_finding_with_both_reasons() -> None:
    report = report_of(absent={"memory": "no", "disk": "hung"})
    assert [len(f.evidence) for f in report.findings] == [2, 2]


def test_a_probe_that_did_not_run_is_reported_for_its_service() -> None:
    report = report_of(lambda documents: documents["a1"]["probes"].clear())
    assert [f.id for f in report.findings] == [f"FACT_ABSENT@{ENGINE}"]


def test_a_check_that_crashes_costs_no_other_answer() -> None:
    @node_check(OWN)
    def crashes(view: NodeView) -> Iterator[Finding]:
        yield raised(view, OWN)
        raise ZeroDivisionError("boom")

    report = report_of(specs=[crashes, *running_checks()])
    crash = next(f for f in report.findings if f.code == "CHECK_CRASHED")
    assert crash.severity == "unknown"
    assert "crashes failed: ZeroDivisionError: boom" in crash.symptom
    assert {f.code for f in report.findings} == {"CHECK_CRASHED", "X_OWN"}
    assert report.passed == report_of().passed


def test_checks_after_a_raised_code_are_skipped_and_name_it_in_any_order() -> None:
    for specs in ([top, base], [base, top]):
        report = report_of(specs=specs)
        assert [f.id for f in report.findings] == [f"X_BASE@{ENGINE}", f"X_TOP@{FRONT}", f"X_TOP@{STORE}"]
        assert [(s.check, str(s.subject), s.reason) for s in report.skipped] == [("top", ENGINE, "X_BASE")]


def test_a_skipped_check_skips_what_rests_on_it_for_the_first_reason() -> None:
    def stop(documents: Documents) -> None:
        documents["a1"]["services"][ENGINE].update(state="stopped", pid=None, pids=[])
        documents["a1"]["listeners"] = documents["a1"]["listeners"][1:]

    report = report_of(stop, specs=[*running_checks(), base, top])
    mine = [(s.check, s.reason) for s in report.skipped if s.check in ("base", "top")]
    assert mine == [("base", "SERVICE_STOPPED"), ("top", "SERVICE_STOPPED")]
    assert [f.id for f in report.findings if str(f.subject) == ENGINE] == [f"SERVICE_STOPPED@{ENGINE}"]


def test_a_nodes_finding_skips_the_checks_of_its_services() -> None:
    report = report_of(lambda documents: documents["a1"].update(manifest=None))
    assert {s.reason for s in report.skipped} == {"MANIFEST_ABSENT"}
    assert {str(s.subject) for s in report.skipped} == {"a1", ENGINE, FRONT}


def test_a_node_that_gave_no_document_is_one_finding() -> None:
    remedies = (Run("ssh-copy-id ops@10.0.0.1"),)
    lost = {"a1": Unreachable("a1", "NODE_AUTH_FAILED", "refused the key", remedies, 0.2)}
    report = report_of(lost=lost)
    assert [(f.id, f.severity, f.symptom) for f in report.findings] == [
        ("NODE_AUTH_FAILED@a1", "unknown", "refused the key")
    ]
    assert report.findings[0].remedy == remedies
    assert [(s.check, str(s.subject)) for s in report.skipped] == [(EVERY_CHECK, ENGINE), (EVERY_CHECK, FRONT)]
    assert report.exit_status == 3


def test_a_jump_host_is_one_problem_however_many_nodes_are_behind_it() -> None:
    lost = {
        name: Unreachable(name, "JUMP_HOST_FAILED", "jump host gate: no answer", (Edit("start it"),))
        for name in ("a1", "a2")
    }
    first, second = report_of(lost=lost).findings
    assert (first.id, first.caused_by, first.severity) == ("JUMP_HOST_FAILED@a1", (), "critical")
    assert (second.id, second.caused_by) == ("JUMP_HOST_FAILED@a2", (first.id,))
    apart = {name: Unreachable(name, "JUMP_HOST_FAILED", f"jump host {name}") for name in ("a1", "a2")}
    assert [finding.caused_by for finding in report_of(lost=apart).findings] == [(), ()]


def test_a_report_says_whose_run_is_changing_which_nodes() -> None:
    def hold(documents: dict[str, Any], *, expired: bool) -> None:
        for facts in documents.values():
            left = -5 if expired else 900
            facts["lease"] = {"owner": "ada@ops1", "run": "r7", "expires": facts["clock"]["epoch"] + left}

    report = report_of(lambda documents: hold(documents, expired=False))
    assert report.runs == ("ada@ops1 is changing a1, a2 now (run r7): findings there may be its work in progress",)
    assert report.runs[0] in table(report, Look(width=200))
    assert report_document(report)["runs"] == list(report.runs)
    assert report_of(lambda documents: hold(documents, expired=True)).runs == ()


def test_a_stopped_service_explains_what_asks_it() -> None:
    report = report_of(stop_store, specs=[*running_checks(), asks_database])
    root, dependant = report.findings
    assert (root.id, root.caused_by) == (f"SERVICE_STOPPED@{STORE}", ())
    assert (dependant.id, dependant.caused_by) == (f"X_DATABASE@{ENGINE}", (root.id,))


def test_a_lost_node_explains_what_asks_its_services() -> None:
    lost = {"a2": Unreachable("a2", "NODE_UNREACHABLE", "no route")}
    report = report_of(lost=lost, specs=[asks_database])
    assert report.findings[1].caused_by == ("NODE_UNREACHABLE@a2",)


@pytest.mark.parametrize(
    ("explained_by", "about"),
    [(("broker",), ""), ((), ""), (("database",), "9999/other@a2")],
    ids=["another kind of edge", "no edge", "another target"],
)
def test_a_finding_that_is_not_about_the_edge_stays_a_root(explained_by: tuple[str, ...], about: str) -> None:
    code = Code("X_OTHER", "critical", "Another.", explained_by)

    @service_check(code, component="engine")
    def other(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, code, about=about)

    report = report_of(stop_store, specs=[*running_checks(), other])
    assert {f.id: f.caused_by for f in report.findings} == {
        f"SERVICE_STOPPED@{STORE}": (),
        f"X_OTHER@{ENGINE}": (),
    }


@pytest.mark.parametrize("about", ["9999/", "9999/store@a2", ""])
def test_a_finding_may_be_about_all_services_of_a_party(about: str) -> None:
    code = Code("X_OTHER", "critical", "Another.", ("database",))

    @service_check(code, component="engine")
    def other(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, code, about=about)

    report = report_of(stop_store, specs=[*running_checks(), other])
    assert [f.caused_by for f in report.findings if f.code == "X_OTHER"] == [(f"SERVICE_STOPPED@{STORE}",)]


@pytest.mark.parametrize(
    ("about", "explained"),
    [("9999/", True), ("9999/ 9999/store@a2", True), ("9999/ 10000/", False), ("10000/ 9999/", False)],
)
def test_a_finding_about_several_is_explained_only_if_each_has_its_cause(about: str, *, explained: bool) -> None:
    code = Code("X_OTHER", "critical", "Another.", ("database",))
    top = Code("X_TOP", "critical", "Rests on it.", ("X_OTHER",))

    @service_check(code, component="engine")
    def other(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, code, about=about)

    @service_check(top, component="engine")
    def more(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, top, about="9999/ 10000/")

    report = report_of(stop_store, specs=[*running_checks(), other, more])
    found = {f.code: bool(f.caused_by) for f in report.findings}
    assert found == {"SERVICE_STOPPED": False, "X_OTHER": explained, "X_TOP": "10000/" in about}


@pytest.mark.parametrize(
    ("about", "held"), [(f"{ENGINE} {STORE}", False), (ENGINE, True), ("9999/", True), (STORE, False), ("", False)]
)
def test_findings_about_a_service_are_held_back_while_it_settles(about: str, *, held: bool) -> None:
    code = Code("X_OTHER", "critical", "Another.", ("database",))

    @service_check(code, component="front")
    def other(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, code, about=about)

    report = report_of(started(NOW - 12, NOW - 10), specs=[*running_checks(), other], settle=60)  # type: ignore[arg-type]
    assert ("X_OTHER" in {f.code for f in report.findings}) != held


@pytest.mark.parametrize(
    ("at", "probe", "held"),
    [(NOW - 12, "engine.database", True), (NOW - 92, "engine.database", False), (NOW - 12, "engine.api", False)],
)
def test_what_an_edge_answered_is_held_back_while_its_other_end_settles(at: float, probe: str, *, held: bool) -> None:
    """The question may have come before the start, and the look at the other end after it."""
    code = Code("X_OTHER", "critical", "Another.", ("database",))

    @service_check(code, component="engine")
    def other(view: ServiceView) -> Iterator[Finding]:
        yield replace(raised(view, code), source=f"probe {probe}")

    def change(documents: Documents) -> None:
        documents["a2"]["services"][STORE].update(since=at + 2)
        documents["a2"]["manifest"]["services"][STORE]["at"] = at

    report = report_of(change, specs=[*running_checks(), other], settle=60)
    assert [f.code for f in report.findings] == ([] if held else ["X_OTHER"])


def test_a_component_with_an_edge_that_no_probe_asks_over_is_refused() -> None:
    edge = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.database")
    with pytest.raises(ValueError, match=r"9999/engine@a1 -> 9999/store@a2 \(database\): no probe named"):
        Wanted(
            process=Process(("x",)), files=(), directories={}, edges=(edge,), probes=(NodeProbe("engine.api", ("x",)),)
        )
    asked = NodeProbe("engine.database", ("x",), carries=1400)
    assert Wanted(process=Process(("x",)), files=(), directories={}, edges=(edge,), probes=(asked,)).edges == (edge,)


@pytest.mark.parametrize(("severity", "explains"), [("critical", True), ("unknown", True), ("warning", False)])
def test_a_critical_finding_explains_and_what_could_not_be_read(severity: Severity, *, explains: bool) -> None:
    code = Code("X_STORE", severity, "Of the store.")

    @service_check(code, component="store")
    def store(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, code)

    found = {f.code: f.caused_by for f in report_of(specs=[asks_database, store]).findings}
    assert found == {"X_STORE": (), "X_DATABASE": (f"X_STORE@{STORE}",) if explains else ()}


def circle() -> Desired:
    """Engine and store need each other, front needs the engine."""
    desired = the_desired()
    back = Edge(STORE, ENGINE, "database", Endpoint("10.0.0.1", 9380), probe="store.engine")
    upstream = Edge(FRONT, ENGINE, "upstream", Endpoint("10.0.0.1", 9380), probe="front.upstream")
    services = dict(desired.services)
    services[STORE] = replace(services[STORE], edges=(back,))
    services[FRONT] = replace(services[FRONT], edges=(upstream,))
    return replace(desired, services=services)


def test_findings_that_would_explain_each_other_in_a_circle_have_one_root_that_starts_first() -> None:
    @service_check(DATABASE)
    def everybody(view: ServiceView) -> Iterator[Finding]:
        if view.service.id.key != FRONT:
            yield raised(view, DATABASE)

    found = {f.id: f.caused_by for f in report_of(desired=circle(), specs=[everybody]).findings}
    assert found == {f"X_DATABASE@{STORE}": (), f"X_DATABASE@{ENGINE}": (f"X_DATABASE@{STORE}",)}


def test_a_chain_leads_to_its_root_step_by_step_in_any_order_of_checks() -> None:
    upstream = Code("X_UPSTREAM", "critical", "The engine does not answer.", ("*",))

    @service_check(upstream, component="front")
    def front(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, upstream)

    specs = [*running_checks(), asks_database, front]
    orders = (specs, specs[::-1], specs[::2] + specs[1::2])
    reports = [report_of(stop_store, desired=circle(), specs=order).findings for order in orders]
    assert all(findings == reports[0] for findings in reports)
    assert [(f.id, f.caused_by) for f in reports[0]] == [
        (f"SERVICE_STOPPED@{STORE}", ()),
        (f"X_DATABASE@{ENGINE}", (f"SERVICE_STOPPED@{STORE}",)),
        (f"X_UPSTREAM@{FRONT}", (f"X_DATABASE@{ENGINE}",)),
    ]


@pytest.mark.parametrize("other_end", [STORE, FRONT])
def test_who_is_asked_in_vain_explains_the_asker_although_it_needs_the_asker_too(other_end: str) -> None:
    """The engine needs its proxy, and the proxy says that the engine does not answer: the engine ends by itself."""
    asks = Code("X_ASKS", "critical", "The engine does not answer.", ("upstream", "database"))

    @service_check(asks)
    def neighbour(view: ServiceView) -> Iterator[Finding]:
        if view.service.id.key == other_end:
            yield raised(view, asks)

    def end(documents: Documents) -> None:
        documents["a1"]["services"][ENGINE].update(state="starting", sub="auto-restart", restarts=3)

    desired = circle()
    to_front = Edge(ENGINE, FRONT, "proxy", Endpoint("10.0.0.1", 9300), probe="engine.proxy")
    engine = desired.services[ENGINE]
    services = {**desired.services, ENGINE: replace(engine, edges=(*engine.edges, to_front))}
    report = report_of(end, desired=replace(desired, services=services), specs=[*running_checks(), neighbour])
    assert {f.id: f.caused_by for f in report.findings} == {
        f"SERVICE_RESTARTING@{ENGINE}": (),
        f"X_ASKS@{other_end}": (f"SERVICE_RESTARTING@{ENGINE}",),
    }


def test_roots_come_first_and_the_worst_of_them_leads() -> None:
    def change(documents: Documents) -> None:
        documents["a1"]["services"][ENGINE].update(enabled=False)
        documents["a1"]["memory"].update(available=0)
        stop_store(documents)

    findings = report_of(change, specs=[*running_checks(), asks_database]).findings
    assert [f.severity for f in findings] == ["critical", "warning", "warning", "critical"]
    assert [bool(f.caused_by) for f in findings] == [False, False, False, True]


def started(at: float | None, since: float) -> object:
    def change(documents: Documents) -> None:
        documents["a1"]["services"][ENGINE].update(since=since, enabled=False)
        documents["a1"]["listeners"] = documents["a1"]["listeners"][1:]
        if at is not None:
            documents["a1"]["manifest"]["services"][ENGINE]["at"] = at

    return change


@pytest.mark.parametrize("at", [NOW - 12, NOW - 900, None], ids=["ours", "by hand", "never ours"])
def test_after_a_start_runtime_findings_wait_but_others_do_not(at: float | None) -> None:
    report = report_of(started(at, NOW - 10), settle=60)  # type: ignore[arg-type]
    assert report.settling == (ENGINE,)
    assert [f.code for f in report.findings] == ["SERVICE_DISABLED"]


def test_a_start_long_enough_ago_does_not_settle() -> None:
    report = report_of(started(NOW - 92, NOW - 90), settle=60)  # type: ignore[arg-type]
    assert report.settling == ()
    assert "PORT_NOT_LISTENING" in {f.code for f in report.findings}


@pytest.mark.parametrize("held", [True, False], ids=["while the run lasts", "after it"])
@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        ({"main": a_main(101, state="T", frozen=True)}, "SERVICE_HUNG"),
        ({"restarts": 1}, "SERVICE_CRASHED"),
        ({"state": "starting", "sub": "auto-restart"}, "SERVICE_CRASHED"),
        ({"state": "retrying", "sub": "backoff"}, "SERVICE_CRASHED"),
    ],
)
def test_what_shows_that_a_service_does_not_come_up_ends_its_settling(
    evidence: dict[str, Any], code: str, *, held: bool
) -> None:
    def change(documents: Documents) -> None:
        documents["a1"]["services"][ENGINE].update({"since": NOW - 10, **evidence})
        documents["a1"]["manifest"]["services"][ENGINE]["at"] = NOW - 12
        if held:
            documents["a1"]["lease"] = {"run": "r", "owner": "ann", "expires": NOW + 60}

    report = report_of(change, settle=60)
    assert (report.settling, [f.code for f in report.findings]) == ((), [code])


def test_a_selection_keeps_what_explains_its_findings_and_drops_the_rest() -> None:
    def change(documents: Documents) -> None:
        stop_store(documents)
        documents["a1"]["services"][FRONT].update(enabled=False)

    report = report_of(change, specs=[*running_checks(), asks_database], selected=[ENGINE])
    assert [f.id for f in report.findings] == [f"SERVICE_STOPPED@{STORE}", f"X_DATABASE@{ENGINE}"]
    assert 0 < report.passed < report_of(change).passed


@pytest.mark.parametrize(("selected", "number"), [(None, 1), ([ENGINE], 1), ([STORE], 0)])
def test_an_exposure_is_kept_apart_and_changes_nothing_else(selected: list[str] | None, number: int) -> None:
    @service_check(OWN, component="engine")
    def open_to_all(view: ServiceView) -> Iterator[Finding]:
        yield replace(raised(view, OWN), severity="exposure")

    plain = report_of(selected=selected)
    exposed = report_of(specs=[*running_checks(), open_to_all], selected=selected)
    assert len(exposed.exposures) == number
    assert replace(exposed, exposures=()) == replace(plain, passed=plain.passed + number)


def test_nothing_checked_is_not_healthy() -> None:
    nothing = report_of(specs=[replace_scope()])
    assert (nothing.passed, nothing.findings, nothing.exit_status) == (0, (), 3)


def replace_scope() -> CheckSpec:
    @service_check(OWN, component="of no service")
    def never(view: ServiceView) -> Iterator[Finding]:
        yield raised(view, OWN)

    return never


def test_a_full_disk_explains_what_fails_on_its_node_only() -> None:
    def change(documents: Documents) -> None:
        for name, service in (("a1", ENGINE), ("a2", STORE)):
            documents[name]["services"][service].update(state="failed", pid=None, pids=[])
            documents[name]["listeners"] = [row for row in documents[name]["listeners"] if row["pid"] == 102]
        documents["a2"]["disk"] = {path: disk | {"available": 0} for path, disk in documents["a2"]["disk"].items()}

    found = {f.id: f.caused_by for f in report_of(change).findings}
    assert found[f"SERVICE_FAILED@{STORE}"] == ("NODE_DISK_FULL@a2",)
    assert found["NODE_DISK_FULL@a2"] == ()
    assert found[f"SERVICE_FAILED@{ENGINE}"] == (f"SERVICE_FAILED@{STORE}",)  # along its edge, step by step


PEER = Code("X_PEER", "critical", "The other party does not answer.", ("proxy",))


@service_check(PEER, component="front")
def asks_peer(view: ServiceView) -> Iterator[Finding]:
    if view.service.id.owner == "9999":
        yield raised(view, PEER, about="peer:10000")


@pytest.mark.parametrize(
    ("port", "stopped", "explained"),
    [
        (9300, "10000/front@a2", True),
        (9300, "10000/broker@a2", False),
        (5672, "10000/broker@a2", True),
        (9999, "10000/front@a2", True),
        (9999, "10000/broker@a2", False),
    ],
    ids=["its proxy", "something else", "by its port", "translated port, same component", "translated port, another"],
)
def test_a_service_of_another_managed_party_explains_what_asks_that_party(
    port: int,
    stopped: str,
    explained: bool,  # noqa: FBT001
) -> None:
    desired = the_desired()
    front = desired.services[FRONT]
    theirs = replace(front, id=replace(front.id, owner="10000", node="a2"), edges=(), packages={}, java=None)
    broker = replace(
        theirs,
        id=replace(theirs.id, component="broker"),
        ports=(replace(front.ports[0], number=5672),),
    )
    edge = replace(front.edges[0], endpoint=Endpoint("203.0.113.7", port))
    services = {**desired.services, FRONT: replace(front, edges=(edge,))}
    services |= {service.id.key: service for service in (theirs, broker)}

    def change(documents: Documents) -> None:
        states = documents["a2"]["services"]
        for number, service in enumerate((theirs, broker), 301):
            states[service.id.key] = {**states[STORE], "pid": number, "pids": [number]}
            row = a_listener(service.ports[0].number, number)
            documents["a2"]["listeners"] = [*documents["a2"]["listeners"], row]
        states[stopped].update(state="stopped", pid=None, pids=[])
        gone = services[stopped].ports[0].number
        documents["a2"]["listeners"] = [row for row in documents["a2"]["listeners"] if row["port"] != gone]

    report = report_of(change, desired=replace(desired, services=services), specs=[*running_checks(), asks_peer])
    found = {f.id: f.caused_by for f in report.findings}
    assert found == {
        f"SERVICE_STOPPED@{stopped}": (),
        f"X_PEER@{FRONT}": (f"SERVICE_STOPPED@{stopped}",) if explained else (),
    }


def test_a_check_that_found_something_did_not_pass() -> None:
    passing = report_of().passed
    assert report_of(lambda documents: documents["a1"]["services"][ENGINE].update(enabled=False)).passed == passing - 1


def test_a_node_that_was_not_read_is_not_judged() -> None:
    report = report_of(lambda documents: documents.pop("a2"))
    assert report.findings == ()
    assert not [s for s in report.skipped if s.subject.node == "a2"]
