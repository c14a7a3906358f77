"""Fifty checks in a row of a cluster that is healthy, whatever it is doing: no finding in any."""

from __future__ import annotations

import json
import time

import pytest
from program import Program
from two_parties import COMPONENTS, jobs_at_work

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.check import SETTLE_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.usefixtures("running")]

QUIET, BUSY, AFTER_RESTART = 30, 10, 2
PAUSE = 1.0
"""Seconds between two checks while a job runs, so that they meet all of its tasks."""


def test_thirty_checks_at_rest(program: Program) -> None:
    for _ in range(QUIET):
        silent(program)


def test_checks_all_through_a_logistic_regression(program: Program, sandbox: Sandbox) -> None:
    job = program.start("test", "lr")
    count = 0
    try:
        while job.poll() is None:
            before = jobs_at_work(sandbox)
            silent(program)
            count += before > 0 and jobs_at_work(sandbox) > 0
            time.sleep(PAUSE)
    finally:
        out, err = job.communicate(timeout=900)
        program.hear(("test", "lr"), out, err)
    assert job.returncode == 0, out + err
    assert count >= BUSY


@pytest.mark.parametrize("component", COMPONENTS)
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
    silent(program)


def silent(program: Program) -> None:
    """A check that may find nothing; what settles it may say."""
    report = program.report()
    assert report["findings"] == [], json.dumps(report, indent=1)
    assert report["status"] == 0
