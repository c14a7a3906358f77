"""`check` again and again: when it ends, with which status, and what it shows of a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import the_desired

from fatecloud.cli.check import check
from fatecloud.cli.options import Output
from fatecloud.errors import UsageError
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.remedy import Run
from fatecloud.report.look import Look
from fatecloud.report.watch import changes
from fatecloud.workflow import check as workflow
from fatecloud.workflow import load
from fatecloud.workflow.watch import interval, wait_healthy

DOWN = Finding(
    "SERVICE_STOPPED", "critical", Subject("9999", "a1", "9999/flow@a1"), "it is stopped", remedy=(Run("do it"),)
)
LOW = Finding("NODE_DISK_LOW", "warning", Subject(node="a1"), "the disk is 85 % full")
LOOK = Look(width=100, unicode=False)


def report(*findings: Finding, **more: Any) -> Report:
    return replace(Report("demo", 1_800_000_000.0, 1.0, 7, findings, ()), **more)


HEALTHY, SICK = report(), report(DOWN)
SETTLING = report(settling=("9999/flow@a1",))


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def waited(reports: list[Report], timeout: float = 60) -> tuple[Report, int, Clock]:
    clock, coming = Clock(), iter(reports)
    found, status = wait_healthy(lambda: next(coming), lambda _: None, 5, timeout, clock.wait, lambda: clock.now)
    return found, status, clock


def test_it_ends_with_the_first_healthy_report_in_which_nothing_settles() -> None:
    found, status, clock = waited([SICK, SETTLING, HEALTHY])
    assert (found, status, clock.pauses) == (HEALTHY, 0, [5, 5])


def test_after_the_time_the_status_is_that_of_the_last_report() -> None:
    found, status, clock = waited([SICK] * 4, timeout=12)
    assert (found, status, clock.pauses) == (SICK, 2, [5, 5, 2])


def test_a_warning_is_not_healthy() -> None:
    assert waited([report(LOW)] * 2, timeout=5)[1] == 1


def test_what_still_settles_at_the_end_is_unknown() -> None:
    assert waited([SETTLING] * 2, timeout=5)[1] == 3


def test_no_time_means_one_check() -> None:
    assert waited([SICK], timeout=0)[1] == 2


@pytest.mark.parametrize("text", ["1", "0s", "soon"])
def test_an_interval_that_nodes_would_feel_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        interval(text, 30)


def test_a_new_root_cause_comes_with_its_remedy_and_what_went_is_named() -> None:
    lines = changes(report(LOW), SICK, LOOK)
    text = "\n".join(lines)
    assert "new:\nCRITICAL  SERVICE_STOPPED  9999/flow@a1" in text
    assert "do          do it" in text
    assert "gone: NODE_DISK_LOW a1" in text
    assert lines[-1].startswith("demo: 1 critical")


def test_a_severity_that_changes_is_shown() -> None:
    worse = replace(LOW, severity="critical")
    assert "was warning, is now:" in changes(report(LOW), report(worse), LOOK)


def test_what_another_finding_explains_takes_one_line() -> None:
    explained = replace(LOW, caused_by=(DOWN.id,))
    lines = changes(SICK, report(DOWN, explained), LOOK)
    assert lines[1] == "new: NODE_DISK_LOW a1 (warning, explained): the disk is 85 % full"


def test_nothing_is_said_while_nothing_changes() -> None:
    later = replace(SICK, taken=SICK.taken + 30)
    assert changes(SICK, later, LOOK) == []


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[..., None]:
    """Sets what the verb's checks find, one after the other; then comes Ctrl-C."""
    desired = the_desired()
    session = SimpleNamespace(
        desired=desired, resolved=desired, cluster=desired.cluster, redact=str, state=tmp_path, seen=None
    )
    monkeypatch.setattr(load, "load_session", lambda options, **more: session)  # noqa: ARG005

    def are(*reports: Report) -> None:
        coming = iter(reports)

        def one(*words: object, **more: object) -> Report:
            del words, more
            found = next(coming, None)
            if found is None:
                raise KeyboardInterrupt
            return found

        monkeypatch.setattr(workflow, "check_cluster", one)
        for name in ("EVERY", "SOON", "LEAST"):
            monkeypatch.setattr(f"fatecloud.workflow.watch.{name}", 0.0)

    return are


def test_ctrl_c_ends_a_watch_with_the_status_of_its_last_check(
    checks: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    checks(HEALTHY, SICK, SICK)
    assert check(watch=True) == 2
    assert capsys.readouterr().out.count("SERVICE_STOPPED  9999/flow@a1") == 1


def test_a_watch_for_programs_is_a_document_per_line(
    checks: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    checks(HEALTHY, SICK)
    check(watch=True, output=Output.json)
    assert [line[:1] + line[-1:] for line in capsys.readouterr().out.splitlines()] == ["{}", "{}"]


def test_an_inventory_that_is_edited_meanwhile_is_noted_once(
    checks: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = iter([(1, 1), (1, 1), (2, 1), (2, 1)])
    monkeypatch.setattr("fatecloud.workflow.watch.version_of", lambda _: next(versions))
    checks(HEALTHY, HEALTHY, HEALTHY)
    check(watch=True)
    assert capsys.readouterr().err.count("was edited") == 1


def test_ctrl_c_before_the_first_report_is_an_interruption(checks: Callable[..., None]) -> None:
    checks()
    with pytest.raises(KeyboardInterrupt):
        check(watch=True)


def test_waiting_prints_the_report_once_and_what_changes_to_stderr(
    checks: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    checks(SICK, HEALTHY)
    assert check(wait_healthy=True, facts=None) == 0
    out, err = capsys.readouterr()
    assert out.startswith("demo: healthy")
    assert "gone: SERVICE_STOPPED 9999/flow@a1" in err


@pytest.mark.parametrize(
    "options",
    [
        {"watch": True, "wait_healthy": True},
        {"watch": True, "facts": "facts.json"},
        {"wait_healthy": True, "save_facts": "facts.json"},
        {"timeout": "5m"},
        {"every": "5s"},
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        check(**options)
