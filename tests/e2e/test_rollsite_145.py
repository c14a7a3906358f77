"""Two parties on FATE 1.4.5 over four nodes: EggRoll 2.0.2, its eggs, rollsite between the parties, flow and a toy.

Real jobs run on them, so it needs the real packages, see `on_rollsite.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from on_rollsite import (
    MEMORY,
    Packages,
    comes_back_after_a_reboot,
    deploys,
    is_healthy_also_while_a_job_runs,
    keeps_the_login_from_eggs,
    toys_both_ways,
)
from program import Program

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = Packages("fate-1.4.5")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("rollsite145", 4, prepared=True, memory=MEMORY)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return PACKAGES.operator(sandbox, tmp_path_factory.mktemp("rollsite145"), {"jobs": {"cores": 2}})


@pytest.fixture(scope="module", autouse=True)
def _running(program: Program) -> None:
    deploys(program)


def test_a_second_deploy_has_nothing_to_do(program: Program) -> None:
    assert "nothing to do" in program.ok("deploy", "--yes").out


def test_a_toy_runs_both_ways(program: Program) -> None:
    toys_both_ways(program)


def test_checks_find_nothing_also_while_a_job_runs(program: Program) -> None:
    is_healthy_also_while_a_job_runs(program)


def test_no_file_that_eggs_can_read_has_the_login_to_the_database(program: Program, nodes: Sandbox) -> None:
    keeps_the_login_from_eggs(program, nodes)


def test_after_a_reboot_of_all_nodes_jobs_run_again(program: Program, nodes: Sandbox) -> None:
    comes_back_after_a_reboot(program, nodes)
