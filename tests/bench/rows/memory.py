"""How the controller's memory grows with the number of nodes: the sum of the proportional sets of all its processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench import Bench, say
from fleet import Fleet
from result import Line
from timing import Figure, Sample

MIB = 1024 * 1024
LEVELS = (10, 30, 20)
AS_EVER = 20
"""Log levels of flow: those that it is given here in turns, and the one that other rows find it with."""


def measure(bench: Bench) -> list[Line]:
    """Peak of `check` and of a deploy that restarts one service per node, at the smallest and the largest count."""
    few, many = bench.counts[0], bench.counts[-1]
    if few == many:
        return []
    # Both at once, so that none is put to sleep between the rounds: nothing is timed here.
    fleets = {count: bench.fleet(count) for count in (few, many)}
    lines = [
        _growth("check", fleets, bench.rounds, lambda fleet, _: fleet.program("check", watch=True)),
        _growth("deploy, one key", fleets, bench.rounds, _deploy),
    ]
    _deploy(fleets[many], AS_EVER)
    return lines


def _deploy(fleet: Fleet, level: int) -> Sample:
    fleet.edit(log_level=level)
    return fleet.program("deploy", "--yes", "--no-verify", watch=True)


def _growth(verb: str, fleets: Mapping[int, Fleet], rounds: int, act: Callable[[Fleet, int], Sample]) -> Line:
    few, many = fleets
    peaks: dict[int, list[int]] = {few: [], many: []}
    for turn in range(rounds):
        # The smaller fleet is part of the larger one: three levels in turns, and each deploy changes all of its nodes.
        for number, (count, fleet) in enumerate(fleets.items()):
            peaks[count].append(act(fleet, LEVELS[(2 * turn + number) % 3]).memory)
    growth = Figure.of([(high - low) / (many - few) / MIB for low, high in zip(peaks[few], peaks[many], strict=True)])
    say(f"memory of {verb}: {growth.median:.2f} MiB per node")
    middle = Figure.of([float(peak) for peak in peaks[many]]).median / MIB
    return Line(
        "memory",
        f"{verb}, {few} -> {many} nodes",
        f"itself, {few} node",
        many,
        "MiB per node",
        growth.median,
        growth.low,
        growth.high,
        "< 1 MiB per node",
        kept=growth.median < 1,
        rounds=rounds,
        note=f"{middle:.0f} MiB at {many} nodes",
    )
