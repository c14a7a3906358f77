"""Of a fault and what follows from it, the fault leads, first and alone: a case for each rule of precedence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import pytest
from check_world import (
    CONF,
    ENGINE,
    FRONT,
    STORE,
    Documents,
    a_main,
    report_of,
    the_desired,
)
from preflight_world import NOW

from fatecloud.checks.circles import chains
from fatecloud.checks.registry import running_checks
from fatecloud.model.check import CheckSpec, Code, NodeView, ServiceView, node_check, service_check
from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.finding import Finding, Report
from fatecloud.model.observed import ProbeAnswer, Unreachable
from fatecloud.model.remedy import Run
from fatecloud.model.service import Edge

Change = Callable[[Documents], object]

DATABASE = Code("X_DATABASE", "critical", "The database does not answer.", ("database", "node"))
UPSTREAM = Code("X_UPSTREAM", "critical", "The engine does not answer.", ("upstream",))
PROXY = Code("X_PROXY", "critical", "The proxy does not answer.", ("proxy",))
LOADED = Code("X_LOADED", "warning", "The node is under load.", settles=False, underlies=True)


def raising(code: Code, *keys: str, about: str = "", began: float | None = None) -> CheckSpec:
    """A check that raises a code at the services, or nodes, with these keys."""

    def function(view: NodeView) -> Iterator[Finding]:
        if str(view.subject) in keys:
            yield Finding(
                code.name, code.severity, view.subject, "broken", remedy=(Run("x"),), about=about, began=began
            )

    service = "@" in keys[0]
    return service_check(code)(function) if service else node_check(code)(function)


def wired() -> Desired:
    """Engine asks the store and, through its proxy, others; the proxy passes requests to the engine."""
    desired = the_desired()
    services = dict(desired.services)
    proxy = Edge(ENGINE, FRONT, "proxy", Endpoint("10.0.0.1", 9300), probe="engine.proxy")
    back = Edge(FRONT, ENGINE, "upstream", Endpoint("10.0.0.1", 9380), hard=False, probe="front.upstream")
    services[ENGINE] = replace(services[ENGINE], edges=(*services[ENGINE].edges, proxy))
    services[FRONT] = replace(services[FRONT], edges=(*services[FRONT].edges, back))
    return replace(desired, services=services)


def stop(key: str) -> Change:
    def change(documents: Documents) -> None:
        node = documents[key.partition("@")[2]]
        pid = node["services"][key]["pid"]
        node["services"][key].update(state="stopped", pid=None, pids=[])
        node["listeners"] = [row for row in node["listeners"] if row["pid"] != pid]

    return change


def fail(key: str, **state: Any) -> Change:
    def change(documents: Documents) -> None:
        stop(key)(documents)
        documents[key.partition("@")[2]]["services"][key].update(state="failed", result="exit-code", exit=1, **state)

    return change


def hang(documents: Documents) -> None:
    documents["a1"]["services"][ENGINE].update(main=a_main(101, state="T", frozen=True))


def edit(documents: Documents, at: float = NOW - 90000) -> None:
    documents["a1"]["files"][CONF].update(sha256="6" * 64, mtime=at)


def old_files(documents: Documents) -> None:
    documents["a1"]["services"][ENGINE].update(started={CONF: "4" * 64})


def fill(node: str) -> Change:
    def change(documents: Documents) -> None:
        documents[node]["disk"] = {path: disk | {"available": 0} for path, disk in documents[node]["disk"].items()}

    return change


def settle(key: str) -> Change:
    def change(documents: Documents) -> None:
        node = documents[key.partition("@")[2]]
        pid = node["services"][key]["pid"]
        node["services"][key].update(since=NOW - 10)
        node["manifest"]["services"][key]["at"] = NOW - 12
        node["listeners"] = [row for row in node["listeners"] if row["pid"] != pid]

    return change


def ask_in_vain(where: str = "", **answer: Any) -> Change:
    said = {"ok": False, "kind": "refused", "error": "refused", **({"where": where} if where else {}), **answer}

    def change(documents: Documents) -> None:
        documents["a1"]["probes"][f"{ENGINE}:engine.database"] = ProbeAnswer(0, said, None, 0.1)

    return change


@dataclass(frozen=True)
class Case:
    """One sentence: what happens, what else is seen of it, and what leads."""

    name: str
    root: str
    changes: tuple[Change, ...] = ()
    seen: tuple[CheckSpec, ...] = ()
    lost: dict[str, Unreachable] | None = None

    def report(self, specs: Sequence[CheckSpec] = ()) -> Report:
        def change(documents: Documents) -> None:
            for one in self.changes:
                one(documents)

        return report_of(change, desired=wired(), specs=[*running_checks(), *(specs or self.seen)], lost=self.lost)


NO_LOGIN = {"a2": Unreachable("a2", "NODE_AUTH_FAILED", "refused the key")}
AT_ENGINE, AT_FRONT, AT_PROXY = raising(DATABASE, ENGINE), raising(UPSTREAM, FRONT), raising(PROXY, ENGINE)
CASES = [
    Case("the edge: who is down, not who asks it", f"SERVICE_STOPPED@{STORE}", (stop(STORE),), (AT_ENGINE,)),
    Case(
        "the edge, step by step",
        f"SERVICE_STOPPED@{STORE}",
        (stop(STORE), fail(ENGINE)),
        (AT_ENGINE, AT_FRONT),
    ),
    Case("a circle with a dead member", f"SERVICE_STOPPED@{ENGINE}", (stop(ENGINE),), (AT_FRONT, AT_PROXY)),
    Case("a circle with a frozen member", f"SERVICE_HUNG@{ENGINE}", (hang,), (AT_FRONT, AT_PROXY)),
    Case("a circle of services that both run", f"X_PROXY@{ENGINE}", (), (AT_FRONT, AT_PROXY)),
    Case(
        "a circle of which one part began first",
        f"X_UPSTREAM@{FRONT}",
        (),
        (raising(UPSTREAM, FRONT, began=NOW - 600), raising(PROXY, ENGINE, began=NOW - 300)),
    ),
    Case("a changed file", f"FILE_DRIFTED@{ENGINE}", (edit, fail(ENGINE)), (AT_FRONT,)),
    Case("a changed file of one that runs", f"FILE_DRIFTED@{ENGINE}", (edit,), (AT_ENGINE,)),
    Case("a restart that is pending", f"RESTART_PENDING@{ENGINE}", (old_files,), (AT_ENGINE,)),
    Case("a changed file, seen by a neighbour alone", f"FILE_DRIFTED@{ENGINE}", (edit,), (AT_FRONT,)),
    Case("a disk before its service", "NODE_DISK_FULL@a1", (fill("a1"), fail(ENGINE)), (AT_FRONT,)),
    Case("a disk before a changed file", "NODE_DISK_FULL@a2", (fill("a2"), fail(STORE)), (AT_ENGINE,)),
    Case("a node under load", "X_LOADED@a1", (), (raising(LOADED, "a1"), AT_ENGINE, AT_FRONT)),
    Case("a node that could not be read", "NODE_AUTH_FAILED@a2", (), (AT_ENGINE, AT_FRONT), NO_LOGIN),
    Case(
        "a wrong value, in a file that was changed",
        f"FILE_DRIFTED@{ENGINE}",
        (edit, ask_in_vain("10.0.0.2:3307")),
        (AT_ENGINE,),
    ),
    Case("a wrong value", f"SERVICE_MISDIRECTED@{ENGINE}", (ask_in_vain("10.0.0.9:3306"),), (AT_ENGINE,)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_root_leads_alone_in_any_order_of_checks(case: Case) -> None:
    for seen in permutations(case.seen):
        found = case.report(seen).findings
        assert [f.id for f in found if not f.caused_by] == [case.root]
        assert found[0].id == case.root
        assert {f.code for f in found} >= {code.name for spec in seen for code in spec.codes}


@pytest.mark.parametrize(
    ("second", "roots"),
    [
        (fill("a1"), {f"SERVICE_STOPPED@{STORE}", "NODE_DISK_FULL@a1"}),
        (edit, {f"SERVICE_STOPPED@{STORE}", f"FILE_DRIFTED@{ENGINE}"}),
        (stop(FRONT), {f"SERVICE_STOPPED@{STORE}", f"SERVICE_STOPPED@{FRONT}"}),
    ],
    ids=["a disk", "a changed file", "another service"],
)
def test_two_faults_at_once_are_two_roots(second: Change, roots: set[str]) -> None:
    found = Case("", "", (stop(STORE), second), (AT_ENGINE, AT_PROXY)).report().findings
    assert {f.id for f in found if not f.caused_by} <= {*roots, f"X_PROXY@{ENGINE}"}
    assert {f.id for f in found if not f.caused_by} >= roots
    assert all(f.caused_by for f in found if f.code == "X_DATABASE")


def test_a_stopped_neighbour_explains_a_refusal_although_the_node_is_loaded() -> None:
    busy = replace(LOADED, severity="critical")
    for node in ("a1", "a2"):
        found = {
            f.id: f.caused_by for f in Case("", "", (stop(STORE),), (raising(busy, node), AT_ENGINE)).report().findings
        }
        assert found == {
            f"SERVICE_STOPPED@{STORE}": (),
            f"X_LOADED@{node}": (),
            f"X_DATABASE@{ENGINE}": (f"SERVICE_STOPPED@{STORE}",),
        }


def test_a_warning_that_causes_a_critical_finding_leads_like_one() -> None:
    low = raising(Code("X_LOW", "warning", "Low."), STORE)
    unread = raising(Code("X_UNREAD", "unknown", "Not read."), "a2")
    found = Case("", "", (edit,), (AT_ENGINE, low, unread)).report().findings
    assert [f.code for f in found] == ["FILE_DRIFTED", "X_UNREAD", "X_LOW", "X_DATABASE"]


def test_a_wrong_value_outranks_that_the_other_side_is_down() -> None:
    found = {
        f.id: f.caused_by
        for f in Case("", "", (stop(STORE), ask_in_vain("10.0.0.9:1")), (AT_ENGINE,)).report().findings
    }
    assert found == {
        f"SERVICE_STOPPED@{STORE}": (),
        f"SERVICE_MISDIRECTED@{ENGINE}": (),
        f"X_DATABASE@{ENGINE}": (f"SERVICE_MISDIRECTED@{ENGINE}",),
    }


@pytest.mark.parametrize(
    "answer",
    [
        ask_in_vain("10.0.0.2:3306"),
        ask_in_vain(),
        ask_in_vain(amqp={"where": "10.0.0.2:3306"}, management={"where": "10.0.0.2:1"}),
        ask_in_vain("10.0.0.9:1", ok=True),
    ],
    ids=["at the neighbour", "nowhere in particular", "by one of two ways", "and all is well"],
)
def test_settings_that_lead_to_the_neighbour_or_work_are_not_misdirected(answer: Change) -> None:
    assert Case("", "", (answer,)).report().findings == ()


def test_a_file_that_was_changed_after_a_service_had_failed_is_a_second_root() -> None:
    def root_codes(at: float) -> set[str]:
        def change(documents: Documents) -> None:
            edit(documents, at)

        found = Case("", "", (change, fail(ENGINE, last_start=NOW - 600))).report().findings
        return {f.code for f in found if not f.caused_by}

    assert root_codes(NOW - 900) == {"FILE_DRIFTED"}
    assert root_codes(NOW - 300) == {"FILE_DRIFTED", "SERVICE_FAILED"}


@pytest.mark.parametrize("change", [stop(ENGINE), hang], ids=["stopped", "frozen"])
def test_what_was_done_by_hand_is_explained_by_no_changed_file_and_no_load(change: Change) -> None:
    found = Case("", "", (change, edit), (raising(LOADED, "a1"),)).report().findings
    assert [f.caused_by for f in found] == [(), (), ()]


def test_a_changed_file_explains_nothing_at_a_service_that_does_not_read_it() -> None:
    found = {f.code: f.caused_by for f in Case("", "", (edit, fail(FRONT))).report().findings}
    assert found == {"FILE_DRIFTED": (), "SERVICE_FAILED": ()}


def test_a_service_that_settles_explains_what_depends_on_it() -> None:
    def roots(*changes: Change) -> tuple[list[str], tuple[str, ...]]:
        def change(documents: Documents) -> None:
            for one in changes:
                one(documents)

        specs = [*running_checks(), AT_ENGINE, AT_FRONT]
        report = report_of(change, desired=wired(), specs=specs, settle=60)
        return [f.id for f in report.findings], report.settling

    assert roots(settle(STORE)) == ([], (STORE,))
    # Without that start the same answers are a fault.
    assert roots(stop(STORE))[0][0] == f"SERVICE_STOPPED@{STORE}"


def test_a_lasting_finding_keeps_the_held_one_that_explains_it() -> None:
    lasting = Code("X_LASTING", "critical", "It lasts.", ("database",), settles=False)
    specs = [*running_checks(), raising(lasting, ENGINE)]
    report = report_of(settle(STORE), desired=wired(), specs=specs, settle=60)
    assert {f.id: f.caused_by for f in report.findings} == {
        f"PORT_NOT_LISTENING@{STORE}": (),
        f"X_LASTING@{ENGINE}": (f"PORT_NOT_LISTENING@{STORE}",),
    }


def test_a_fault_beside_a_service_that_settles_is_reported() -> None:
    def change(documents: Documents) -> None:
        settle(STORE)(documents)
        stop(FRONT)(documents)

    report = report_of(change, desired=wired(), specs=[*running_checks(), AT_ENGINE, AT_PROXY], settle=60)
    assert {f.id: f.caused_by for f in report.findings} == {
        f"SERVICE_STOPPED@{FRONT}": (),
        f"X_PROXY@{ENGINE}": (f"SERVICE_STOPPED@{FRONT}",),
    }


PEER = Code("X_PEER", "critical", "The other party does not answer.", ("proxy",), outward=True)
NAMED = "fate.partner.example"


def reached_by_name(host: str) -> Desired:
    """The proxy reaches the other party, and the engine its database, at names."""
    desired = wired()
    services = dict(desired.services)
    for key, target in ((FRONT, "peer:10000"), (ENGINE, STORE)):
        edges = [
            replace(edge, endpoint=Endpoint(host, edge.endpoint.port)) if edge.target == target else edge
            for edge in services[key].edges
        ]
        services[key] = replace(services[key], edges=tuple(edges))
    return replace(desired, services=services)


def look_up(kind: str) -> Change:
    answer = {"ok": False, "kind": kind, "error": "no"}

    def change(documents: Documents) -> None:
        probes = documents["a1"]["probes"]
        probes[f"{FRONT}:front.peers"] = ProbeAnswer(0, {"ok": False, "peers": {"10000": answer}}, None, 0.1)
        probes[f"{ENGINE}:engine.database"] = ProbeAnswer(0, {"ok": False, "amqp": answer}, None, 0.1)

    return change


@pytest.mark.parametrize("about", ["10000/", "peer:10000", ""])
def test_a_name_that_does_not_resolve_is_our_nodes_trouble_and_not_the_partners(about: str) -> None:
    specs = [*running_checks(), raising(PEER, FRONT, about=about), AT_ENGINE]
    report = report_of(look_up("name"), desired=reached_by_name(NAMED), specs=specs)
    assert {f.id: f.caused_by for f in report.findings} == {
        "NODE_NAME_UNRESOLVED@a1": (),
        f"X_PEER@{FRONT}": ("NODE_NAME_UNRESOLVED@a1",),
        f"X_DATABASE@{ENGINE}": ("NODE_NAME_UNRESOLVED@a1",),
    }
    root = report.findings[0]
    assert root.symptom == f"{NAMED} does not resolve here"
    assert str(root.remedy[0]) == f"fatecloud exec {ENGINE} -- getent hosts {NAMED}"
    assert set(root.about.split()) == {"peer:10000", STORE}


@pytest.mark.parametrize(("kind", "host"), [("refused", NAMED), ("name", "192.0.2.7")], ids=["refused", "an address"])
def test_what_needs_no_name_or_found_its_address_does_not_accuse_the_node(kind: str, host: str) -> None:
    specs = [*running_checks(), raising(PEER, FRONT, about="10000/")]
    report = report_of(look_up(kind), desired=reached_by_name(host), specs=specs)
    assert {f.id: f.caused_by for f in report.findings} == {f"X_PEER@{FRONT}": ()}


def test_a_name_of_one_neighbour_does_not_explain_what_is_said_of_another() -> None:
    specs = [*running_checks(), raising(PEER, FRONT, about="10000/ 10001/"), AT_ENGINE]

    def change(documents: Documents) -> None:
        look_up("name")(documents)
        del documents["a1"]["probes"][f"{ENGINE}:engine.database"]

    report = report_of(change, desired=reached_by_name(NAMED), specs=specs)
    assert {f.code: f.caused_by for f in report.findings} == {
        "NODE_NAME_UNRESOLVED": (),
        "X_PEER": (),
        "X_DATABASE": (),
    }


def test_a_check_of_ours_that_crashed_explains_nothing() -> None:
    @service_check(Code("X_CRASHES", "critical", "It crashes."), component="store")
    def crashes(view: ServiceView) -> Iterator[Finding]:
        raise ZeroDivisionError(str(view.subject))

    found = {f.code: f.caused_by for f in Case("", "", (), (AT_ENGINE, crashes)).report().findings}
    assert found == {"CHECK_CRASHED": (), "X_DATABASE": ()}


def test_each_circle_gets_one_root_and_its_tail_hangs_below_it() -> None:
    possible = {
        "a": ({"b": 2},),
        "b": ({"a": 2},),
        "c": ({"d": 2},),
        "d": ({"c": 2},),
        "tail": ({"b": 1, "c": 3},),
        "both": ({"a": 0}, {"d": 0}),
    }
    found = chains(possible, lambda name: name)
    assert found == {"a": set(), "b": {"a"}, "c": set(), "d": {"c"}, "tail": {"b"}, "both": {"a", "d"}}


def test_a_way_out_of_a_circle_is_taken_although_it_is_a_weaker_explanation() -> None:
    possible = {"out": (), "a": ({"b": 0},), "b": ({"a": 0, "out": 6},)}
    assert chains(possible, lambda name: name) == {"out": set(), "b": {"out"}, "a": {"b"}}
