"""The kinds of packages that upstream publishes: every module here has a `KIND`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from fatecloud.model.package import PackageKind


@cache
def kinds() -> tuple[PackageKind, ...]:
    """All kinds, by the names of their modules."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").KIND for name in names)
