"""Every check that `fatecloud check` runs, and every finding code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fatecloud.checks import (
    account,
    alive,
    belonging,
    booting,
    confined,
    data,
    deployed,
    filling,
    filtered,
    growth,
    heap,
    incomplete,
    java,
    loaded,
    misdirected,
    names,
    node,
    packets,
    ports,
    refused,
    service,
    store,
    trusted,
)
from fatecloud.checks.codes import ENGINE_CODES
from fatecloud.checks.preflight import preflight_codes
from fatecloud.components.declared import checks_in, component_checks
from fatecloud.model.check import CheckSpec, Code

_ROOMS = (
    trusted,
    belonging,
    node,
    loaded,
    booting,
    names,
    filling,
    growth,
    heap,
    refused,
    incomplete,
    data,
    deployed,
    store,
    account,
    service,
    alive,
    misdirected,
    packets,
    java,
    confined,
    filtered,
    ports,
)


@cache
def running_checks() -> tuple[CheckSpec, ...]:
    """The checks of a deployed cluster: of nodes, of every service, and of each component."""
    return (*(spec for room in _ROOMS for spec in checks_in(room)), *component_checks())


@cache
def all_codes() -> Mapping[str, Code]:
    """Every code by name, sorted: of the engine, of the checks and of preflight."""
    codes = [*ENGINE_CODES, *preflight_codes(), *(code for spec in running_checks() for code in spec.codes)]
    return dict(sorted({code.name: code for code in codes}.items()))
