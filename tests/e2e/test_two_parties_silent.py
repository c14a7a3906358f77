"""Checks in a row of a cluster that is healthy, whatever it is doing: no finding in any.

`test_two_parties_harmless.py` checks it at rest.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from program import Program
from sampling import sample
from two_parties import COMPONENTS, beside, edit, federated_jobs, jobs_at_work

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.check import SETTLE_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.usefixtures("running")]

REFUSED = 6
BUSY, AFTER_RESTART = 8, 2
PAUSE = 1.0
"""Seconds between two checks while a job runs or services settle: so they meet all of its tasks and each stage."""


def test_checks_all_through_a_logistic_regression_that_starts_while_an_operator_reads_a_plan(
    program: Program, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The checks find nothing, the job trains, and the deploy that the operator agrees to does not interrupt it."""
    operator, counts = beside(program, tmp_path / "operator"), list[bool]()
    edit(operator, lambda d: d["parties"]["9999"].setdefault("config", {}).update({"flow": {"log_level": 30}}))
    with operator.asked("deploy") as answer:
        job = program.start("test", "lr")
        try:
            while not federated_jobs(sandbox):
                assert job.poll() is None, "the job is already over"
                counts.append(silent_while_a_job_runs(program, sandbox))
            refused = answer()
            while job.poll() is None:
                counts.append(silent_while_a_job_runs(program, sandbox))
        finally:
            out, err = job.communicate(timeout=900)
            program.hear(("test", "lr"), out, err)
    assert refused.status == REFUSED, refused
    sentence = " ".join(refused.err.split())
    assert "1 job would be interrupted: " in sentence
    assert "--wait-jobs" in sentence
    assert job.returncode == 0, out + err
    auc = re.search(r"AUC (\d\.\d+)", out)
    assert auc
    assert float(auc[1]) > 0.9
    assert "could not remove" not in out
    assert sum(counts) >= BUSY


@pytest.mark.parametrize("component", sample("component to restart", COMPONENTS, 1))
def test_checks_right_after_the_restart_of_a_component(program: Program, component: str) -> None:
    program.ok("restart", "--yes", "--component", component)
    for _ in range(AFTER_RESTART):
        silent(program)


def test_checks_from_the_restart_of_everything_until_nothing_settles_any_more(program: Program) -> None:
    program.ok("restart", "--yes")
    over = time.monotonic() + SETTLE_SECONDS
    count = 0
    while time.monotonic() < over or count < AFTER_RESTART:
        silent(program)
        count += 1
        time.sleep(PAUSE)
    silent(program)


def silent_while_a_job_runs(program: Program, sandbox: Sandbox) -> bool:
    """Whether a job was running before the check and still after it."""
    before = jobs_at_work(sandbox)
    silent(program)
    found = before > 0 and jobs_at_work(sandbox) > 0
    time.sleep(PAUSE)
    return found


def silent(program: Program) -> None:
    """A check that must find nothing; it may report settling services."""
    report = program.report()
    assert report["findings"] == [], json.dumps(report, indent=1)
    assert report["status"] == 0
