"""FATE-Serving of a guest and a host: deployed from nothing, predicted with, restarted.

Upstream's software where FATECLOUD_PACKAGES names a directory with a directory `serving`, else the fixtures.
"""

from __future__ import annotations

import pytest
from raised import RAISED
from rolling import Rolling
from servings import healthy, predicted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def test_it_is_healthy_and_a_second_deploy_has_nothing_to_do(servings: Rolling) -> None:
    healthy(servings.program)
    assert "nothing to do" in servings.program.ok("deploy", "--yes").out


def test_both_parties_together_make_the_score_from_either_side(servings: Rolling) -> None:
    predicted(servings.program, "guest", "host")
    predicted(servings.program, "host", "guest")


@pytest.mark.patient
def test_a_restart_of_everything_changes_nothing_about_the_score(servings: Rolling) -> None:
    with RAISED.anything():
        servings.program.ok("restart", "--yes", timeout=1200)
        healthy(servings.program)
    predicted(servings.program, "guest", "host")


@pytest.mark.patient
def test_after_a_reboot_of_all_nodes_the_score_is_the_same(servings: Rolling) -> None:
    servings.nodes.restart(*servings.nodes.nodes)
    with RAISED.anything():
        servings.program.wait_for(lambda report: report["status"] == 0, timeout=900)
    healthy(servings.program)
    predicted(servings.program, "guest", "host")
