"""The end of a deploy: a service has to show that it works; a start a moment ago does not excuse it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import ENGINE, Documents, a_main, healthy_documents, observed, the_desired
from preflight_world import NOW

from fatecloud.checks.service import YOUNG_SECONDS
from fatecloud.model.observed import Observed
from fatecloud.workflow import verify
from fatecloud.workflow.check import check_cluster

SESSION: Any = SimpleNamespace(desired=the_desired(), redact=str)


def seen(*, silent: bool = False, **state: Any) -> Observed:
    """What the nodes say when the engine was started ten seconds ago; a silent one does not listen."""
    documents: Documents = healthy_documents()
    documents["a1"]["services"][ENGINE].update({"since": NOW - 10, **state})
    documents["a1"]["manifest"]["services"][ENGINE]["at"] = NOW - 10
    if silent:
        documents["a1"]["listeners"] = documents["a1"]["listeners"][1:]
    return observed(documents)


def reading(result: Observed) -> Callable[..., Observed]:
    def read(*_session: Any, meanwhile: Callable[[], object], **_more: Any) -> Observed:
        meanwhile()
        return result

    return read


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({}, "PORT_NOT_LISTENING"),
        ({"state": "starting", "sub": "auto-restart"}, "SERVICE_CRASHED"),
        ({"main": a_main(101, state="T", frozen=True)}, "SERVICE_HUNG"),
    ],
    ids=["silent", "ends again and again", "stopped"],
)
def test_a_deploy_takes_no_start_for_an_answer(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], code: str
) -> None:
    monkeypatch.setattr(verify, "observe", reading(seen(silent=True, **state)))
    assert [finding.code for finding in verify.check(SESSION).findings] == [code]


def test_a_service_that_works_needs_no_time_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "observe", reading(seen()))
    assert verify.check(SESSION).findings == ()


def test_an_operators_check_waits_for_what_was_started_a_moment_ago() -> None:
    report = check_cluster(lambda: SESSION.desired, reading(seen(silent=True)), str)
    assert (report.findings, report.settling) == ((), (ENGINE,))


class Clock:
    """Time passes only where someone sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += seconds

    def monotonic(self) -> float:
        """What it is."""
        return self.now


@pytest.mark.parametrize(
    ("until", "codes"), [(YOUNG_SECONDS, []), (1e9, ["SERVICE_CRASHED"])], ids=["once", "for ever"]
)
def test_a_deploy_waits_for_a_service_that_ended_once_and_not_for_one_that_goes_on_ending(
    monkeypatch: pytest.MonkeyPatch, until: float, codes: list[str]
) -> None:
    clock = Clock()

    def read(*session: Any, **more: Any) -> Observed:
        age = clock.now if clock.now >= until else 5
        return reading(seen(restarts=1, since=NOW - age))(*session, **more)

    monkeypatch.setattr(verify, "time", clock)
    monkeypatch.setattr(verify, "observe", read)
    report = verify._settled(SESSION, SimpleNamespace(check=lambda: None))  # type: ignore[arg-type]
    assert [finding.code for finding in report.findings] == codes
