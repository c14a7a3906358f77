"""Servers of one proxy are restarted and changed one after the other, and no request fails meanwhile."""

from __future__ import annotations

import json

import pytest
from raised import RAISED
from rolling import Rolling, codes
from servings import PORTS, SECOND, SIDES, healthy, models, requests
from two_parties import edit, home, user

from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
DRAINED = "SERVING_SERVER_DRAINED"
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


def test_a_server_that_left_its_work_takes_it_back_by_the_command_of_its_finding(servings: Rolling) -> None:
    """As where a run ends between the hand-over and the stop."""
    with models(servings), requests(servings) as done, RAISED.anything():
        _leave(servings)
        report = servings.program.wait_for(lambda report: codes(report) == {DRAINED}, timeout=120)
        (found,) = (finding for finding in report["findings"] if finding["code"] == DRAINED)
        assert f"{sample.SERVICE}/inference" in found["symptom"]
        # Before the service come the program's place and the inventory's.
        _, verb, *_, service = found["remedy"][0]["text"].split()
        assert (verb, service) == ("start", f"guest/serving-server@{SECOND}")
        servings.program.ok(verb, service, timeout=400)
        servings.restored()
    assert not done.failed


def _leave(servings: Rolling) -> None:
    """The guest's second server gives its work to the first one."""
    address, zookeeper = (servings.nodes.addresses[node] for node in (SECOND, SIDES["guest"][0]))
    base, slug = home(servings.program), servings.slug("guest", "serving-server")
    conf = f"{base}/{slug}/trees/serving-server/conf/serving-server.properties"
    where = f"{address}:{PORTS['guest'][SECOND]}"
    argv = [
        "python3",
        "-IS",
        "/srv/rolling.py",
        "leave",
        conf,
        where,
        where,
        f"{base}/data/{slug}",
        f"{zookeeper}:2181",
    ]
    servings.nodes.write(SECOND, "/srv/rolling.py", script_text("serving-server", "v2/rolling.py").encode())
    done = servings.nodes.exec(SECOND, argv, user(servings.program, "guest", "serving-server"))
    assert json.loads(done.text)["left"], done.text


def _most(document: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]], number: int) -> None:
    """How many requests a batch of the guest may have."""
    document["groups"]["guest"]["config"]["serving-server"]["batch"] = {"most": number}
