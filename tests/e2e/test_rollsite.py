"""Two parties on FATE 1.11.4 over four nodes: EggRoll 2.5.3, its eggs, rollsite between the parties, flow and a toy.

On upstream's archives, where FATECLOUD_PACKAGES names a directory with them, or else on the fixtures'.
"""

from __future__ import annotations

import pytest
from raised import RAISED
from rolling import Rolling, codes
from rollsites import WORKERS, healthy
from sampling import LONG
from two_parties import PARTIES, A, B, home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
CHECKS = 50 if LONG else 5


def test_a_second_deploy_has_nothing_to_do(rollsites: Rolling) -> None:
    assert "nothing to do" in rollsites.program.ok("deploy", "--yes").out


def test_a_toy_runs_both_ways(rollsites: Rolling) -> None:
    for guest, host in ((A, B), (B, A)):
        parties = ("--from", PARTIES[guest], "--to", PARTIES[host])
        rollsites.program.ok("test", "toy", *parties, "--deadline", "600", timeout=700)


def test_an_empty_session_has_an_egg_on_each_node_and_leaves_none(rollsites: Rolling) -> None:
    assert "4 eggs started and ended" in rollsites.program.ok("test", "egg", timeout=300).out
    for node in rollsites.nodes.nodes:
        assert rollsites.eggs(node) == []


def test_checks_find_nothing_also_while_a_job_runs(rollsites: Rolling) -> None:
    program, seen = rollsites.program, 0
    with program.start("test", "toy", "--deadline", "600") as job:
        while job.poll() is None:
            healthy(program)
            seen += 1
        assert job.returncode == 0, job.communicate()
    for _ in range(seen, CHECKS):
        healthy(program)


def test_no_file_that_eggs_can_read_has_the_login_to_the_database(rollsites: Rolling) -> None:
    base = home(rollsites.program)
    for node in (A, WORKERS[A]):
        find = f"grep -rlI --include='*.properties' --include='*.out' --include='*.log' jdbc.password=. {base} || true"
        found = rollsites.nodes.check(node, ["sh", "-c", find]).split()
        assert [path for path in found if "/store/" not in path and "-clustermanager/" not in path] == []


def test_after_a_reboot_of_all_nodes_jobs_run_again(rollsites: Rolling) -> None:
    program, nodes = rollsites.program, rollsites.nodes
    nodes.restart(*nodes.nodes)
    with RAISED.anything():
        program.wait_for(lambda report: not codes(report), timeout=600)
    healthy(program)
    program.ok("test", "egg", timeout=300)
    program.ok("test", "toy", "--deadline", "600", timeout=700)
