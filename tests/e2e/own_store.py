"""An operator with a store of their own: what is imported into it reaches no other test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from program import Program
from stores import confirmed, copied
from two_parties import edit, state_of

from fatecloud.workflow.sandbox import Handed


def operator(handed: Handed, place: Path, store: Path, change: Callable[[dict[str, Any]], None]) -> Program:
    """An inventory with its secrets, a copy of a store, and the host keys of the nodes; nothing is deployed.

    Args:
        handed: the nodes, and the inventory to begin with.
        place: an empty directory for the operator.
        store: has the release.
        change: makes the inventory what the tests need.
    """
    inventory = place / "inventory.yml"
    shutil.copy(handed.inventory, inventory)
    program = Program(inventory, place / "state", {"FATECLOUD_STORE": str(copied(store, place / "store"))})
    edit(program, change)
    known = state_of(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    program.ok("secrets", "init")
    return program


def import_confirmed(program: Program, archives: Iterable[Path]) -> None:
    """Import archives that no one has signed, with the fingerprints that an operator got from who made them."""
    for archive in archives:
        program.ok(*confirmed(archive))
