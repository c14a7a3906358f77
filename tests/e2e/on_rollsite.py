"""What two parties of each release with rollsite show: jobs both ways, checks without a finding, a reboot."""

from __future__ import annotations

from raised import RAISED
from rolling import Rolling, codes
from rollsites import WORKERS, healthy
from sampling import LONG
from two_parties import PARTIES, A, B, home

CHECKS = 50 if LONG else 5


def has_nothing_to_do(rollsites: Rolling) -> None:
    """A second deploy."""
    assert "nothing to do" in rollsites.program.ok("deploy", "--yes").out


def runs_toys_both_ways(rollsites: Rolling) -> None:
    for guest, host in ((A, B), (B, A)):
        parties = ("--from", PARTIES[guest], "--to", PARTIES[host])
        rollsites.program.ok("test", "toy", *parties, "--deadline", "600", timeout=700)


def starts_eggs_and_leaves_none(rollsites: Rolling) -> None:
    assert "4 eggs started and ended" in rollsites.program.ok("test", "egg", timeout=300).out
    for node in rollsites.nodes.nodes:
        assert rollsites.eggs(node) == []


def is_healthy_also_while_a_job_runs(rollsites: Rolling) -> None:
    program, seen = rollsites.program, 0
    with program.start("test", "toy", "--deadline", "600") as job:
        while job.poll() is None:
            healthy(program)
            seen += 1
        assert job.returncode == 0, job.communicate()
    for _ in range(seen, CHECKS):
        healthy(program)


def keeps_the_login_from_eggs(rollsites: Rolling) -> None:
    """The login to the database is in no file that they can read."""
    base = home(rollsites.program)
    for node in (A, WORKERS[A]):
        find = f"grep -rlI --include='*.properties' --include='*.out' --include='*.log' jdbc.password=. {base} || true"
        found = rollsites.nodes.check(node, ["sh", "-c", find]).split()
        assert [path for path in found if "/store/" not in path and "-clustermanager/" not in path] == []


def comes_back_after_a_reboot(rollsites: Rolling) -> None:
    """Of all nodes: it is healthy without a command, and jobs run."""
    program, nodes = rollsites.program, rollsites.nodes
    nodes.restart(*nodes.nodes)
    with RAISED.anything():
        program.wait_for(lambda report: not codes(report), timeout=600)
    healthy(program)
    program.ok("test", "egg", timeout=300)
    program.ok("test", "toy", "--deadline", "600", timeout=700)
