"""Late answers on a loaded node accuse the node; one that answers is well; what is broken shows all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from check_world import (
    ENGINE,
    FRONT,
    STORE,
    Documents,
    a_main,
    healthy_documents,
    observed,
    report_of,
    the_desired,
)
from preflight_world import NOW, a_load

from fatecloud.checks.history import joined
from fatecloud.checks.registry import running_checks
from fatecloud.collect.node import load
from fatecloud.collect.node.reading import Unreadable
from fatecloud.collect.shapes import misshapen
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.finding import Finding
from fatecloud.model.lasting import CHECKS, SECONDS, sample_of
from fatecloud.model.observed import Fact, ProbeAnswer
from fatecloud.model.samples import History, Sample
from fatecloud.model.service import Edge
from fatecloud.model.strain import strain

CALM = {"cpu": 0.0, "memory": 0.0, "io": 0.0}
BUSY = a_load(cores=2, load1=30.2, busy={"stress": 30}, pressure=CALM | {"cpu": 99.0})
READY = f"{ENGINE}:engine.api"
LATE = ProbeAnswer(None, None, "timeout after 10 s", 10.0)
Change = Callable[[Documents], None]


def loaded(node: str = "a1", answer: ProbeAnswer | None = LATE, seen: dict[str, Any] = BUSY) -> Change:
    def change(documents: Documents) -> None:
        documents[node]["load"] = seen
        if answer:
            documents["a1"]["probes"][READY] = answer

    return change


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"load1": 31.0}, ""),
        ({"load1": 33.0, "pressure": CALM | {"cpu": 80.0}}, "33 processes want its 8 cores"),
        ({"load1": 33.0, "pressure": CALM | {"cpu": 10.0}}, ""),
        ({"load1": 33.0, "pressure": None}, "33 processes want its 8 cores"),
        ({"pressure": CALM | {"memory": 35.0}}, "for 35 % of the time all work waits for memory"),
        ({"pressure": CALM | {"io": 80.0}}, "for 80 % of the time all work waits for a disk"),
        ({"stolen": 40.0}, "other machines of its host take 40 % of its processor"),
    ],
)
def test_a_node_is_loaded_by_its_queue_its_waits_or_its_host(changes: dict[str, Any], words: str) -> None:
    assert "; ".join(strain(a_load(**changes))) == words


def test_a_load_that_was_not_read_accuses_no_node() -> None:
    assert strain(None) == ()
    assert [f.code for f in report_of(loaded(seen=Fact(error="no")), absent={}).findings] == ["SERVICE_HUNG"]  # type: ignore[arg-type]


def test_a_loaded_node_whose_services_answer_is_healthy() -> None:
    assert report_of(loaded(answer=None)).findings == ()


@pytest.mark.parametrize("kind", ["timeout", "silent", "unanswered", "database-timeout"])
def test_a_late_answer_on_a_loaded_node_accuses_the_node_and_restarts_nothing(kind: str) -> None:
    late = ProbeAnswer(0, {"ok": False, "kind": kind, "error": "no answer within 10 s"}, None, 10.0)
    report = report_of(loaded(answer=late))
    (finding,) = report.findings
    assert (finding.id, finding.severity) == ("NODE_LOADED@a1", "critical")
    assert "30 processes want its 2 cores" in finding.symptom
    assert finding.evidence == ("stress: 30 want a core", f"late: {READY}")
    assert not any("restart" in str(line) for line in finding.remedy)
    assert [(s.check, str(s.subject), s.reason) for s in report.skipped] == [("alive", ENGINE, "NODE_LOADED")]


def late_for(seconds: float, *, number: int = 4, answered: int = 0, ident: str = READY) -> History:
    """Samples of a question: so many checks to now, `answered` of the last ones in time."""
    times = [NOW - seconds * back / (number - 1) for back in reversed(range(number))]
    values = [1.0] * (number - answered) + [0.0] * answered
    return {"a1": {sample_of(ident): tuple(Sample(time, value) for time, value in zip(times, values, strict=True))}}


def asking(key: str) -> Desired:
    """The cluster with a question to a service that is asked nothing there."""
    desired = the_desired()
    probe = replace(desired.services[ENGINE].probes[0], name="page")
    return replace(desired, services={**desired.services, key: replace(desired.services[key], probes=(probe,))})


def test_an_answer_that_stays_away_for_long_accuses_the_service_on_a_loaded_node_too() -> None:
    report = report_of(loaded(), history=late_for(SECONDS))
    assert [f.id for f in report.findings] == [f"SERVICE_HUNG@{ENGINE}"]
    assert {one.reason for one in report.skipped} == {"SERVICE_HUNG"}


@pytest.mark.parametrize(
    "history",
    [
        late_for(SECONDS - 1),
        late_for(3 * SECONDS, number=CHECKS - 1),
        late_for(3 * SECONDS, answered=1),
        late_for(3 * SECONDS, ident=f"{FRONT}:front.page"),
        late_for(3 * SECONDS, ident=f"{ENGINE}:engine.detail"),
        late_for(3 * 86400),
    ],
    ids=[
        "not for long",
        "in few checks",
        "it answered in between",
        "another one's",
        "another question",
        "at the same hour of each day",
    ],
)
def test_an_answer_that_is_late_now_and_then_accuses_the_load(history: History) -> None:
    assert [f.id for f in report_of(loaded(), history=history).findings] == ["NODE_LOADED@a1"]


def test_where_nothing_answers_in_time_the_load_is_accused_however_long_it_lasts() -> None:
    def all_late(documents: Documents) -> None:
        loaded()(documents)
        documents["a1"]["probes"][f"{FRONT}:page"] = LATE

    report = report_of(all_late, desired=asking(FRONT), history=late_for(3 * SECONDS))
    assert [f.id for f in report.findings] == ["NODE_LOADED@a1"]


def test_a_service_that_asks_one_whose_answers_are_late_may_only_wait_for_it() -> None:
    desired = asking(STORE)
    asks = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.api")
    engine = replace(desired.services[ENGINE], edges=(asks,))
    desired = replace(desired, services={**desired.services, ENGINE: engine})

    def wait(documents: Documents) -> None:
        loaded()(documents)
        documents["a2"] |= {"load": BUSY, "probes": {f"{STORE}:page": LATE}}

    report = report_of(wait, desired=desired, history=late_for(3 * SECONDS))
    assert [f.id for f in report.findings] == ["NODE_LOADED@a1", "NODE_LOADED@a2"]


def test_each_check_remembers_which_answers_were_late() -> None:
    documents = healthy_documents()
    loaded()(documents)
    documents["a1"]["probes"][f"{FRONT}:page"] = ProbeAnswer(0, {"ok": True}, None, 0.1)
    history = joined({}, the_desired(), observed(documents), running_checks())
    late = {name: one.value for name, (one,) in history["a1"].items() if name.startswith(sample_of(""))}
    assert late == {sample_of(READY): 1.0, sample_of(f"{FRONT}:page"): 0.0}


def test_the_same_late_answer_on_a_calm_node_accuses_the_service() -> None:
    assert [f.id for f in report_of(loaded(seen=a_load())).findings] == [f"SERVICE_HUNG@{ENGINE}"]


def test_a_frozen_process_and_a_stopped_service_show_on_a_loaded_node_too() -> None:
    def freeze(documents: Documents) -> None:
        loaded()(documents)
        documents["a1"]["services"][ENGINE]["main"] = a_main(101, state="T", frozen=True)
        documents["a1"]["services"][FRONT].update(state="stopped", pid=None, pids=[], main=None)

    found = {f.id for f in report_of(freeze).findings}
    assert {f"SERVICE_HUNG@{ENGINE}", f"SERVICE_STOPPED@{FRONT}"} <= found
    # That they are silent is their own fault.
    assert "NODE_LOADED@a1" not in found


def test_an_answer_that_waits_for_a_frozen_neighbour_does_not_accuse_the_load() -> None:
    desired = the_desired()
    engine = desired.services[ENGINE]
    asks = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.api")
    desired = replace(desired, services={**desired.services, ENGINE: replace(engine, edges=(asks,))})

    def freeze(documents: Documents) -> None:
        loaded()(documents)
        documents["a2"]["services"][STORE]["main"] = a_main(102, state="T", frozen=True)

    assert [f.id for f in report_of(freeze, desired=desired).findings] == [f"SERVICE_HUNG@{STORE}"]


def test_a_late_answer_beside_a_refused_one_does_not_accuse_the_load() -> None:
    refused = ProbeAnswer(0, {"ok": False, "kind": "refused", "error": "no"}, None, 0.1)

    def change(documents: Documents, answer: ProbeAnswer = refused) -> None:
        loaded()(documents)
        documents["a1"]["probes"][f"{ENGINE}:engine.store"] = answer

    desired = the_desired()
    engine = desired.services[ENGINE]
    probes = (*engine.probes, replace(engine.probes[0], name="engine.store"))
    desired = replace(desired, services={**desired.services, ENGINE: replace(engine, probes=probes)})
    assert report_of(change, desired=desired).findings == ()
    # A partner's refusal is not a fault of the service that asked it.
    partner = ProbeAnswer(0, {"ok": False, "kind": "refused", "peers": {}}, None, 0.1)
    found = report_of(lambda documents: change(documents, partner), desired=desired).findings
    assert [f.id for f in found] == ["NODE_LOADED@a1"]


def test_a_refused_answer_is_judged_on_a_loaded_node_too() -> None:
    wrong = ProbeAnswer(0, {"ok": False, "kind": "refused", "error": "no"}, None, 0.1)

    def change(documents: Documents) -> None:
        loaded(answer=wrong)(documents)
        documents["a1"]["services"][ENGINE].update(restarts=3, since=NOW - 20)

    assert [f.code for f in report_of(change).findings] == ["SERVICE_RESTARTING"]


def test_a_question_to_a_loaded_node_accuses_that_node() -> None:
    """The store's node is loaded, and the engine that asks it is on another one."""
    desired = the_desired()
    engine = desired.services[ENGINE]
    asks = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.api")
    desired = replace(desired, services={**desired.services, ENGINE: replace(engine, edges=(asks,))})
    (finding,) = report_of(loaded("a2"), desired=desired).findings
    assert (finding.id, finding.evidence[-1]) == ("NODE_LOADED@a2", f"late: {READY}")


