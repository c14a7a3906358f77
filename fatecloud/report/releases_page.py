"""The releases, their components and what was seen of each: the reference page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fatecloud.model.release import SEEN_STEPS

_HEAD = """\
# Releases

Generated from the catalogue. `fatecloud release show NAME` lists the artifacts of one.

## Components

What was seen of each, with upstream's own software (real) or with the stand-ins of the tests (fixture): that it was
deployed, that `fatecloud check` asked it, and that it took part in a job. An empty cell means that no one has seen it.

"""
_TOGETHER = """
## What works together

Parties of one inventory may be of several releases. Between parties that cannot run a job together there are no routes.
By upstream's lists and sources: no job between two releases was run by us. A release takes the place of another one
only where that is listed: from all others there is no upgrade in place, see [move on](../how-to/move-on.md).

"""


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One component of a release."""

    release: str
    component: str
    version: str
    generation: str
    """Name of the package with what is for this version; empty where all versions share one."""
    seen: Mapping[str, str]
    """Step -> with what it was seen."""


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """What a release has to do with others."""

    release: str
    partners: tuple[str, ...]
    """Other releases whose parties run jobs with its own."""
    replaces: tuple[str, ...]
    """Releases that it takes the place of."""
    apart: tuple[str, ...]
    """With which versions of FATE it runs no jobs, and why."""


def releases_page(components: Iterable[ComponentRow], releases: Iterable[ReleaseRow]) -> str:
    """The reference page in Markdown."""
    columns = ("release", "component", "version", "generation", *SEEN_STEPS)
    rows = [
        (one.release, one.component, one.version, one.generation, *(one.seen.get(step, "") for step in SEEN_STEPS))
        for one in components
    ]
    others = [(one.release, ", ".join(one.partners), ", ".join(one.replaces), "; ".join(one.apart)) for one in releases]
    columns_of_others = ("release", "runs jobs with", "takes the place of", "runs no jobs with")
    return _HEAD + _table(columns, rows) + _TOGETHER + _table(columns_of_others, others)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(columns)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
