"""A partner's outage is a critical finding, and no reason to call a deploy of the own cluster failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from component_world import desired

from fatecloud.checks.partners import about_partners, without_partners
from fatecloud.errors import Unverified
from fatecloud.model.event import Event
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.plan import Plan
from fatecloud.workflow import verify
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.options import Options

BROKER = Subject("9999", "broker", "9999/rabbitmq@broker")
THEIRS = Finding("RABBITMQ_PEER_REFUSED", "critical", BROKER, "refused", about="10000/")
OURS = Finding("RABBITMQ_API_DOWN", "critical", BROKER, "no answer")


def a_report(*findings: Finding) -> Report:
    return Report("bank", 0.0, 0.1, 5, findings, ())


@pytest.mark.parametrize("about", ["10000/", "10000/ 10000/"])
def test_a_route_to_partners_alone_is_theirs(about: str) -> None:
    report = a_report(replace(THEIRS, about=about), OURS)
    assert about_partners(report, desired("multi-node")) == report.findings[:1]
    assert without_partners(report, desired("multi-node")).findings == (OURS,)


@pytest.mark.parametrize("about", ["", "9999/", "10000/ 9999/", "192.0.2.9:5672"])
def test_a_route_that_is_not_only_to_partners_is_ours(about: str) -> None:
    assert about_partners(a_report(replace(THEIRS, about=about)), desired("multi-node")) == ()


def test_parties_of_our_inventory_are_not_partners() -> None:
    assert about_partners(a_report(THEIRS), desired("two-party")) == ()


@pytest.mark.parametrize(("findings", "fails"), [((THEIRS,), False), ((OURS,), True), ((THEIRS, OURS), True)])
def test_a_partners_outage_does_not_fail_a_deploy(
    monkeypatch: pytest.MonkeyPatch,
    findings: tuple[Finding, ...],
    fails: bool,  # noqa: FBT001
) -> None:
    reports: list[Report] = []
    notes: list[str] = []
    clock = iter(range(0, 10000, 50))
    monkeypatch.setattr(verify, "check", lambda *_: a_report(*findings))
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    session: Any = SimpleNamespace(desired=desired("multi-node"), options=Options(Path("inventory.yml")))

    def hear(event: Event) -> None:
        notes.append(event.text)

    run: Any = SimpleNamespace(interruption=SimpleNamespace(check=lambda: None), events=hear)
    ui: Any = SimpleNamespace(report=reports.append)
    wanted = DeployOptions(verify=False)
    if fails:
        with pytest.raises(Unverified):
            verify.verify(session, wanted, Plan("demo", (), (), ()), run, ui)
    else:
        verify.verify(session, wanted, Plan("demo", (), (), ()), run, ui)
        assert notes[0] == "jobs with party 10000, which others manage, will fail: see the findings above"
    assert [report.findings for report in reports] == [findings]
