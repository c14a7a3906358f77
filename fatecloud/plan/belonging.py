"""Refuses nodes that are not the ones that the inventory means, before anything is planned for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from fatecloud.errors import Refused
from fatecloud.model.belonging import neighbour, same_machine, stranger
from fatecloud.model.cluster import Cluster
from fatecloud.model.observed import NodeFacts, Observed


def refuse_strangers(cluster: Cluster, observed: Observed, names: Collection[str]) -> None:
    """Refuse nodes that belong to another inventory, and two names for the same machine.

    Args:
        observed: facts `manifest`, `identity` and `register`, as far as they were read.
        names: the nodes to change. Even if these are not all nodes, a node's own record shows which one it is.

    Raises:
        Refused: with every such node.
    """
    read = [facts for name in sorted(names) if (facts := observed.reached(name))]
    problems = [*_strangers(cluster, read), *_twins(read)]
    if problems:
        raise Refused(
            "\n".join(what for what, _ in problems), remedy="; ".join(dict.fromkeys(remedy for _, remedy in problems))
        )


def _strangers(cluster: Cluster, read: Collection[NodeFacts]) -> Iterator[tuple[str, str]]:
    for facts in read:
        found = stranger(cluster, facts.node, facts.fact("manifest").value or {})
        found = found or neighbour(cluster, facts.node, facts.fact("register").value or ())
        if found:
            yield f"{facts.node}: {found.what}", found.remedy


def _twins(read: Collection[NodeFacts]) -> Iterator[tuple[str, str]]:
    for one, other in combinations(read, 2):
        first, second = one.fact("identity").value, other.fact("identity").value
        if first and second and same_machine(first, second):
            yield f"{one.node} and {other.node} are the same machine", "keep one of the names under `nodes`"
