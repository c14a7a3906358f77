"""Two parties of a release with rollsite over four nodes, made of the real packages, and what each such release shows.

The packages are where FATECLOUD_PACKAGES names a directory with a directory called like the release, which has the
archives and `python`, the CPython of the release.
"""

from __future__ import annotations

import os
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

MEMORY = 9 << 30
WORKERS = {A: "n3", B: "n4"}
CHECKS = 50 if LONG else 5


class Packages:
    """The archives of a release; skips the module that makes it where there are none."""

    def __init__(self, release: str) -> None:
        self.release = release
        self._folder = Path(os.environ.get("FATECLOUD_PACKAGES") or "none") / release
        self._archives = sorted(self._folder.glob("*.tar.gz"))
        if not self._archives:
            pytest.skip(f"FATECLOUD_PACKAGES names no directory with {release}", allow_module_level=True)

    def operator(self, sandbox: Handed, place: Path, flow: dict[str, Any]) -> Program:
        """The operator of both parties; their store has nothing but this release.

        Args:
            flow: settings of each party's flow.
        """
        addresses = dict(sandbox.sandbox.addresses)
        empty = place / "empty"
        empty.mkdir()

        def four_nodes(document: dict[str, Any]) -> None:
            """Each party has a node for everything, and one more for eggs."""
            document["release"], document["architecture"] = self.release, "eggroll"
            document["parties"] = {
                party: {
                    "addresses": [addresses[node], addresses[WORKERS[node]]],
                    "services": {
                        **dict.fromkeys(("flow", "mysql", "clustermanager", "rollsite"), node),
                        "nodemanager": [node, WORKERS[node]],
                    },
                    "config": {"flow": flow},
                }
                for node, party in PARTIES.items()
            }

        program = operator(sandbox, place, empty, four_nodes)
        interpreter = str((self._folder / "python").resolve())
        program.ok("release", "fetch", self.release, "--interpreter", interpreter, timeout=1200)
        import_confirmed(program, self._archives)
        return program


def deploys(program: Program) -> None:
    """From nothing, with eggs and a toy as its proof."""
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=2400)


def toys_both_ways(program: Program) -> None:
    for guest, host in ((A, B), (B, A)):
        program.ok("test", "toy", "--from", PARTIES[guest], "--to", PARTIES[host], "--deadline", "600", timeout=700)


def is_healthy_also_while_a_job_runs(program: Program) -> None:
    seen = 0
    with program.start("test", "toy", "--deadline", "600") as job:
        while job.poll() is None:
            is_healthy(program)
            seen += 1
        assert job.returncode == 0, job.communicate()
    for _ in range(seen, CHECKS):
        is_healthy(program)


def keeps_the_login_from_eggs(program: Program, nodes: Sandbox) -> None:
    base = home(program)
    for node in (A, WORKERS[A]):
        find = f"grep -rlI --include='*.properties' --include='*.out' --include='*.log' jdbc.password=. {base} || true"
        found = nodes.check(node, ["sh", "-c", find]).split()
        assert [path for path in found if "/store/" not in path and "-clustermanager/" not in path] == []


def comes_back_after_a_reboot(program: Program, nodes: Sandbox) -> None:
    nodes.restart(*nodes.nodes)
    with RAISED.anything():
        program.wait_for(lambda report: report["status"] == 0, timeout=600)
    is_healthy(program)
    program.ok("test", "egg", timeout=300)
    program.ok("test", "toy", "--deadline", "600", timeout=700)


def is_healthy(program: Program) -> None:
    report = program.report()
    assert (report["findings"], report["status"]) == ([], 0)
