"""On which side a failed job failed first, and the first real line of its error."""

from __future__ import annotations

from typing import Any

from flow_replay import FIXTURES
from test_flow_answers import recorded

from fatecloud.checks.job_failure import failure_of
from fatecloud.components.flow.v2.answers import tasks_of
from fatecloud.model.job_report import SideError
from fatecloud.model.jobs import TaskState
from fatecloud.model.remedy import Ask, Run

UNKNOWN = ("", "", "")
LOGS = Run("fatecloud logs --job 1 --level error", looks=True)


def task(party: str, ended: float, error: str = "", status: str = "failed", **more: Any) -> TaskState:
    fields = {"task": "lr_0", "role": "guest", "report": error, "logs": "", "elapsed": 1.0, "error": error}
    return TaskState(party=party, status=status, ended_at=ended, **{**fields, **more})


def test_the_side_that_ended_first_with_an_error() -> None:
    tasks = [task("9999", 5, "ValueError: late"), task("10000", 3, "ValueError: early", role="host"), task("9999", 1)]
    found = failure_of("1", {"9999", "10000"}, tasks, UNKNOWN, "")
    assert found.first == SideError("host", "10000", "lr_0", "ValueError: early")
    assert [one.error for one in found.others] == ["ValueError: late", ""]
    assert (found.asked, found.remedy) == (True, (LOGS,))


def test_the_side_that_the_scheduler_saw_fail_first_comes_before_all_errors() -> None:
    tasks = [task("9999", 5, "ValueError: guest"), task("10000", 6, "ValueError: host", role="host")]
    found = failure_of("1", {"9999", "10000"}, tasks, ("host", "10000", "lr_0"), "")
    assert found.first.error == "ValueError: host"
    assert [one.error for one in found.others] == ["ValueError: guest"]


def test_a_partner_that_others_manage_is_named_with_whom_to_ask() -> None:
    found = failure_of("1", {"9999"}, [task("9999", 5)], ("host", "10000", "lr_0"), "")
    assert found.first == SideError("host", "10000", "lr_0", "")
    assert not found.asked
    ask, logs = found.remedy
    assert (ask, logs) == (Ask("the operator of party 10000", "why task lr_0 of job 1 failed there"), LOGS)


def test_a_job_that_the_scheduler_gave_up() -> None:
    found = failure_of("1", {"9999"}, [], UNKNOWN, "guest 9999 resource limit exceeded")
    assert found.first == SideError("", "", "", "guest 9999 resource limit exceeded")
    assert found.asked


def test_the_error_of_a_real_failed_toy() -> None:
    assert (FIXTURES / "toyfail.json").exists()
    tasks = tasks_of(recorded("toyfail", "GET /v2/job/task/query"))
    found = failure_of("1", {"9999"}, tasks, UNKNOWN, "")
    assert found.first.error.startswith("fate.components.core.component_desc._parameter.ComponentParameterApplyError")


def test_a_report_that_says_nothing_is_not_an_error() -> None:
    row = {"task_name": "t", "role": "guest", "party_id": "1", "party_status": "failed"}
    (silent,) = tasks_of([{**row, "error_report": "No found task output."}])
    assert (silent.error, silent.report) == ("", "No found task output.")
