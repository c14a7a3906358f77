"""Two parties on FATE 1.11.4 over four nodes: EggRoll 2.5.3, its eggs, rollsite between the parties, and flow.

Of upstream's archives, or of the fixtures' in their place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from rolling import Rolling, codes
from rollsite_packages import PACKAGES, RELEASE, archives, lend, lend_interpreter
from two_parties import PARTIES, A, B

from fatecloud.workflow.sandbox import Handed

MEMORY = (9 if PACKAGES else 8) << 30
"""Bytes that a node may use. There is a FATEBoard beside upstream's software alone."""
BOARD = ("board",) if PACKAGES else ()
WORKERS = {A: "n3", B: "n4"}
"""Each party has a node for everything, and one more for eggs."""


def deployed(handed: Handed, place: Path, store: Path) -> Rolling:
    """Both parties, deployed from nothing, with eggs and a toy as the proof.

    Args:
        handed: four nodes.
        place: an empty directory for the operator.
        store: has fate-2.2.0.
    """
    addresses = dict(handed.sandbox.addresses)
    empty, lent = place / "empty", place / "lent"
    for directory in (empty, lent):
        directory.mkdir()
    program = operator(
        handed, place, empty if PACKAGES else store, lambda document: _on_four_nodes(document, addresses)
    )
    if PACKAGES:
        program.ok("release", "fetch", RELEASE, "--interpreter", str((PACKAGES / "python").resolve()), timeout=1200)
    else:
        program.command = lend(lent)
        lend_interpreter(Path(program.environment["FATECLOUD_STORE"]))
    import_confirmed(program, archives())
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=2400)
    return Rolling(program, handed.sandbox)


def _on_four_nodes(document: dict[str, Any], addresses: dict[str, str]) -> None:
    document["release"], document["architecture"] = RELEASE, "eggroll"
    document["parties"] = {
        party: {
            "addresses": [addresses[node], addresses[WORKERS[node]]],
            "services": {
                **dict.fromkeys(("flow", "mysql", "clustermanager", "rollsite", *BOARD), node),
                "nodemanager": [node, WORKERS[node]],
            },
            "config": {"flow": {"jobs": {"cores": 2}}, **_board(addresses[node] if node == B else "")},
        }
        for node, party in PARTIES.items()
    }


def _board(address: str) -> dict[str, Any]:
    """One board listens on loopback, and one where its users reach it."""
    return {"board": {"bind": address}} if BOARD and address else {}


def healthy(program: Program) -> None:
    """A check finds nothing, beside the load of the tests' machine."""
    report = program.report()
    assert not codes(report), report["findings"]
