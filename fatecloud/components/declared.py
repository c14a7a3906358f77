"""The checks that components declare. Apart from the registry, because resolving a cluster needs no checks."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.util import find_spec
from types import ModuleType

from fatecloud import components
from fatecloud.components.registry import packages
from fatecloud.model.check import CheckSpec


@cache
def component_checks() -> tuple[CheckSpec, ...]:
    """Every check that a component declares in its `checks` module, in name order."""
    specs: list[CheckSpec] = []
    for name in packages():
        specs.extend(checks_in(importlib.import_module(f"{components.__name__}.{name}.checks")))
    return tuple(specs)


@cache
def component_preflight() -> tuple[CheckSpec, ...]:
    """Every check that a component declares in its `preflight` module, where it has one, in name order."""
    modules = [f"{components.__name__}.{name}.preflight" for name in packages()]
    return tuple(spec for module in modules if find_spec(module) for spec in checks_in(importlib.import_module(module)))


def checks_in(module: ModuleType) -> list[CheckSpec]:
    """The checks declared in a module, sorted by name."""
    return sorted((v for v in vars(module).values() if isinstance(v, CheckSpec)), key=lambda spec: spec.name)
