"""`job list`, `show` and `why` on two parties."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from job_world import HEAD, JOB, NOW, THIRD, Flows, flows, refused, row, said, task

from fatecloud.errors import NoMatch, UsageError
from fatecloud.model.jobs import Attempt, Try
from fatecloud.workflow import job_look
from fatecloud.workflow.complete import values

__all__ = ["flows"]


def test_a_job_is_listed_once_with_its_sides_at_all_parties(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running", progress=40), row(HEAD, "success", elapsed=65.0, created=1.0)]
    flows["10000"].rows = [row(JOB, "running", role="host", party="10000", partners="with 9999")]
    head, first, second = said("list").splitlines()
    assert head.split() == ["JOB", "STATUS", "CORES", "CREATED", "TOOK", "SIDES"]
    assert first.split()[:4] == [JOB, "running", "40%", "8"]
    assert first.endswith("guest of party 9999, host of party 10000; with 10000")
    assert "1 min 5 s" in second


def test_a_list_of_one_status_and_of_few(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running"), row(HEAD, "success"), row(THIRD, "success")]
    listed = json.loads(said("list --status success -n 1 -o json"))
    assert [job["status"] for job in listed["items"]] == ["success"]
    assert "did you mean 'success'" in refused("list --status sucess").message
    assert isinstance(refused("list --owner 7"), NoMatch)


def test_a_party_that_gives_no_answer_is_named(flows: Flows) -> None:
    flows["10000"].down = "it hangs"
    assert said("list", 3).splitlines() == ["no jobs", "not found out: 10000/flow@b1 was not asked: it hangs"]


def test_listed_jobs_complete_at_tab(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running")]
    said("list")
    assert list(values("job show", "job", "", "")) == [(JOB, "running, guest of party 9999")]


def test_show_names_the_side_that_failed_first_and_its_error(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "failed", elapsed=70.0)]
    flows["9999"].found = [
        task("psi_0", "success"),
        task("lr_0", "failed", error="RuntimeError: the other side is gone"),
    ]
    flows["9999"].blame = ("host", "10000", "lr_0")
    flows["10000"].rows = [row(JOB, "failed", role="host", party="10000")]
    flows["10000"].found = [task("lr_0", "failed", role="host", party="10000", error="MemoryError: 3 GiB")]
    lines = said(f"show {JOB}").splitlines()
    assert lines[0] == f"{JOB}: failed; created 2026-11-25 19:43:49Z, started by party 9999"
    assert lines[1] == "  failed first at party 10000 (host), in task lr_0: MemoryError: 3 GiB"
    assert lines[2] == "  then at party 9999 (guest), in task lr_0: RuntimeError: the other side is gone"
    assert lines[3] == f"  -> fatecloud logs --job {JOB} --level error"
    assert ["psi_0", "guest", "9999", "success", "2.0", "s"] in [line.split() for line in lines]


def test_a_job_that_a_restart_ended_is_listed_with_what_to_do(flows: Flows) -> None:
    """Flow itself says that it failed, and names no error."""
    after = {"elapsed": 70.0, "ended_at": NOW + 75}
    flows["9999"].rows = [row(JOB, "failed", **after), row(HEAD, "success", **after)]
    flows["9999"].found = [task("lr_0", "failed")]
    words = "9999/flow@a1 was started at 2026-11-25 19:44:49Z; submit it again"
    assert said("list").splitlines()[-1] == f"{JOB}: interrupted, {words}"
    assert said(f"show {JOB}").splitlines()[1] == f"  its reason: interrupted, {words}"
    listed, shown = (json.loads(said(f"{verb} -o json")) for verb in ("list", f"show {JOB}"))
    hit = {"service": "9999/flow@a1", "started": "2026-11-25T19:44:49.000Z"}
    assert [job["interrupted"] for job in listed["items"]] == [hit, None]
    assert shown["failure"]["interrupted"] == hit


@pytest.mark.parametrize(
    ("created", "ended"),
    [(NOW - 600, NOW - 120), (NOW + 61, NOW + 70), (NOW, 0.0)],
    ids=["ended long before", "created after it", "no end"],
)
def test_a_job_that_no_restart_ended_is_not_called_interrupted(flows: Flows, created: float, ended: float) -> None:
    flows["9999"].rows = [row(JOB, "failed", created=created, ended_at=ended)]
    assert "interrupted" not in said("list")


@pytest.mark.parametrize(("age", "named"), [(260.0, True), (60.0, False)])
def test_a_task_that_runs_on_at_one_side_alone_is_named(flows: Flows, age: float, *, named: bool) -> None:
    """As seen with an LR on EggRoll: what the guest waited for never came."""
    flows["9999"].rows = [row(JOB, "running")]
    flows["10000"].rows = [row(JOB, "running", role="host", party="10000")]
    then = time.time() - age
    flows["9999"].found = [
        task("psi_0", "success"),
        task("lr_0", "running", ended_at=0.0),
        task("evaluation_0", "waiting"),
    ]
    flows["10000"].found = [
        task("psi_0", "success", role="host", party="10000"),
        task("lr_0", "success", role="host", party="10000", ended_at=then),
        task("lr_0", "success", role="arbiter", party="10000", ended_at=then - 9),
    ]
    words = "task lr_0 runs on at the guest of party 9999 alone; host of party 10000 and arbiter of party 10000"
    assert (words in said(f"show {JOB}")) == named
    stalled = json.loads(said(f"show {JOB} -o json"))["stalled"]
    assert [(one["task"], one["role"], one["party"]) for one in stalled] == [("lr_0", "guest", "9999")] * named


def test_a_task_that_only_one_side_has_is_not_called_stalled(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running")]
    flows["9999"].found = [task("lr_0", "success", ended_at=1.0), task("evaluation_0", "running", ended_at=0.0)]
    assert "runs on" not in said(f"show {JOB}")


def test_show_of_a_job_whose_other_side_is_not_managed_here(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running", sides=(("guest", "9999"), ("host", "20000")))]
    shown = json.loads(said(f"show {JOB} -o json"))
    assert [(side["party"], side["status"]) for side in shown["sides"]] == [("9999", "running"), ("20000", None)]
    assert shown["failure"] is None


def test_an_unknown_job_and_one_that_is_not_an_id(flows: Flows) -> None:
    flows["10000"].down = "it hangs"
    assert refused(f"show {JOB}").message == f"no party here knows job {JOB} (10000/flow@b1 was not asked: it hangs)"
    assert isinstance(refused("show 1;ls"), UsageError)


def test_why_a_third_job_waits(flows: Flows) -> None:
    """One job has the cores, the next lacks them, and the third waits behind it though it needs little."""
    flows["9999"].rows = [
        row(JOB, "running", cores=20),
        row(HEAD, "waiting", cores=20),
        row(THIRD, "waiting", created=2e9),
    ]
    lines = said(f"why {THIRD}").splitlines()
    assert lines[0].startswith(
        f"{THIRD} waits since 2033-05-18 03:33:20Z for cores: 4 at 9999; number 2 of party 9999's"
    )
    assert lines[1].strip().startswith(f"it is behind {HEAD}: ")
    assert lines[2].strip() == f"-> fatecloud job why {HEAD}"
    assert lines[3] == "party 9999 (9999/flow@a1): 20 of 32 cores are in use, 12 are free"
    assert lines[5].split() == [JOB, "guest", "20", "2026-11-25", "19:43:50Z", "running,", "with", "10000"]
    head = json.loads(said(f"why {HEAD} -o json"))
    found = {waiting["job"]: waiting for waiting in head["waiting"]}
    assert found[HEAD]["why"] == ["party 9999 has to give it 20 cores, and 12 of 32 are free there"]
    assert [remedy["command"] for remedy in found[HEAD]["remedy"]] == [f"fatecloud job stop {JOB}"]
    assert (head["status"], found[THIRD]["place"]) == ("waiting", 2)


def test_why_of_a_job_that_runs_and_of_one_that_has_ended(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "running"), row(HEAD, "success")]
    flows["9999"].found = [task("lr_0", "running")]
    assert said(f"why {JOB}").splitlines()[0] == f"{JOB}: running: it runs lr_0 at party 9999 (guest)"
    flows["9999"].found = []
    assert said(f"why {HEAD}").splitlines()[:2] == [
        f"{HEAD}: success: it does not wait",
        f"  -> fatecloud job show {HEAD}",
    ]


def test_cores_that_no_job_has_are_looked_at_twice(flows: Flows, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        flows["9999"].tried = {JOB: Attempt((Try("guest", "9999", 20, given=False, free=12),))}

    monkeypatch.setattr("time.sleep", wait)
    flows["9999"].rows = [row(JOB, "waiting", cores=20)]
    flows["9999"].tried = {JOB: Attempt((Try("guest", "9999", 20, given=False, free=7),))}
    account: dict[str, Any] = json.loads(said("why -o json"))["accounts"][0]
    assert waits == [job_look.SETTLES]
    assert (account["lost"], account["free"]) == (20, 12)
