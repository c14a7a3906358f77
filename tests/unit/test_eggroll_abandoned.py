"""Sessions whose jobs have ended: certain at a second look, and only where every job of the party is known."""

from __future__ import annotations

from typing import Any

import pytest
from component_world import NOW, Change, desired, observed, say, set_answer

from fatecloud.checks.engine import judge
from fatecloud.checks.history import joined
from fatecloud.components.clustermanager.check_abandoned import sessions_end
from fatecloud.model.finding import Finding
from fatecloud.model.samples import History, Sample

EXAMPLE, MANAGER, FLOW = "eggroll-rollsite", "9999/clustermanager@a1", "9999/flow@a1:flow.jobs"
JOB = "202611302014238411720"
SESSION = f"{JOB}_secure_add_example_0_0_guest_9999"
BEFORE: History = {MANAGER: {f"abandoned {SESSION}": (Sample(NOW - 60, 1.0),)}}


def session(name: str = SESSION, status: str = "ACTIVE") -> dict[str, Any]:
    return {"id": name, "status": status, "total": 2, "active": 2, "age": 3600, "changed": 3590}


def found(*changes: Change, history: History = BEFORE, name: str = SESSION, status: str = "ACTIVE") -> list[Finding]:
    rows = set_answer(f"{MANAGER}:clustermanager.database", sessions=[session(name, status)])
    seen = observed(rows, lambda answers: answers.update(earlier=dict(history)), *changes, example=EXAMPLE)
    findings = judge(desired(EXAMPLE), seen, [sessions_end]).findings
    return [one for one in findings if str(one.subject) == MANAGER]


def jobs(*names: str, waiting: int = 0) -> Change:
    rows = [{"job": name, "status": "running"} for name in names]
    return say(FLOW, ok=True, running=len(names), waiting=waiting, jobs=rows)


def test_a_session_of_a_job_that_ended_before_two_looks_is_named_with_what_ends_it() -> None:
    (finding,) = found()
    assert (
        finding.symptom == "1 active sessions with 2 eggs are of jobs or flows that have ended, the oldest is 1 h old"
    )
    assert [str(one) for one in finding.remedy] == [f"fatecloud session kill {SESSION} --owner 9999"]
    assert len(found(jobs("202611302014238411721"))) == 1


@pytest.mark.parametrize("ages", [(), (5.0,), (5000.0,)])
def test_one_look_alone_may_be_in_the_moment_of_its_end(ages: tuple[float, ...]) -> None:
    assert found(history={MANAGER: {f"abandoned {SESSION}": tuple(Sample(NOW - age, 1.0) for age in ages)}}) == []


@pytest.mark.parametrize(
    "change",
    [jobs(JOB), jobs(waiting=60), say(FLOW, ok=False, kind="refused", error="x")],
    ids=["it runs", "more jobs than are named", "flow does not say"],
)
def test_where_its_job_may_run_nothing_is_said(change: Change) -> None:
    assert found(change) == []


@pytest.mark.parametrize(("name", "status"), [(SESSION, "KILLED"), ("fatecloud-1", "ACTIVE"), (f"x_{JOB}_y", "ACTIVE")])
def test_other_sessions_are_left_alone(name: str, status: str) -> None:
    assert found(name=name, status=status, history={MANAGER: {f"abandoned {name}": (Sample(NOW - 60, 1.0),)}}) == []


def test_a_look_keeps_the_names() -> None:
    rows = set_answer(f"{MANAGER}:clustermanager.database", sessions=[session()])
    kept = joined({}, desired(EXAMPLE), observed(rows, example=EXAMPLE), [sessions_end])
    assert list(kept[MANAGER]) == [f"abandoned {SESSION}"]


OLDEST, OF_FLOW = "eggroll-rollsite-1.4", "session_used_by_fate_flow_server_a"


@pytest.mark.parametrize(
    ("began", "eggs", "codes"),
    [
        (100.0, 3, ["CLUSTERMANAGER_SESSION_ABANDONED"]),
        # Seen after a boot of all nodes.
        (100.0, 0, []),
        # It made it for itself, some seconds after its start.
        (4010.0, 3, []),
        # Clocks differ, and a flow that does not run may come up again.
        (3995.0, 3, []),
        (None, 3, []),
    ],
)
def test_a_session_that_flow_1_4_made_for_itself_ends_with_that_flow(
    began: float | None, eggs: int, codes: list[str]
) -> None:
    row = {"id": OF_FLOW, "status": "ACTIVE", "total": 3, "active": eggs, "age": 4000, "changed": 3990}
    state = {"state": "running", "since": NOW - began if began else None}
    before = {MANAGER: {f"abandoned {OF_FLOW}": (Sample(NOW - 60, 1.0),)}}
    seen = observed(
        set_answer(f"{MANAGER}:clustermanager.database", sessions=[row]),
        lambda answers: answers.update({"9999/flow@a1": state, "earlier": before}),
        example=OLDEST,
    )
    assert [one.code for one in judge(desired(OLDEST), seen, [sessions_end]).findings] == codes
