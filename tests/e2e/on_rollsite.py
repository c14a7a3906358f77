"""What two parties of each release with rollsite show: jobs both ways, checks without a finding, a reboot."""

from __future__ import annotations

from raised import RAISED
from rolling import Rolling, codes
from rollsites import WORKERS, healthy
from sampling import LONG
from two_parties import PARTIES, A, B, home, user

CHECKS = 50 if LONG else 5
LOGINS = {"clustermanager": "eggroll_meta", "flow": "fate_flow"}
"""Databases of what has a login."""


def has_nothing_to_do(rollsites: Rolling) -> None:
    """A second deploy."""
    assert "nothing to do" in rollsites.program.ok("deploy", "--yes").out


def runs_toys_both_ways(rollsites: Rolling) -> None:
    for guest, host in ((A, B), (B, A)):
        parties = ("--from", PARTIES[guest], "--to", PARTIES[host])
        rollsites.program.ok("test", "toy", *parties, "--deadline", "600", timeout=700)


def starts_eggs_and_leaves_none(rollsites: Rolling) -> None:
    """None but those that were there: a flow of 1.4 keeps some."""
    before = {node: {*rollsites.eggs(node)} for node in rollsites.nodes.nodes}
    assert f"{len(before)} eggs started and ended" in rollsites.program.ok("test", "egg", timeout=300).out
    for node, kept in before.items():
        assert {*rollsites.eggs(node)} <= kept


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
    """Their user reads no file that has the login of the clustermanager or of flow to the database, of any kind."""
    party = PARTIES[A]
    eggs = user(rollsites.program, party, "nodemanager")
    for component, database in LOGINS.items():
        password = rollsites.program.ok("secrets", "reveal", f"{party}.mysql.{database}").out.strip()
        there = _files_with(password, rollsites, A, "root")
        assert any(path.startswith(f"{home(rollsites.program)}/{rollsites.slug(party, component)}/") for path in there)
        for node in (A, WORKERS[A]):
            assert _files_with(password, rollsites, node, eggs) == []


def _files_with(password: str, rollsites: Rolling, node: str, name: str) -> list[str]:
    """The files below the nodes' base directory that have it and that a user can read."""
    look = 'printf %s "$PASSWORD" | grep -rlIsFf - --exclude-dir=store "$0" || test $? -lt 3'
    argv = ["sh", "-c", look, home(rollsites.program)]
    found = rollsites.nodes.exec(node, argv, name, timeout=300, environment={"PASSWORD": password})
    assert found.exit == 0, found.error
    return found.text.splitlines()


def comes_back_after_a_reboot(rollsites: Rolling) -> None:
    """Of all nodes: it is healthy without a command, and jobs run."""
    program, nodes = rollsites.program, rollsites.nodes
    nodes.restart(*nodes.nodes)
    with RAISED.anything():
        program.wait_for(lambda report: not codes(report), timeout=600)
    healthy(program)
    program.ok("test", "egg", timeout=300)
    program.ok("test", "toy", "--deadline", "600", timeout=700)
