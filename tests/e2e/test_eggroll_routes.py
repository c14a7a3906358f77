"""Routes that change and come back, and faults of EggRoll that take sessions and pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fault_sites import WORKER
from program import roots
from raised import RAISED
from repairs import repair, words
from rolling import Rolling, codes
from two_parties import PARTIES, A, B, edit, home
from waiting import wait_until

from fatecloud.components.script import script_text

pytestmark = pytest.mark.e2e
SCRIPT, SESSION = "/srv/try_session.py", "20260102_of_a_test"
LOOKS = 10
PAUSE = 125
"""Seconds."""


@contextmanager
def until_healthy(rolling: Rolling) -> Iterator[None]:
    """What is raised meanwhile is meant; in the end nothing is."""
    with RAISED.anything():
        yield
    rolling.restored(300)


def finding(rolling: Rolling, code: str, timeout: float = 240) -> dict[str, Any]:
    report = rolling.program.wait_for(lambda report: code in codes(report), timeout)
    assert code in codes(report), report["findings"]
    return next(one for one in report["findings"] if one["code"] == code)


def repair_root(rolling: Rolling, code: str) -> None:
    report = rolling.program.report()
    assert roots(report) == {code}, report["findings"]
    repair(rolling.program, rolling.nodes, next(one for one in report["findings"] if one["code"] == code))


def pid(rolling: Rolling, component: str, node: str = A) -> str:
    unit = rolling.unit("9999", component)
    return rolling.nodes.check(node, ["systemctl", "show", "-P", "MainPID", unit]).strip()


def test_a_route_changes_and_is_undone_without_a_restart(rolling: Rolling) -> None:
    program, nodes = rolling.program, rolling.nodes
    table = f"{home(program)}/{rolling.slug('9999', 'osx')}/trees/osx/conf/broker/route_table.json"
    log = f"{home(program)}/logs/{rolling.slug('9999', 'osx')}/osx/broker/broker.log"
    # The other party moves to a further address of its node.
    moved = f"{nodes.addresses[B].rpartition('.')[0]}.200"
    nodes.check(B, ["ip", "address", "add", f"{moved}/24", "dev", "eth0"])

    def known() -> tuple[bool, bool]:
        """Whether the table on the node has the address, and systemd lets its packets pass."""
        networks = nodes.check(A, ["systemctl", "show", "-P", "IPAddressAllow", rolling.unit("9999", "osx")])
        return moved in nodes.check(A, ["cat", table]), f"{moved}/32" in networks

    def loads() -> int:
        return int(nodes.check(A, ["grep", "-c", "load router table", log]))

    before, began = program.inventory.read_text(), [pid(rolling, name) for name in ("osx", "flow")]
    assert known() == (False, False)
    with until_healthy(rolling):
        edit(program, lambda document: document["parties"]["10000"].update(public={"proxy": f"{moved}:9370"}))
        assert " restart" not in program.run("plan").out.partition("Files")[0]
        read = loads()
        program.ok("deploy", "--yes", "--no-verify", timeout=900)
        assert known() == (True, True)
        wait_until(lambda: loads() > read)
        rolling.restored(300)
        read = loads()
        said = program.ok("route", "undo", "--yes", timeout=300)
        assert moved in said.out
        assert "the inventory still says otherwise" in said.err
        assert known() == (False, False)
        wait_until(lambda: loads() > read)
        assert "fatecloud route undo" in finding(rolling, "DEPLOY_PENDING")["cause"]
        # Undone in its turn, and once more: then the inventory follows.
        program.ok("route", "undo", "--yes", timeout=300)
        assert known() == (True, True)
        program.ok("route", "undo", "9999/osx", "--yes", timeout=300)
        assert known() == (False, False)
        program.inventory.write_text(before)
        assert "nothing to do" in program.ok("deploy", "--yes", "--no-verify").out
    nodes.check(B, ["ip", "address", "delete", f"{moved}/24", "dev", "eth0"])
    assert [pid(rolling, name) for name in ("osx", "flow")] == began


@pytest.mark.patient
def test_a_session_whose_eggs_are_gone_is_named_until_their_nodemanager_is_back(rolling: Rolling) -> None:
    rolling.nodes.write(A, SCRIPT, script_text("clustermanager", "v3/try_session.py").encode())
    start = f"nohup python3 -IS {SCRIPT} 127.0.0.1 4670 {SESSION} 170 > /dev/null 2>&1 & echo $!"
    with until_healthy(rolling):
        client = rolling.nodes.check(A, ["sh", "-c", start]).strip()
        wait_until(lambda: bool(rolling.eggs(A) and rolling.eggs(WORKER)))
        # A client that is killed leaves its session, and a nodemanager that is killed says no goodbye.
        rolling.nodes.check(A, ["kill", "-KILL", client])
        wait_until(lambda: "ACTIVE" in rolling.program.ok("session", "list").out)
        unit = rolling.unit("9999", "nodemanager")
        kill = f"systemctl kill -s KILL {unit}; systemctl stop {unit}; systemctl reset-failed {unit}"
        rolling.nodes.check(WORKER, ["sh", "-c", kill])
        dead = finding(rolling, "CLUSTERMANAGER_SESSION_DEAD")
        assert SESSION in dead["symptom"]
        assert finding(rolling, "CLUSTERMANAGER_HEARTBEAT_LOST", 120)["severity"] == "critical"
        repair(rolling.program, rolling.nodes, dead)
        repair_root(rolling, "SERVICE_STOPPED")
    assert "no open sessions" in rolling.program.ok("session", "list").out


@pytest.mark.real
def test_a_nodemanager_that_comes_back_without_its_id_is_known_again_as_it_says(rolling: Rolling) -> None:
    conf, unit = rolling.conf("9999", "nodemanager"), rolling.unit("9999", "nodemanager")
    change = f"cp -p {conf} /srv/before; sed -i 's/nodemanager.host=.*/nodemanager.host=127.0.0.9/' {conf}"
    with until_healthy(rolling):
        rolling.nodes.check(WORKER, ["sh", "-ec", f"{change}; systemctl restart {unit}"])
        assert "127.0.0.9:4671" in finding(rolling, "NODEMANAGER_ADDRESS_WRONG")["symptom"]
        # It has no id at its own address now, and EggRoll takes no heartbeat without one before a pause.
        rolling.nodes.check(WORKER, ["sh", "-ec", f"cp -p /srv/before {conf}; systemctl restart {unit}"])
        refused = finding(rolling, "NODEMANAGER_UNREGISTERED")
        repair(rolling.program, rolling.nodes, refused)
        for later in (one for one in refused["remedy"] if one.get("when") == "after two minutes"):
            time.sleep(PAUSE)
            rolling.program.ok(*words(later["command"]), timeout=400)


@pytest.mark.real
def test_checks_in_a_row_find_nothing_while_a_job_runs(rolling: Rolling) -> None:
    job = rolling.program.start("test", "toy", "--from", PARTIES[A], "--to", PARTIES[B], "--deadline", "900")
    looks = 0
    while job.poll() is None or looks < LOOKS:
        report = rolling.program.report()
        assert report["findings"] == [], report["findings"]
        looks += 1
    out, err = job.communicate()
    rolling.program.hear(("test", "toy"), out, err)
    assert job.returncode == 0, err
