"""Finds the components: every package beside this module that has a `COMPONENT`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from fatecloud import components
from fatecloud.model.component import Component
from fatecloud.model.jobs import JobApiAt
from fatecloud.model.proof import Proof, ProofKind


def packages() -> list[str]:
    """Names of the packages beside this module, sorted."""
    return sorted(info.name for info in pkgutil.iter_modules(components.__path__) if info.ispkg)


@cache
def all_components() -> Mapping[str, Component]:
    """Every component by name, sorted. Imports each `components/<name>/__init__.py`."""
    found = {}
    for name in packages():
        component = importlib.import_module(f"{components.__name__}.{name}").COMPONENT
        found[component.name] = component
    return MappingProxyType(dict(sorted(found.items())))


def job_api(component: str) -> JobApiAt | None:
    """What asks a service of this component for its jobs; None where it runs none, or is not known."""
    found = all_components().get(component)
    return pkgutil.resolve_name(found.job_api) if found and found.job_api else None


def proof_of(kind: ProofKind) -> Proof:
    """What runs a smoke test."""
    run: Proof = pkgutil.resolve_name(kind.run)
    return run
