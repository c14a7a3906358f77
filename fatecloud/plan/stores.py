"""Finds nodes that still have environments of a release that they do not use any more."""

from __future__ import annotations

from fatecloud.model.desired import Desired
from fatecloud.model.layout import ID_LENGTH
from fatecloud.model.observed import Observed
from fatecloud.render.variables import uses_python


def outdated_stores(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """Names of the nodes that were read and whose store contains more than their release needs.

    Args:
        desired: with its Python environment known, if a service needs one.
    """
    return tuple(name for name in sorted(desired.cluster.nodes) if _surplus(desired, observed, name))


def _surplus(desired: Desired, observed: Observed, name: str) -> bool:
    facts = observed.reached(name)
    store = facts.fact("store").value if facts else None
    if not store:
        return False
    python = desired.python if uses_python(desired, desired.node(name)) else None
    venvs = {python.digest[:ID_LENGTH]} if python else set()
    pythons = {python.interpreter.sha256[:ID_LENGTH]} if python else set()
    return bool(set(store["venvs"]) - venvs or set(store["pythons"]) - pythons)
