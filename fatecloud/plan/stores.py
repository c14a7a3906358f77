"""Finds nodes that still have environments of a release that they do not use any more."""

from __future__ import annotations

from fatecloud.model.desired import Desired
from fatecloud.model.observed import Observed
from fatecloud.model.parts import parts_of


def outdated_stores(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """Names of the nodes that were read and whose store contains more than their release needs.

    Args:
        desired: with its Python sets known, if a service needs one.
    """
    return tuple(name for name in sorted(desired.cluster.nodes) if _surplus(desired, observed, name))


def _surplus(desired: Desired, observed: Observed, name: str) -> bool:
    facts = observed.reached(name)
    store = facts.fact("store").value if facts else None
    if not store:
        return False
    needed = {(part.kind, part.id) for part in parts_of(desired, name)}
    return any((kind, entry) not in needed for kind, entries in store["made"].items() for entry in entries)
