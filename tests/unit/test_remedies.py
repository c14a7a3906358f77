"""Each remedy of each code that the other tests raise can be done as it is, by whom it names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from check_world import healthy_documents, nothing, observed, report_of, the_desired
from component_world import CASES as OF_COMPONENTS
from component_world import Case, desired, report
from remedy_rules import problems
from test_checks_of_a_running_cluster import CASES as GENERAL
from test_checks_of_a_running_cluster import Change
from test_preflight_codes import CASES as OF_PREFLIGHT
from test_preflight_codes import judged_case

from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.plan import Action, Plan
from fatecloud.model.remedy import DEPLOY, PLAN, Ask, Edit, Remedy, Run, administrator, immediate, look
from fatecloud.plan import make
from fatecloud.report.document import report_document

GENERAL_IDS = [f"{code}-{number}" for number, (code, _, _) in enumerate(GENERAL)]


@pytest.mark.parametrize("case", OF_COMPONENTS, ids=str)
def test_a_component_says_what_can_be_done(case: Case) -> None:
    found = report(case.change, example=case.example).findings
    assert [wrong for one in found for wrong in problems(one, desired(case.example))] == []


@pytest.mark.parametrize(("code", "_subject", "change"), GENERAL, ids=GENERAL_IDS)
def test_a_general_check_says_what_can_be_done(code: str, _subject: str, change: Change) -> None:
    found = [one for one in report_of(change).findings if one.code == code]
    assert [wrong for one in found for wrong in problems(one, the_desired())] == []


@pytest.mark.parametrize("code", sorted(OF_PREFLIGHT))
def test_preflight_says_what_can_be_done(code: str) -> None:
    wanted, found = judged_case(code)
    assert [wrong for one in found.findings for wrong in problems(one, wanted)] == []


def planned(monkeypatch: pytest.MonkeyPatch, change: Change) -> Plan:
    """What a deploy would do, in a world whose files have one hash each."""
    documents = healthy_documents()
    change(documents)
    recorded = healthy_documents()["a1"]["manifest"]["files"]
    wanted = the_desired()
    # The wanted content of a file is what was deployed, unless the record says that the inventory has changed since.
    digests = {path: entry["digest"] for path, entry in (documents["a1"]["manifest"] or {}).get("files", {}).items()}
    real = {
        path: entry["sha256"] if digests.get(path, entry["digest"]) == entry["digest"] else "7" * 64
        for path, entry in recorded.items()
    }
    monkeypatch.setattr(make, "real_hashes", lambda files, _secrets: {file.path: real[file.path] for file in files})
    return make.make_plan(wanted, observed(documents), {})


def actions(plan: Plan) -> set[Action]:
    return {action for stage in plan.stages for action in stage.actions}


NOT_IN_THIS_WORLD = {
    "JAVA_GONE": "a deploy chooses another JVM, and this world has none",
    "LEASE_STALE": "a deploy without a plan still takes away what a dead run has left",
    "DEPLOY_PENDING": "another version has other files, which this world has not",
}
"""Codes that a deploy repairs, which this world cannot show; the faults on real nodes do."""


@pytest.mark.parametrize(("code", "_subject", "change"), GENERAL, ids=GENERAL_IDS)
def test_a_deploy_that_is_a_remedy_plans_something_and_is_not_refused(
    monkeypatch: pytest.MonkeyPatch, code: str, _subject: str, change: Change
) -> None:
    commands = {run.command for one in report_of(change).findings if one.code == code for run in immediate(one.remedy)}
    deploys = {command for command in commands if command.startswith(DEPLOY.command)}
    if not deploys or code in NOT_IN_THIS_WORLD:
        return
    plan, healthy = planned(monkeypatch, change), planned(monkeypatch, nothing)
    assert actions(plan) - actions(healthy)
    assert not plan.drifted or "fatecloud deploy --overwrite-drift" in deploys


SHOWN_BY = {
    "BOARD_ACCOUNT_SHIPPED": "FILE_DRIFTED",
    "BOARD_DATABASE_REFUSED": "FILE_DRIFTED",
    "BOARD_FLOW_SIGNED": "FILE_DRIFTED",
    "CLUSTERMANAGER_DATABASE": "FILE_DRIFTED",
    "FLOW_ROUTE_MISSING": "FILE_DRIFTED",
    "NODEMANAGER_EGG_BROKEN": "FILE_DRIFTED",
    "ROLLSITE_TABLE_WRONG": "FILE_DRIFTED",
    "SERVING_FEATURES_CLASS_MISSING": "FILE_DRIFTED",
    "SERVING_FEATURES_MOCK": "FILE_DRIFTED",
    "SERVING_PARTY_WRONG": "FILE_DRIFTED",
    "SERVING_PEER_SERVER_DOWN": "FILE_DRIFTED",
    "SERVING_REGISTRY_DOWN": "FILE_DRIFTED",
    "SERVING_RESULTS_KEPT_FOR_EVER": "FILE_DRIFTED",
    "SERVING_ROUTE_LOOPS": "FILE_DRIFTED",
    "SERVING_SETTING_UNREADABLE": "FILE_DRIFTED",
    "SERVING_TABLE_WRONG": "FILE_DRIFTED",
    "SERVING_TLS_NOT_IN_FORCE": "FILE_DRIFTED",
    "SERVING_WAIT_SHORT": "FILE_DRIFTED",
}
"""Codes of components that a deploy repairs: what is wrong then, of which the test above shows that it is repaired."""


def test_each_code_that_a_deploy_repairs_is_shown_to_be_repaired() -> None:
    general = {code for code, _, change in GENERAL if _deployed_for(report_of(change), code)}
    own = {
        one.code
        for case in OF_COMPONENTS
        for one in report(case.change, example=case.example).findings
        if _deploys(one)
    }
    early = {code for code in OF_PREFLIGHT if _deployed_for(judged_case(code)[1], code)}
    assert (own | early) - general == SHOWN_BY.keys()
    assert set(SHOWN_BY.values()) <= general
    assert NOT_IN_THIS_WORLD.keys() <= {code for code, _, change in GENERAL if _deployed_first(report_of(change), code)}


def _deployed_for(report: Report, code: str) -> bool:
    return any(_deploys(one) for one in report.findings if one.code == code)


def _deployed_first(report: Report, code: str) -> bool:
    return any(DEPLOY in immediate(one.remedy) for one in report.findings if one.code == code)


def _deploys(finding: Finding) -> bool:
    """Whether a deploy is all that repairs it: a restart after it acts where the deploy finds nothing to do."""
    acting = immediate(finding.remedy)
    return bool(acting) and all(run.command.startswith(DEPLOY.command) for run in acting)


WRONG: dict[str, tuple[Remedy, ...]] = {
    "a comment": (Run("systemctl stop x  # now", "a1"),),
    "a word to fill in": (Run("fatecloud check --save-facts FILE"),),
    "no node": (Run("systemctl stop x"),),
    "our command on a node": (Run("fatecloud deploy", "a1"),),
    "an unknown node": (Run("true", "z9"),),
    "no shell reads it": (Run("echo 'x", "a1"),),
    "no such verb": (Run("fatecloud repair"),),
    "no such option": (Run("fatecloud deploy --force"),),
    "no such service": (Run("fatecloud restart 9999/nothing@a1"),),
    "no such code": (Run("fatecloud explain NOTHING"), Edit("x")),
    "it only looks": (PLAN,),
    "another way than nothing": (Edit("x", instead=True),),
    "two lines": (Ask("party 1", "a\nb"),),
    "no one": (Ask("", "do it"),),
    "a command in an edit": (Edit("x, then: fatecloud deploy"),),
    "nothing": (),
}


@pytest.mark.parametrize("remedy", WRONG.values(), ids=WRONG)
def test_the_rules_find_what_breaks_them(remedy: tuple[Remedy, ...]) -> None:
    finding = Finding("X", "critical", Subject(node="a1"), "s", remedy=remedy)
    assert len(problems(finding, the_desired())) == 1


def test_what_may_be_run_at_once_waits_for_no_person() -> None:
    at_once = Run("systemctl enable x", "a1", root=True)
    waits, another = replace(DEPLOY, when="then"), replace(DEPLOY, instead=True)
    remedies = (look("dmesg", "a1"), at_once, waits, another, DEPLOY, Edit("x"), Ask("y", "z"))
    assert immediate(remedies) == (at_once, DEPLOY)


def test_a_remedy_says_who_acts_where_and_when() -> None:
    remedies: tuple[Remedy, ...] = (
        DEPLOY,
        Run("reboot", "a1", root=True, when="when no job runs", instead=True),
        Edit("set `cores: 4`"),
        Edit("add x", "/etc/environment", "a1", instead=True),
        administrator("a1", "add memory", instead=True),
    )
    assert [str(one) for one in remedies] == [
        "fatecloud deploy",
        "or, when no job runs, on a1, as root: reboot",
        "in the inventory: set `cores: 4`",
        "or, in /etc/environment on a1: add x",
        "or ask the administrator of a1: add memory",
    ]
    report = Report("demo", 0.0, 0.0, 0, (Finding("X", "critical", Subject(), "s", remedy=remedies),), ())
    (finding,) = report_document(report)["findings"]
    assert [one["type"] for one in finding["remedy"]] == ["run", "run", "edit", "edit", "ask"]
    assert [one["text"] for one in finding["remedy"]] == [str(one) for one in remedies]
