"""Two parties over several nodes: EggRoll 2, its eggs, rollsite between the parties, and flow.

FATE 1.11.4 and 1.4.5 are upstream's archives, or the fixtures' in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from rolling import Rolling, codes
from rollsite_packages import OLDEST, PACKAGES, RELEASE, archives, lend, lend_interpreter
from two_parties import PARTIES, A, B

from fatecloud.workflow.sandbox import Handed

MEMORY, MEMORY_OF_OLDEST = (10 if PACKAGES else 8) << 30, 10 << 30
"""Bytes that a node may use, for preflight. There is a FATEBoard beside upstream's software alone, and sessions of FATE
1.4.5 have masters. That was seen to take 1.8 GiB at rest on a node with everything, and 0.6 on one with eggs alone."""
Boards = Mapping[str, dict[str, Any]]
WORKERS = {A: "n3", B: "n4"}
"""Each party has a node for everything, and one more for eggs if there is that node."""


def of_fixtures(handed: Handed, place: Path, release: str, store: Path) -> Rolling:
    """Both parties on a release of the fixtures, deployed from nothing, with eggs and a toy as the proof.

    Args:
        handed: the nodes.
        place: an empty directory for the operator.
        release: its name.
        store: has fate-2.2.0.
    """
    lent = place / "lent"
    lent.mkdir()
    program = operator(handed, place, store, _on(handed, release, {}))
    program.command = lend(lent, release)
    lend_interpreter(Path(program.environment["FATECLOUD_STORE"]), release)
    if release == OLDEST:
        # What EggRoll 2.0 takes for a part of Java.
        program.ok("release", "fetch", release)
    return _deployed(program, handed, archives(release))


def deployed(handed: Handed, place: Path, store: Path) -> Rolling:
    """FATE 1.11.4, upstream's or the fixtures'. Arguments as for the others."""
    if not PACKAGES:
        return of_fixtures(handed, place, RELEASE, store)
    # One board listens on loopback, and one where its users reach it.
    boards: Boards = {A: {}, B: {"bind": handed.sandbox.addresses[B]}}
    return of_upstream(handed, place, RELEASE, PACKAGES, boards)


def of_upstream(handed: Handed, place: Path, release: str, folder: Path, boards: Boards) -> Rolling:
    """The same with upstream's software of a release, in a store that has nothing else.

    Args:
        handed: the nodes.
        place: an empty directory for the operator.
        release: its name.
        folder: the archives, and `python`, the release's CPython: its program, or the directory that has `bin/python3`.
        boards: nodes of parties that have one, with its settings.
    """
    empty = place / "empty"
    empty.mkdir()
    program = operator(handed, place, empty, _on(handed, release, boards))
    python = (folder / "python").resolve()
    python = python / "bin" / "python3" if python.is_dir() else python
    program.ok("release", "fetch", release, "--interpreter", str(python), timeout=1200)
    return _deployed(program, handed, tuple(sorted(folder.glob("*.tar.gz"))))


def _deployed(program: Program, handed: Handed, packages: tuple[Path, ...]) -> Rolling:
    import_confirmed(program, packages)
    with RAISED.anything():
        program.ok("deploy", "--yes", timeout=2400)
    return Rolling(program, handed.sandbox)


def _on(handed: Handed, release: str, boards: Boards) -> Callable[[dict[str, Any]], None]:
    """Makes an inventory of it."""
    addresses = dict(handed.sandbox.addresses)

    def party(node: str) -> dict[str, Any]:
        components = ("flow", "mysql", "clustermanager", "rollsite", *(("board",) if node in boards else ()))
        board = {"board": boards[node]} if boards.get(node) else {}
        own = [name for name in (node, WORKERS[node]) if name in addresses]
        return {
            "addresses": [addresses[name] for name in own],
            "services": {**dict.fromkeys(components, node), "nodemanager": own},
            "config": {"flow": {"jobs": {"cores": 2}}, **board},
        }

    def change(document: dict[str, Any]) -> None:
        document["release"], document["architecture"] = release, "eggroll"
        document["parties"] = {name: party(node) for node, name in PARTIES.items()}

    return change


def healthy(program: Program) -> None:
    """A check finds nothing, beside the load of the tests' machine."""
    report = program.report()
    assert not codes(report), report["findings"]
