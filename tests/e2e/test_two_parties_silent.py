"""Checks in a row of a cluster during a job, from its start to its end: no finding in any.

`test_two_parties_harmless.py` checks it at rest, `test_two_parties_quiet.py` while it is changed.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from program import Program
from two_parties import beside, edit, federated_jobs, jobs_at_work

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.usefixtures("running")]

REFUSED = 6
BUSY = 8
PAUSE = 1.0
"""Seconds between two checks while a job runs: so they meet all of its tasks."""


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
