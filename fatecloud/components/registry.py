"""Finds the components: every package beside this module that has a `COMPONENT`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from fatecloud import components
from fatecloud.model.component import Component


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
