"""`check` of two parties on upstream's EggRoll and OSX: against the floor, and what it costs a node."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from bench import Bench, compared, execs, say
from fleet import Fleet, bare
from result import Line
from stores import confirmed, copied
from timing import BenchError, interleaved

from fatecloud.workflow import check
from rows import load
from rows.check import floor_of

PACKAGES = os.environ.get("FATECLOUD_PACKAGES", "")
"""A directory with the archives, which are in no registry; empty where there is none."""
_ARCHIVES = ("eggroll.tar.gz", "osx.tar.gz")
_NODES, _MEMORY = 2, 8 << 30
_SERVICES = 5
"""Of each node: flow, its database, OSX and EggRoll's two managers."""


def measure(bench: Bench) -> list[Line]:
    """Two parties, each with all of its services on one node, after a smoke test."""
    if not PACKAGES:
        raise BenchError("the row eggroll needs FATECLOUD_PACKAGES, a directory with " + " and ".join(_ARCHIVES))
    with bare("bench-eggroll", _NODES, bench.scratch, architecture="eggroll", memory=_MEMORY) as plain:
        fleet = dataclasses.replace(plain, store=copied(plain.store, bench.scratch / "store-eggroll"))
        _import(fleet)
        fleet.program("deploy", "--yes")
        fleet.settle()
        floor = floor_of(execs(fleet, want=check.FACTS))
        taken = interleaved(bench.rounds, {"check": fleet.timed("check"), "floor": floor})
        pair = (("check, 2 parties on EggRoll", taken["check"]), ("floor", taken["floor"]))
        line = compared("eggroll", *pair, _NODES, 1.3)
        say(f"check, 2 parties on EggRoll: {line.median:.2f} x")
        found = [load.of_checks(fleet) for _ in range(bench.rounds)]
    costs = load.lines("a node with five services, EggRoll's among them", found, services=_SERVICES)
    return [line, *(dataclasses.replace(cost, row="eggroll") for cost in costs)]


def _import(fleet: Fleet) -> None:
    for name in _ARCHIVES:
        fleet.alone(*confirmed(Path(PACKAGES, name)))
