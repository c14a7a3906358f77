"""Two parties on FATE 1.4.5: EggRoll 2.0.2, its eggs, rollsite between the parties, flow and a toy.

On upstream's archives and four nodes, where FATECLOUD_PACKAGES names a directory with them, or else on the fixtures'
and three nodes.
"""

from __future__ import annotations

import on_rollsite
import pytest
from rolling import Rolling

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def test_a_second_deploy_has_nothing_to_do(oldest: Rolling) -> None:
    on_rollsite.has_nothing_to_do(oldest)


def test_a_toy_runs_both_ways(oldest: Rolling) -> None:
    on_rollsite.runs_toys_both_ways(oldest)


def test_an_empty_session_has_an_egg_on_each_node_and_leaves_none(oldest: Rolling) -> None:
    on_rollsite.starts_eggs_and_leaves_none(oldest)


def test_checks_find_nothing_also_while_a_job_runs(oldest: Rolling) -> None:
    on_rollsite.is_healthy_also_while_a_job_runs(oldest)


def test_no_file_that_eggs_can_read_has_the_login_to_the_database(oldest: Rolling) -> None:
    on_rollsite.keeps_the_login_from_eggs(oldest)


@pytest.mark.real
def test_after_a_reboot_of_all_nodes_jobs_run_again(oldest: Rolling) -> None:
    on_rollsite.comes_back_after_a_reboot(oldest)
