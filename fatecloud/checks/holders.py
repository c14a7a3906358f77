"""Which operators' runs are changing nodes while the nodes are read."""

from __future__ import annotations

from fatecloud.model.lease import held_by
from fatecloud.model.observed import Observed


def runs_under_way(observed: Observed) -> tuple[str, ...]:
    """One sentence for each run that holds a lease now: its owner, and the nodes that it holds."""
    held: dict[tuple[str, str], list[str]] = {}
    for name in sorted(observed.nodes):
        if lease := held_by(observed, name):
            held.setdefault((str(lease.get("owner", "?")), str(lease.get("run", "?"))), []).append(name)
    return tuple(
        f"{owner} is changing {', '.join(nodes)} now (run {run}): findings there may be its work in progress"
        for (owner, run), nodes in held.items()
    )
