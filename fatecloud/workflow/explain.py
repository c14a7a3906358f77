"""`explain`: what a finding code means and what to do; and what the reference pages tell about components."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from fatecloud.checks.registry import all_codes
from fatecloud.components.registry import all_components
from fatecloud.errors import UsageError
from fatecloud.model.check import Code
from fatecloud.model.protections import UnitException
from fatecloud.shipped import folder


def codes() -> tuple[Code, ...]:
    """Every code, sorted by name."""
    return tuple(all_codes().values())


def unit_exceptions() -> Mapping[str, tuple[UnitException, ...]]:
    """Component -> what its units do not deny."""
    return {name: component.unit_exceptions for name, component in sorted(all_components().items())}


def explained(name: str) -> tuple[Code, str]:
    """A code and its runbook page, in Markdown.

    Args:
        name: the code, in any case.

    Raises:
        UsageError: there is no such code.
    """
    code = all_codes().get(name.upper())
    if code is None:
        near = difflib.get_close_matches(name.upper(), all_codes(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no code {name!r}", remedy=f"{hint}fatecloud explain --list")
    return code, (folder("runbooks") / f"{code.name}.md").read_text(encoding="utf-8").rstrip("\n")