PEERS = Code("X_PEERS", "critical", "A party is not reached.")


@service_check(PEERS, component="engine")
def parties(view: ServiceView) -> Iterator[Finding]:
    if view.probe("engine.peers").data["peers"]["10000"]["ok"] is not True:
        yield Finding(PEERS.name, PEERS.severity, view.subject, "not reached")


def test_a_question_that_needs_a_neighbour_on_a_loaded_node_accuses_that_node() -> None:
    """The engine's own answer waits for the store, which is asked by another question."""
    desired = the_desired()
    engine = desired.services[ENGINE]
    needs = Edge(ENGINE, STORE, "database", Endpoint("10.0.0.2", 3306), probe="engine.store")
    desired = replace(desired, services={**desired.services, ENGINE: replace(engine, edges=(needs,))})
    assert [finding.id for finding in report_of(loaded("a2"), desired=desired).findings] == ["NODE_LOADED@a2"]


def test_a_router_whose_service_behind_it_is_late_accuses_the_load() -> None:
    behind = {"ok": False, "kind": "unanswered", "error": "no answer within 8 s"}
    late = ProbeAnswer(0, {"ok": True, "behind": behind}, None, 8.0)
    assert (late.late, late.delayed) == (False, True)
    assert [finding.id for finding in report_of(loaded(answer=late)).findings] == ["NODE_LOADED@a1"]
    assert not ProbeAnswer(0, {"ok": True, "behind": {**behind, "kind": "status"}}, None, 0.1).delayed
    assert not ProbeAnswer(0, {"ok": True, "behind": {"ok": True}}, None, 0.1).delayed


