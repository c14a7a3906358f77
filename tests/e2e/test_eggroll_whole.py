"""Two parties on three nodes with everything that a party on EggRoll has: what an operator does with them in a week.

Real jobs run on them, so it needs the real packages: only where FATECLOUD_PACKAGES names a directory with them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from killing import Point, killed, points
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from sampling import dice
from two_parties import PARTIES, A, B, edit
from waiting import wait_until

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = os.environ.get("FATECLOUD_PACKAGES", "")
ARCHIVES = sorted(Path(PACKAGES).glob("*.tar.gz")) if PACKAGES else []
if not {"eggroll.tar.gz", "osx.tar.gz", "fateboard.tar.gz"} <= {path.name for path in ARCHIVES}:
    pytest.skip("FATECLOUD_PACKAGES names no directory with EggRoll, OSX and FATEBoard", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MEMORY = 8 << 30
WORKER = "n3"
GRPC = {A: 4671, B: 4681}
"""Ports of the nodemanagers: the third node has one of each party."""
CHECKS, DURING_A_JOB = 50, 10
KILLS = 5
KILLED = ("mysql", "clustermanager", "osx", "flow", "board")
JOB_SECONDS = "1800"
COMES = 300
"""Seconds until a job that was started is on a list."""


def rolling(document: dict[str, Any], addresses: dict[str, str]) -> None:
    """Each party on a node of its own, with eggs on the third one, too."""
    document["architecture"] = "eggroll"
    document["parties"] = {
        party: {
            "addresses": [addresses[node], addresses[WORKER]],
            "services": {
                **dict.fromkeys(("flow", "mysql", "clustermanager", "osx", "board"), node),
                "nodemanager": [node, WORKER],
            },
            "config": {
                "flow": {"computing": {"cores": 4}, "jobs": {"cores": 2}},
                "nodemanager": {"ports": {"grpc": GRPC[node]}},
            },
        }
        for node, party in PARTIES.items()
    }


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("week", 3, prepared=True, memory=MEMORY)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The operator of both parties."""
    place, addresses = tmp_path_factory.mktemp("week"), dict(sandbox.sandbox.addresses)
    program = operator(sandbox, place, store, lambda document: rolling(document, addresses))
    import_confirmed(program, ARCHIVES)
    return program


@pytest.fixture(scope="module")
def running(program: Program) -> None:
    """Deployed from nothing, with the proofs that a deploy makes."""
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=1800)


@pytest.fixture(scope="module", autouse=True)
def _needs_it(running: None) -> None:
    """Every test here begins on the running parties."""


def test_a_second_deploy_has_nothing_to_do(program: Program) -> None:
    # So much of FATE on nodes of the tests' machine is more than one would order.
    with RAISED.expecting("PREFLIGHT_MEMORY"):
        assert "nothing to do" in program.ok("deploy", "--yes").out


def test_jobs_run_both_ways_and_their_times_are_compared(program: Program) -> None:
    for guest, host in ((A, B), (B, A)):
        way = ("--from", PARTIES[guest], "--to", PARTIES[host], "--deadline", "900", "-o", "json")
        found = json.loads(program.ok("test", "toy", *way, timeout=1000).out)
        # The deploy ran one of the first way.
        assert found["earlier"] == (guest == A)
        assert ("whole" in found["usual"]) == (guest == A)
    assert "160 rows in common" in program.ok("test", "psi", "--deadline", "900", timeout=1000).out


def test_fifty_checks_find_nothing_also_while_a_model_is_trained(program: Program) -> None:
    seen = 0
    with program.start("test", "lr", "--deadline", JOB_SECONDS) as job:
        while job.poll() is None:
            healthy(program)
            seen += 1
        assert job.returncode == 0, job.communicate()
    assert seen >= DURING_A_JOB
    while seen < CHECKS:
        healthy(program)
        seen += 1


def test_a_changed_heap_restarts_one_service(program: Program, nodes: Sandbox) -> None:
    before = mains(nodes)
    edit(program, lambda document: document["parties"]["9999"]["config"].update({"osx": {"jvm": {"heap": "640MiB"}}}))
    # Two jobs at a time, with all of this on one node, are more memory than it has.
    with RAISED.expecting("PREFLIGHT_MEMORY", "PREFLIGHT_JOBS_MEMORY"):
        program.ok("deploy", "--yes", "--no-verify", timeout=900)
    after = mains(nodes)
    assert [unit for unit in before if before[unit] != after[unit]] == [
        next(unit for unit in before if unit.endswith("-9999-osx.service"))
    ]
    healthy_soon(program)


def test_the_third_job_says_what_it_waits_for(program: Program) -> None:
    """Each takes two of the four cores of a party; two that train a model hold them for minutes."""
    jobs: list[Any] = []
    try:
        jobs = [program.start("test", "lr", "--deadline", JOB_SECONDS) for _ in range(2)]
        # Their uploads come first, with cores of one party alone.
        wait_until(partial(at_work_on_both_sides, program, 2), 2 * COMES)
        jobs.append(program.start("test", "toy", "--deadline", JOB_SECONDS))
        ledger = wait_until(lambda: waiting(program), COMES)
        assert ledger
        (last,) = ledger["waiting"]
        first = {holder["job"] for account in ledger["accounts"] for holder in account["holders"]}
        assert len(first) == 2
        assert set(last["blockers"]) == first, ledger
        assert "cores" in last["why"][0]
    finally:
        for job in jobs:
            job.communicate(timeout=1900)
    assert [job.returncode for job in jobs] == [0, 0, 0]
    assert waiting(program) is None


