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
    node = fleet.sandbox.nodes[0]
    cpu, sent = [], []
    for _ in range(bench.rounds):
        began, before = time.monotonic(), _usage(fleet, node)
        for _ in range(_CHECKS):
            fleet.program("check")
        seconds, after = time.monotonic() - began, _usage(fleet, node)
        time.sleep(seconds)
        idle = _usage(fleet, node)
        cpu.append((2 * after[0] - before[0] - idle[0]) / _CHECKS)
        sent.append((2 * after[1] - before[1] - idle[1]) / _CHECKS / 1024)
    say(f"load on a node: {Figure.of(cpu).median:.3f} CPU s, {Figure.of(sent).median:.1f} KiB")
    return [
        _line(bench, "CPU of one check on a node", "CPU s", Figure.of(cpu), 0.2),
        _line(bench, "sent by a node per check", "KiB per service", Figure.of(sent), 64),
    ]


def _line(bench: Bench, subject: str, unit: str, figure: Figure, budget: float) -> Line:
    limits = (figure.median, figure.low, figure.high, f"< {budget:g} {unit}")
    return Line("load", subject, "the idle node", 1, unit, *limits, kept=figure.median < budget, rounds=bench.rounds)


def _usage(fleet: Fleet, node: str) -> tuple[float, int]:
    """CPU seconds of everything on a node so far, and bytes that it has sent; read without running anything there."""
    container = engine().containers.get(container_name(fleet.sandbox.name, node))
    said = cast("dict[str, Any]", container.stats(stream=False, one_shot=True))
    sent = sum(link["tx_bytes"] for link in said["networks"].values())
    return said["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, sent
