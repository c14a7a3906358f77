"""Two parties on EggRoll and OSX, one with eggs on two nodes: on upstream's archives, where FATECLOUD_PACKAGES names a
directory with them, or else on the fixtures'. What takes a job has the mark `real`: there is nothing behind an egg of
the fixtures.
"""

from __future__ import annotations

from typing import Any

import pytest
from fault_sites import WORKER
from raised import RAISED
from repairs import repair
from rolling import NODES, Rolling, causes, codes
from two_parties import PARTIES, A, B, home, label
from waiting import wait_until

from fatecloud.components.script import script_text

pytestmark = pytest.mark.e2e
SCRIPT, SESSION = "/srv/try_session.py", "20260101_of_a_test"
_CONNECTS = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("open")
except OSError as error:
    print(type(error).__name__)
"""


def test_it_is_healthy_and_a_second_deploy_has_nothing_to_do(rolling: Rolling) -> None:
    rolling.restored()
    assert "nothing to do" in rolling.program.ok("deploy", "--yes", "--no-verify").out


def test_an_empty_session_has_an_egg_on_each_node_and_leaves_none(rolling: Rolling) -> None:
    assert "3 eggs started and ended" in rolling.program.ok("test", "egg", timeout=300).out
    for node in NODES:
        assert rolling.eggs(node) == []


@pytest.mark.real
def test_a_deploy_ends_with_a_job_on_eggs(rolling: Rolling) -> None:
    rolling.program.ok("deploy", "--yes", timeout=1800)


@pytest.mark.real
def test_a_job_runs_both_ways_on_eggs(rolling: Rolling) -> None:
    for guest, host in ((A, B), (B, A)):
        parties = ("--from", PARTIES[guest], "--to", PARTIES[host])
        rolling.program.ok("test", "toy", *parties, "--deadline", "900", timeout=1000)
    for node, party in NODES.items():
        logs = f"{home(rolling.program)}/logs/{rolling.slug(party, 'nodemanager')}"
        assert "_toy_0_0_" in rolling.nodes.check(node, ["ls", logs])


@pytest.mark.real
def test_a_model_is_trained_on_eggs(rolling: Rolling) -> None:
    rolling.program.ok("test", "lr", "--deadline", "1800", timeout=1900)


def test_no_one_but_the_party_reaches_a_manager(rolling: Rolling) -> None:
    for port in (4670, 4671):
        ask = ["python3", "-c", _CONNECTS, rolling.nodes.addresses[A], str(port)]
        assert rolling.nodes.check(A, ask).strip() == "open"
        assert rolling.nodes.check(B, ask).strip() != "open"


def test_only_the_clustermanager_can_read_the_login_to_its_database(rolling: Rolling) -> None:
    base = home(rolling.program)
    find = ["grep", "-rlI", "jdbc.password", base, "--include=eggroll.properties"]
    own = [
        path for path in rolling.nodes.check(A, find).split() if "/store/" not in path and "/.fatecloud/" not in path
    ]
    assert own == [f"{base}/{label(rolling.program)}-9999-clustermanager/trees/eggroll/conf/eggroll.properties"]


def test_eggs_that_cannot_start_are_repaired_as_it_says(rolling: Rolling) -> None:
    program, nodes = rolling.program, rolling.nodes
    nodes.check(A, ["sed", "-i", "s,egg_pair.venv=.*,egg_pair.venv=/nowhere,", rolling.conf("9999", "nodemanager")])
    with RAISED.anything():
        found = program.run("test", "egg", "--from", "9999", "--to", "9999", "--deadline", "60", timeout=300)
        assert found.status == 4, found
        assert f"9999/nodemanager@{A}" in found.err
        report = program.wait_for(lambda report: "NODEMANAGER_EGG_BROKEN" in codes(report))
        assert causes(report) == {"FILE_DRIFTED"}
        (broken,) = (one for one in report["findings"] if one["code"] == "NODEMANAGER_EGG_BROKEN")
        repair(program, nodes, broken)
    rolling.restored()
    program.ok("test", "egg", timeout=300)


@pytest.mark.patient
def test_eggs_that_outlive_their_session_are_ended_as_it_says(rolling: Rolling) -> None:
    program, nodes = rolling.program, rolling.nodes
    nodes.write(A, SCRIPT, script_text("clustermanager", "v3/try_session.py").encode())
    start = f"nohup python3 -IS {SCRIPT} 127.0.0.1 4670 {SESSION} 100 > /dev/null 2>&1 & echo $!"
    with RAISED.anything():
        client = nodes.check(A, ["sh", "-c", start]).strip()
        wait_until(lambda: bool(rolling.eggs(A) and rolling.eggs(WORKER)))
        # A client that is killed leaves its session, and this one ends without its eggs.
        nodes.check(A, ["kill", "-KILL", client])
        rolling.site.sql("update eggroll_meta.session_main set status = 'KILLED', updated_at = '2026-01-01'")
        # They may be a moment apart: each nodemanager has eggs of its own.
        report = program.wait_for(lambda report: len(orphans(report)) == 2, timeout=400)
        assert codes(report) == {"NODEMANAGER_EGGS_ORPHANED"}, report["findings"]
        for finding in orphans(report):
            repair(program, nodes, finding)
    rolling.restored()
    assert (rolling.eggs(A), rolling.eggs(WORKER)) == ([], [])


def orphans(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in report["findings"] if finding["code"] == "NODEMANAGER_EGGS_ORPHANED"]


@pytest.mark.patient
def test_a_session_that_waits_for_ever_is_ended_as_it_says(rolling: Rolling) -> None:
    program, nodes, conf = rolling.program, rolling.nodes, rolling.conf("9999", "nodemanager")
    nodes.check(WORKER, ["cp", "-p", conf, f"{conf}.kept"])
    nodes.check(WORKER, ["sed", "-i", "s,egg_pair.venv=.*,egg_pair.venv=/nowhere,", conf])
    nodes.write(A, SCRIPT, script_text("clustermanager", "v3/try_session.py").encode())
    start = f"nohup python3 -IS {SCRIPT} 127.0.0.1 4670 {SESSION}_stuck 170 > /dev/null 2>&1 & echo $!"
    with RAISED.anything():
        client = nodes.check(A, ["sh", "-c", start]).strip()
        wait_until(lambda: bool(rolling.eggs(A)))
        # One egg of two is there, and the clustermanager that waits for the other one is restarted.
        nodes.check(A, ["kill", "-KILL", client])
        program.ok("restart", "9999/clustermanager", "--yes", timeout=600)
        nodes.check(WORKER, ["mv", f"{conf}.kept", conf])
        report = program.wait_for(lambda report: codes(report) == {"CLUSTERMANAGER_SESSION_STUCK"}, timeout=400)
        (stuck,) = (finding for finding in report["findings"] if finding["code"] in codes(report))
        assert f"{SESSION}_stuck" in program.ok("session", "list").out
        repair(program, nodes, stuck)
    rolling.restored()
    assert rolling.eggs(A) == []
    assert "no open sessions" in program.ok("session", "list").out