@pytest.mark.parametrize("component", KILLED)
def test_a_killed_service_is_back_by_itself(program: Program, nodes: Sandbox, component: str) -> None:
    before = mains(nodes)
    (unit,) = (unit for unit in before if unit.endswith(f"-9999-{component}.service"))
    with RAISED.anything():
        nodes.check(A, ["systemctl", "kill", "--signal=KILL", unit])
        program.wait_for(lambda report: report["status"] == 0, timeout=240)
    assert mains(nodes)[unit] not in ("0", before[unit])
    healthy_soon(program)
    program.ok("test", "egg", timeout=300)


@pytest.mark.parametrize("cut", [(A,), (WORKER,), (A, B)], ids="-".join)
def test_after_a_power_cut_all_comes_back_by_itself(program: Program, nodes: Sandbox, cut: tuple[str, ...]) -> None:
    nodes.restart(*cut, power_cut=True)
    with RAISED.anything():
        program.wait_for(lambda report: report["status"] == 0, timeout=600)
    healthy_soon(program)
    program.ok("test", "egg", timeout=300)
    program.ok("test", "toy", "--deadline", "900", timeout=1000)


def test_a_job_that_a_power_cut_ends_is_listed_with_what_to_do(program: Program, nodes: Sandbox) -> None:
    with program.start("test", "lr", "--deadline", JOB_SECONDS) as verb:
        wait_until(partial(at_work_on_both_sides, program, 1), COMES)
        (job,) = {holder["job"] for account in ledger_of(program)["accounts"] for holder in account["holders"]}
        # The verb would remove its job.
        verb.kill()
    nodes.restart(A, power_cut=True)
    with RAISED.anything():
        program.wait_for(lambda report: report["status"] == 0, timeout=600)
    ended = wait_until(lambda: listed(program, job)["status"] in ("failed", "canceled") and listed(program, job), 900)
    assert ended
    assert ended["interrupted"]["service"].startswith("9999/"), ended
    shown = program.ok("job", "show", job).out
    assert "submit it again" in shown
    program.ok("job", "clean", job, "--yes")
    healthy_soon(program)


COURSES = {"heaps": ((1, 90), 1.5)}
POINTS = points(dice("points to kill at, with EggRoll"), KILLS, COURSES)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_a_killed_deploy_run_again_comes_to_the_same_end(program: Program, nodes: Sandbox, point: Point) -> None:
    """Each deploy gives all JVMs another heap."""
    heap = f"{512 + 64 * (point.number % 2)}MiB"

    def change(document: dict[str, Any]) -> None:
        for party in document["parties"].values():
            for name in ("clustermanager", "nodemanager", "osx", "board"):
                party["config"].setdefault(name, {})["jvm"] = {"heap": heap}

    edit(program, change)
    with RAISED.anything():
        killed(program, nodes, point)
        program.ok("deploy", "--yes", "--no-verify", timeout=1200)
    healthy_soon(program)
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out
    program.ok("test", "egg", timeout=300)


def healthy(program: Program) -> None:
    report = program.report()
    assert (report["findings"], report["status"]) == ([], 0)


def healthy_soon(program: Program) -> None:
    report = program.wait_for(lambda report: report["status"] == 0, timeout=240)
    assert (report["findings"], report["status"]) == ([], 0)


def mains(nodes: Sandbox) -> dict[str, str]:
    """Main process of each service on all nodes."""
    listed = "systemctl list-units --plain --no-legend 'fatecloud-*.service' | while read unit rest; do "
    show = f"{listed} echo $unit $(systemctl show -P MainPID $unit); done"
    lines = [line for node in (A, B, WORKER) for line in nodes.check(node, ["sh", "-c", show]).splitlines()]
    return dict(line.split() for line in lines)


def listed(program: Program, job: str) -> dict[str, Any]:
    """A job as it is listed."""
    items = json.loads(program.ok("job", "list", "-o", "json").out)["items"]
    return next(dict(one) for one in items if one["id"] == job)


def ledger_of(program: Program) -> dict[str, Any]:
    """Who holds cores, and which jobs wait."""
    found: dict[str, Any] = json.loads(program.ok("job", "why", "-o", "json").out)
    return found


def at_work_on_both_sides(program: Program, wanted: int) -> bool:
    """Whether so many jobs hold cores at each party: an upload is at one of them alone."""
    held = [{holder["job"] for holder in account["holders"]} for account in ledger_of(program)["accounts"]]
    return len(held) == len(PARTIES) and len(set.intersection(*held)) >= wanted


def waiting(program: Program) -> dict[str, Any] | None:
    """The ledger, while exactly one job waits that all parties have accepted, and two have cores."""
    ledger = ledger_of(program)
    holders = {holder["job"] for account in ledger["accounts"] for holder in account["holders"]}
    accepted = [job for job in ledger["waiting"] if "not by all of its parties" not in job["why"][0]]
    return ledger if len(ledger["waiting"]) == len(accepted) == 1 and len(holders) == 2 else None
