"""Two parties on FATE 1.11.4 over four nodes: EggRoll 2.5.3, its eggs, rollsite between the parties, flow and a toy.

Real jobs run on them, so it needs the real packages: only where FATECLOUD_PACKAGES names a directory with a directory
`fate-1.11.4`, which has the archives and `python`, a CPython 3.8.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from sampling import LONG
from two_parties import PARTIES, A, B, home

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

RELEASE = "fate-1.11.4"
PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / RELEASE
ARCHIVES = sorted(PACKAGES.glob("*.tar.gz"))
if not ARCHIVES:
    pytest.skip(f"FATECLOUD_PACKAGES names no directory with {RELEASE}", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MEMORY = 8 << 30
WORKERS = {A: "n3", B: "n4"}
CHECKS = 50 if LONG else 5


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("rollsite", 4, prepared=True, memory=MEMORY)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The operator of both parties; their store has nothing but this release."""
    place, addresses = tmp_path_factory.mktemp("rollsite"), dict(sandbox.sandbox.addresses)
    empty = place / "empty"
    empty.mkdir()
    program = operator(sandbox, place, empty, lambda document: _on_four_nodes(document, addresses))
    program.ok("release", "fetch", RELEASE, "--interpreter", str((PACKAGES / "python").resolve()), timeout=1200)
    import_confirmed(program, ARCHIVES)
    return program


def _on_four_nodes(document: dict[str, Any], addresses: dict[str, str]) -> None:
    """Each party has a node for everything, and one more for eggs."""
    document["release"], document["architecture"] = RELEASE, "eggroll"
    document["parties"] = {
        party: {
            "addresses": [addresses[node], addresses[WORKERS[node]]],
            "services": {
                **dict.fromkeys(("flow", "mysql", "clustermanager", "rollsite"), node),
                "nodemanager": [node, WORKERS[node]],
            },
            "config": {"flow": {"jobs": {"cores": 2}}},
        }
        for node, party in PARTIES.items()
    }


@pytest.fixture(scope="module", autouse=True)
def _running(program: Program) -> None:
    """Deployed from nothing, with eggs and a toy as its proof."""
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=2400)


def test_a_second_deploy_has_nothing_to_do(program: Program) -> None:
    assert "nothing to do" in program.ok("deploy", "--yes").out


def test_a_toy_runs_both_ways(program: Program) -> None:
    for guest, host in ((A, B), (B, A)):
        program.ok("test", "toy", "--from", PARTIES[guest], "--to", PARTIES[host], "--deadline", "600", timeout=700)


def test_checks_find_nothing_also_while_a_job_runs(program: Program) -> None:
    seen = 0
    with program.start("test", "toy", "--deadline", "600") as job:
        while job.poll() is None:
            healthy(program)
            seen += 1
        assert job.returncode == 0, job.communicate()
    for _ in range(seen, CHECKS):
        healthy(program)


def test_no_file_that_eggs_can_read_has_the_login_to_the_database(program: Program, nodes: Sandbox) -> None:
    base = home(program)
    for node in (A, WORKERS[A]):
        find = f"grep -rlI --include='*.properties' --include='*.out' --include='*.log' jdbc.password=. {base} || true"
        found = nodes.check(node, ["sh", "-c", find]).split()
        assert [path for path in found if "/store/" not in path and "-clustermanager/" not in path] == []


def test_after_a_reboot_of_all_nodes_jobs_run_again(program: Program, nodes: Sandbox) -> None:
    nodes.restart(*nodes.nodes)
    with RAISED.anything():
        program.wait_for(lambda report: report["status"] == 0, timeout=600)
    healthy(program)
    program.ok("test", "egg", timeout=300)
    program.ok("test", "toy", "--deadline", "600", timeout=700)


def healthy(program: Program) -> None:
    report = program.report()
    assert (report["findings"], report["status"]) == ([], 0)
