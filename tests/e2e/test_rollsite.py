"""Two parties on FATE 1.11.4 over four nodes: EggRoll 2.5.3, its eggs, rollsite between the parties, flow and a toy.

On upstream's archives, where FATECLOUD_PACKAGES names a directory with them, or else on the fixtures'.
"""

from __future__ import annotations

import on_rollsite
import pytest
from rolling import Rolling

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def test_a_second_deploy_has_nothing_to_do(rollsites: Rolling) -> None:
    on_rollsite.has_nothing_to_do(rollsites)


def test_a_toy_runs_both_ways(rollsites: Rolling) -> None:
    on_rollsite.runs_toys_both_ways(rollsites)


def test_an_empty_session_has_an_egg_on_each_node_and_leaves_none(rollsites: Rolling) -> None:
    on_rollsite.starts_eggs_and_leaves_none(rollsites)


def test_checks_find_nothing_also_while_a_job_runs(rollsites: Rolling) -> None:
    on_rollsite.is_healthy_also_while_a_job_runs(rollsites)


def test_no_file_that_eggs_can_read_has_the_login_to_the_database(rollsites: Rolling) -> None:
    on_rollsite.keeps_the_login_from_eggs(rollsites)
