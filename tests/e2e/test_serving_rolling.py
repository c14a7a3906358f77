"""Servers of one proxy are restarted and changed one after the other, and no request fails meanwhile."""

from __future__ import annotations

import pytest
from raised import RAISED
from rolling import Rolling
from servings import PORTS, healthy, models, requests
from two_parties import edit

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
SERVERS = ("guest/serving-server", "host/serving-server")


def pids(servings: Rolling) -> dict[tuple[str, str], str]:
    """Of each server."""
    return {
        (side, node): servings.nodes.check(
            node, ["systemctl", "show", "-P", "MainPID", servings.unit(side, "serving-server")]
        ).strip()
        for side, ports in PORTS.items()
        for node in ports
    }


def test_a_restart_of_all_servers_of_both_parties_fails_no_request(servings: Rolling) -> None:
    healthy(servings.program)
    before = pids(servings)
    with models(servings), requests(servings) as done, RAISED.anything():
        servings.program.ok("restart", *SERVERS, "--yes", timeout=1200)
    assert not done.failed
    assert done.asked > 100
    after = pids(servings)
    assert all(before[key] != after[key] for key in before)
    healthy(servings.program)


def test_a_deploy_of_a_changed_setting_fails_no_request(servings: Rolling) -> None:
    before = pids(servings)
    edit(servings.program, lambda document: _most(document, 200))
    with models(servings), requests(servings) as done, RAISED.anything():
        servings.program.ok("deploy", "--yes", "--no-verify", timeout=1200)
    assert not done.failed
    assert done.asked > 100
    after = pids(servings)
    assert {side for side, node in before if before[side, node] != after[side, node]} == {"guest"}
    healthy(servings.program)


def _most(document: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]], number: int) -> None:
    """How many requests a batch of the guest may have."""
    document["groups"]["guest"]["config"]["serving-server"]["batch"] = {"most": number}
