"""`job stop` and `job clean`: what they name before, do, and leave in the history."""

from __future__ import annotations

import pytest
from job_world import HEAD, JOB, Flows, flows, refused, row, run, said, task
from typer.testing import CliRunner

from fatecloud.cli.verbs import app
from fatecloud.errors import Refused, RunError
from fatecloud.report.console import Console
from fatecloud.workflow import job_end

__all__ = ["flows"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_end, "POLL", 0)
    monkeypatch.setattr(job_end, "PATIENCE", 0.05)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Questions; the answer is a no."""
    found: list[str] = []

    def confirm(_self: Console, question: str) -> bool:
        found.append(question)
        return False

    monkeypatch.setattr(Console, "confirm", confirm)
    return found


def history() -> str:
    return str(CliRunner().invoke(app, ["runs", "list"], standalone_mode=False, env={"COLUMNS": "200"}).stdout)


def test_stop_names_what_is_lost_and_does_nothing_without_a_yes(flows: Flows, asked: list[str]) -> None:
    flows["9999"].rows = [row(JOB, "running", sides=(("guest", "9999"), ("host", "20000")))]
    flows["9999"].found = [task("lr_0", "running"), task("psi_0", "success")]
    assert isinstance(refused(f"stop {JOB}"), Refused)
    (question,) = asked
    assert question.startswith(f"stop job {JOB} (guest 9999, host 20000; running, created ")
    assert "What these tasks have computed is lost: lr_0 at party 9999 (guest)." in question
    assert question.endswith("It ends at 20000 (host) too, where others may wait for it.")
    assert flows["9999"].calls == []
    assert "job" not in history()


def test_stop_asks_the_party_that_schedules_the_job_and_waits_for_its_end(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running", role="host", scheduler="10000")]
    flows["10000"].rows = [row(JOB, "running", party="10000", scheduler="10000")]
    flows["10000"].also = flows["9999"]
    done = run(f"stop {JOB} --yes")
    assert done.exception is None
    assert f"job {JOB} has ended: canceled" in done.stderr
    assert (flows["9999"].calls, flows["10000"].calls) == ([], [f"stop {JOB}"])
    assert "job stop" in history()


def test_a_job_that_has_ended_is_not_stopped(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "success")]
    assert "has ended already: success" in run(f"stop {JOB} --yes").stderr
    assert flows["9999"].calls == []


def test_a_job_that_goes_on_after_a_stop_is_an_error(flows: Flows) -> None:
    flows["9999"].rows, flows["9999"].stops = [row(JOB, "running")], False
    error = refused(f"stop {JOB} --yes")
    assert isinstance(error, RunError)
    assert error.message.startswith(f"job {JOB} has not ended")
    assert error.remedy == f"fatecloud job show {JOB}"


def test_clean_refuses_a_job_that_has_not_ended(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "waiting")]
    error = refused(f"clean {JOB} --yes")
    assert (error.message, error.remedy) == (f"job {JOB} has not ended: waiting", f"fatecloud job stop {JOB}")


def test_clean_names_what_goes_and_whose_stays(flows: Flows, asked: list[str]) -> None:
    flows["9999"].rows = [row(JOB, "success", sides=(("guest", "9999"), ("host", "20000")))]
    flows["9999"].found = [task("lr_0", "success"), task("psi_0", "success")]
    assert isinstance(refused(f"clean {JOB}"), Refused)
    (question,) = asked
    assert "at party 9999: metrics, models and output data of its 2 tasks?" in question
    assert question.endswith("Party 20000 keeps its own.")


def test_clean_asks_each_party_that_knows_the_job(flows: Flows) -> None:
    for party, flow in flows.items():
        flow.rows = [row(JOB, "success", party=party), row(HEAD, "success", party=party)]
    assert said(f"clean {JOB} --yes") == ""
    assert [flow.calls for flow in flows.values()] == [[f"clean {JOB}"]] * 2
    assert [one.job for one in flows["10000"].rows] == [HEAD]


def test_clean_says_that_a_party_may_still_have_it(flows: Flows) -> None:
    flows["9999"].rows, flows["10000"].down = [row(JOB, "success")], "it hangs"
    done = run(f"clean {JOB} --yes")
    assert done.return_value == 3
    assert "10000/flow@b1 was not asked: it hangs" in done.stderr
