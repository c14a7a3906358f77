"""Finds the components: every package beside this module that has a `COMPONENT`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from fatecloud import components
from fatecloud.model.check import CheckSpec
from fatecloud.model.component import Component


def _packages() -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules(components.__path__) if info.ispkg)


@cache
def all_components() -> Mapping[str, Component]:
    """Every component by name, sorted. Imports each `components/<name>/__init__.py`."""
    found = {}
    for name in _packages():
        component = importlib.import_module(f"{components.__name__}.{name}").COMPONENT
        found[component.name] = component
    return MappingProxyType(dict(sorted(found.items())))


@cache
def component_checks() -> tuple[CheckSpec, ...]:
    """Every check that a component declares in its `checks` module, in name order."""
    specs: list[CheckSpec] = []
    for name in _packages():
        specs.extend(checks_in(importlib.import_module(f"{components.__name__}.{name}.checks")))
    return tuple(specs)


def checks_in(module: ModuleType) -> list[CheckSpec]:
    """The checks declared in a module, sorted by name."""
    return sorted((v for v in vars(module).values() if isinstance(v, CheckSpec)), key=lambda spec: spec.name)