def test_the_service_behind_a_partys_proxy_may_be_late_too() -> None:
    def said(**behind: Any) -> ProbeAnswer:
        return ProbeAnswer(0, {"ok": True, "peers": {"10000": {"ok": True, "behind": behind}}}, None, 9.0)

    assert said(ok=False, kind="silent").peers_late
    assert not said(ok=False, kind="refused").peers_late
    assert not said(ok=True).peers_late


def test_what_comes_in_time_past_the_own_router_alone_accuses_the_load() -> None:
    def said(kind: str, **more: Any) -> ProbeAnswer:
        behind = {"ok": False, "kind": kind, "error": "no answer within 7 s"}
        return ProbeAnswer(0, {"ok": True, "peers": {"10000": {"ok": True, "behind": behind, **more}}}, None, 9.0)

    late = said("unanswered", own=True)
    assert (late.late, late.delayed) == (False, True)
    assert [finding.id for finding in report_of(loaded(answer=late)).findings] == ["NODE_LOADED@a1"]
    assert not said("status", own=True).delayed
    assert not said("unanswered").delayed


@pytest.mark.parametrize(
    ("kind", "own", "code"),
    [
        ("timeout", LATE, "NODE_LOADED@a1"),
        ("timeout", ProbeAnswer(0, {"ok": True}, None, 0.1), f"X_PEERS@{ENGINE}"),
        ("refused", ProbeAnswer(0, {"ok": True}, None, 0.1), f"X_PEERS@{ENGINE}"),
    ],
    ids=["our own answers are late too", "only the party is silent", "the party refuses"],
)
def test_a_party_that_is_silent_is_accused_unless_our_own_answers_are_late(
    kind: str, own: ProbeAnswer, code: str
) -> None:
    said = {"ok": False, "peers": {"10000": {"ok": False, "kind": kind, "error": kind}, "8888": {"ok": True}}}

    def change(documents: Documents) -> None:
        loaded(answer=own)(documents)
        documents["a1"]["probes"][f"{ENGINE}:engine.peers"] = ProbeAnswer(0, said, None, 9.0)

    report = report_of(change, specs=[*running_checks(), parties])
    assert [finding.id for finding in report.findings] == [code]


def test_a_reading_that_came_too_late_is_a_warning_about_the_node() -> None:
    def change(documents: Documents) -> None:
        loaded(answer=None)(documents)
        documents["a1"]["disk"] = Fact(error="not there within 18 s")

    (finding,) = report_of(change).findings
    assert (finding.id, finding.severity) == ("NODE_LOADED@a1", "warning")
    assert finding.evidence[-1] == "late: fact disk"


def test_the_collector_reads_the_load_of_this_machine() -> None:
    seen = load.load()
    assert not misshapen("load", seen)
    assert seen["cores"] >= 1
    assert 0 <= seen["stolen"] <= 100


def test_a_kernel_without_figures_of_waiting_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(path: str, _limit: int = 0) -> str:
        raise Unreadable(path)

    monkeypatch.setattr(load, "text_of", text)
    assert load._pressure() is None


def test_pressure_is_the_average_of_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "some avg10=12.50 avg60=1.00 avg300=0.10 total=7\nfull avg10=3.25 avg60=0.50 avg300=0.00 total=3\n"
    monkeypatch.setattr(load, "text_of", lambda _path, _limit=0: text)
    assert load._pressure() == {"cpu": 12.5, "memory": 3.25, "io": 3.25}
