"""The checks that components declare. Apart from the registry, because resolving a cluster needs no checks."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from types import ModuleType

from fatecloud import components
from fatecloud.components.registry import by_kind
from fatecloud.components.script import package_of
from fatecloud.model.check import CheckSpec


@cache
def component_checks() -> tuple[CheckSpec, ...]:
    """Every check that a component, or a generation of one, declares in its `checks` module, in name order.

    A `checks` module of a component that has generations is about all of them.
    """
    return _declared("checks")


@cache
def component_preflight() -> tuple[CheckSpec, ...]:
    """Every check that one declares in its `preflight` module, where it has one, and the early ones of its others."""
    return (*_declared("preflight"), *(spec for spec in component_checks() if spec.early))


def _declared(module: str) -> tuple[CheckSpec, ...]:
    """A check that several generations have in their modules is one check of all of these kinds."""
    kinds: dict[CheckSpec, list[str]] = {}
    for kind, component in by_kind().items():
        for package in dict.fromkeys((component.name, kind.replace("/", "."))):
            path = f"{components.__name__}.{package_of(package)}.{module}"
            for spec in checks_in(importlib.import_module(path)) if find_spec(path) else ():
                kinds.setdefault(spec, []).append(kind)
    return tuple(replace(spec, kinds=frozenset(found)) if spec.component else spec for spec, found in kinds.items())


def checks_in(module: ModuleType) -> list[CheckSpec]:
    """The checks declared in a module, sorted by name."""
    return sorted((v for v in vars(module).values() if isinstance(v, CheckSpec)), key=lambda spec: spec.name)
