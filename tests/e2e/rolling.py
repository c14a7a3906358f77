"""Two parties on EggRoll and OSX, one of them with eggs on two nodes: of upstream's archives, or of the fixtures'.

Only the first ones have a FATEBoard beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eggroll_packages import REAL, archives
from fault_sites import SITES, WORKER
from faults import Site
from own_store import import_confirmed, operator
from program import Program, roots
from raised import RAISED
from two_parties import PARTIES, A, home, label, slug

from fatecloud.model.check import OVERLOADED
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

MEMORY = (14 if REAL else 8) << 30
"""Bytes that a node may use. A party with a FATEBoard needs all of 8 GiB, which preflight calls too little."""
NODES = SITES["eggroll"].nodes
"""Nodes, each with a nodemanager, and their parties."""
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
        place: an empty directory for the operator.
        store: has the release.
    """
    addresses = dict(handed.sandbox.addresses)
    program = operator(handed, place, store, lambda document: _roll(document, addresses))
    with RAISED.anything():
        refused = program.run("deploy", "--yes")
    assert refused.status != 0
    assert "eggroll.tar.gz" in refused.err + refused.out
    import_confirmed(program, archives())
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
        **dict.fromkeys(("flow", "mysql", "clustermanager", "osx", *(["board"] if REAL else [])), A),
        "nodemanager": [A, WORKER],
    }


def codes(report: dict[str, Any]) -> set[str]:
    """What was found, beside the load of the tests' machine."""
    return {finding["code"] for finding in report["findings"]} - {OVERLOADED}


def causes(report: dict[str, Any]) -> set[str]:
    """Of these, the codes that nothing else explains."""
    return roots(report) - {OVERLOADED}
