"""Two parties on EggRoll and OSX, one of them with eggs on two nodes: of upstream's archives, or of the fixtures'."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eggroll_packages import archives
from faults import Site
from program import Program, roots
from raised import RAISED
from two_parties import PARTIES, A, edit, home, label, slug, state_of

from fatecloud.model.check import OVERLOADED
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

MEMORY = 8 << 30
WORKER = "n3"
NODES = {A: "9999", WORKER: "9999", "n2": "10000"}
"""Nodes with a nodemanager, and their parties."""
CORES = {"9999": 2, "10000": 1}
"""Of each job at a party: a task has as many eggs."""


@dataclass(frozen=True)
class Rolling:
    """The operator of the two parties, and their nodes."""

    program: Program
    nodes: Sandbox

    def slug(self, party: str, component: str) -> str:
        return slug(self.program, party, component)

    def unit(self, party: str, component: str) -> str:
        return f"fatecloud-{self.slug(party, component)}.service"

    @property
    def site(self) -> Site:
        """The first party's node with all of its services."""
        return Site(self.nodes, label(self.program), A, PARTIES[A], home(self.program))

    def conf(self, party: str, component: str) -> str:
        """Settings of a manager."""
        return f"{home(self.program)}/{self.slug(party, component)}/trees/eggroll/conf/eggroll.properties"

    def eggs(self, node: str) -> list[str]:
        """Process numbers of the eggs on a node."""
        return self.nodes.check(node, ["sh", "-c", "pgrep -f '[e]gg_pair.py --config' || true"]).split()

    def restored(self, timeout: float = 90) -> None:
        """A check finds nothing, soon."""
        with RAISED.anything():
            report = self.program.wait_for(lambda report: not codes(report), timeout)
        assert not codes(report), report["findings"]


def deployed(handed: Handed, place: Path, store: Path) -> Rolling:
    """Both parties, deployed from prepared nodes without a job.

    Args:
        handed: three nodes.
        place: an empty directory for the operator. Its store is a copy: what is imported must not reach other tests.
        store: has the release.
    """
    shutil.copytree(store, place / "store", copy_function=os.link)
    inventory = place / "inventory.yml"
    shutil.copy(handed.inventory, inventory)
    program = Program(inventory, place / "state", {"FATECLOUD_STORE": str(place / "store")})
    edit(program, lambda document: _roll(document, dict(handed.sandbox.addresses)))
    known = state_of(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    program.ok("secrets", "init")
    with RAISED.anything():
        refused = program.run("deploy", "--yes")
    assert refused.status != 0
    assert "eggroll.tar.gz" in refused.err + refused.out
    for archive in archives():
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        program.ok("release", "import", str(archive), "--confirm-fingerprint", f"sha256:{digest}")
    with RAISED.anything():
        program.ok("deploy", "--yes", "--no-verify", timeout=1800)
    return Rolling(program, handed.sandbox)


def _roll(document: dict[str, Any], addresses: dict[str, str]) -> None:
    """Each party on a node of its own, and the first one's eggs on a further node, too."""
    document["architecture"] = "eggroll"
    document["parties"] = {
        party: {
            "addresses": [addresses[node]],
            "services": {"flow": node},
            "config": {"flow": {"jobs": {"cores": CORES[party]}}},
        }
        for node, party in PARTIES.items()
    }
    first = document["parties"][PARTIES[A]]
    first["addresses"].append(addresses[WORKER])
    first["services"] = {
        **dict.fromkeys(("flow", "mysql", "clustermanager", "osx"), A),
        "nodemanager": [A, WORKER],
    }


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def codes(report: dict[str, Any]) -> set[str]:
    """What was found, beside the load of the tests' machine."""
    return {finding["code"] for finding in report["findings"]} - {OVERLOADED}


def causes(report: dict[str, Any]) -> set[str]:
    """Of these, the codes that nothing else explains."""
    return roots(report) - {OVERLOADED}
