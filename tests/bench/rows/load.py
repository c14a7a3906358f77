"""What a check costs the nodes: CPU seconds and bytes sent, above what they do by themselves."""

from __future__ import annotations

import time
from typing import Any, cast

from bench import Bench, say
from fleet import Fleet
from result import Line
from timing import Figure

from fatecloud.sandbox.engine import engine
from fatecloud.sandbox.nodes import container_name

_CHECKS = 10


def measure(bench: Bench) -> list[Line]:
    """Of one node with one service, over some checks in a row, less what the same seconds cost without them."""
    fleet = bench.fleet(bench.counts[0])
    return lines("a node with one service", [of_checks(fleet) for _ in range(bench.rounds)], services=1)


def of_checks(fleet: Fleet) -> tuple[float, float]:
    """CPU seconds and KiB sent that one check costs the first node, above what it does by itself."""
    node = fleet.sandbox.nodes[0]
    began, before = time.monotonic(), _usage(fleet, node)
    for _ in range(_CHECKS):
        fleet.program("check")
    seconds, after = time.monotonic() - began, _usage(fleet, node)
    time.sleep(seconds)
    idle = _usage(fleet, node)
    cpu = (2 * after[0] - before[0] - idle[0]) / _CHECKS
    sent = (2 * after[1] - before[1] - idle[1]) / _CHECKS / 1024
    say(f"load on a node: {cpu:.3f} CPU s, {sent:.1f} KiB per check")
    return cpu, sent


def lines(where: str, found: list[tuple[float, float]], services: int) -> list[Line]:
    """The two lines of one kind of node, per service."""
    # One service bears the login, sudo and the start of the collector alone; several share them.
    budget = 0.25 if services == 1 else 0.2
    cpu = Figure.of([seconds / services for seconds, _ in found])
    sent = Figure.of([kib / services for _, kib in found])
    note = f"all of it {cpu.median * services:.2f} CPU s" if services > 1 else ""
    return [
        _line(f"CPU of a check on {where}", "CPU s", cpu, budget, len(found), note),
        _line(f"sent per check by {where}", "KiB", sent, 64, len(found), ""),
    ]


def _line(subject: str, unit: str, figure: Figure, budget: float, rounds: int, note: str) -> Line:
    limits = (figure.median, figure.low, figure.high, f"< {budget:g} {unit} per service")
    return Line(
        "load",
        subject,
        "the idle node",
        1,
        f"{unit} per service",
        *limits,
        kept=figure.median < budget,
        rounds=rounds,
        note=note,
    )


def _usage(fleet: Fleet, node: str) -> tuple[float, int]:
    """CPU seconds of everything on a node so far, and bytes that it has sent; read without running anything there."""
    container = engine().containers.get(container_name(fleet.sandbox.name, node))
    said = cast("dict[str, Any]", container.stats(stream=False, one_shot=True))
    sent = sum(link["tx_bytes"] for link in said["networks"].values())
    return said["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, sent
