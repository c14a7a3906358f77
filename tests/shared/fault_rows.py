"""The rows of `tests/e2e/faults.yml`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from fault_sites import SITES, FaultSite

FILE = Path(__file__).parents[1] / "e2e" / "faults.yml"
REAL, FIXTURES = "real", "fixtures"
"""The two grades of EggRoll with its proxy, OSX or rollsite."""


@dataclass(frozen=True)
class Row:
    """One fault."""

    name: str
    root: tuple[str, ...]
    """Ids (`CODE@subject`) of the roots that it must have: no others. Empty: it passes, and nothing is found."""
    inject: tuple[str, ...]
    """Steps, each a shell on the node, or a line that begins with a word of `fault_run.ON_THE_CONTROLLER`."""
    repair: tuple[str, ...] = ()
    """The same; empty: what the findings of its roots say is run."""
    why: str = ""
    """Why `repair` is needed although the finding has a command of its own."""
    by: tuple[str, ...] = ()
    """Ids of findings that the root explains: what they say is run, instead of what the root says."""
    after: tuple[str, ...] = ()
    """Steps that leave the cluster as it was, once it is healthy again."""
    never: tuple[str, ...] = ()
    """Codes that are never a root, also while the fault takes effect."""
    names: str = ""
    """What the symptom of its root must contain: a route, for example."""
    unsaid: str = ""
    """A regular expression: what no line of evidence may have."""
    preflight: str = ""
    """A code with which preflight reports the same."""
    diagnosed: str = ""
    """What `diagnose` names as the only fault from the exports of both sides: `router of 9999`, `network from 9999 to
    10000`."""
    node: str = "n1"
    seconds: float = 0.0
    """How long it may take to be the root, alone; zero for what its site says."""
    long: bool = False
    """Whether it takes too long for CI, from the fault to the healthy cluster."""
    site: str = "rabbitmq"
    """Name of the two parties on which it is made, see `fault_sites.py`."""
    only: str = ""
    """The one grade of EggRoll on which it can be made; empty for both."""
    releases: tuple[str, ...] = ()
    """Names of the site's releases on which it can be made; empty for all."""
    together: tuple[Row, ...] = ()
    """Another fault that is made at once."""

    @property
    def parties(self) -> FaultSite:
        """Where it is made."""
        return SITES[self.site]

    @property
    def limit(self) -> float:
        """Seconds until it has to be the root, alone."""
        return self.seconds or self.parties.root_seconds

    @property
    def all(self) -> tuple[Row, ...]:
        """The row and what is made together with it."""
        return (self, *self.together)

    @property
    def roots(self) -> frozenset[str]:
        """Ids of the roots of all that is made."""
        return frozenset(ident for row in self.all for ident in row.root)

    @property
    def codes(self) -> frozenset[str]:
        """Codes of these roots."""
        return frozenset(ident.partition("@")[0] for ident in self.roots)

    @property
    def healed_by(self) -> tuple[str, ...]:
        """Ids of the findings whose commands repair, where `repair` is empty."""
        return self.by or self.root

    def __str__(self) -> str:
        return self.name


def rows(document: Mapping[str, Any] | None = None) -> tuple[Row, ...]:
    """Every row, in the order of the file."""
    written = (document or _read())["faults"]
    plain = {one["name"]: _row(one) for one in written}
    assert len(plain) == len(written), "two rows have one name"
    return tuple(_row(one, (plain[one["with"]],) if "with" in one else ()) for one in written)


def rows_on(architecture: str, *, long: bool, real: bool = False, release: str = "") -> list[Row]:
    """The rows of one site.

    Args:
        architecture: of the site.
        long: whether those are among them that take too long for CI.
        real: whether it has upstream's EggRoll.
        release: that it has; empty for a site with one.
    """
    other = FIXTURES if real else REAL
    found = [row for row in rows() if row.site == architecture and row.only != other and (long or not row.long)]
    return [row for row in found if release in row.releases or not row.releases]


def unfit() -> Mapping[str, str]:
    """Codes that have no row -> why a fault of this cluster cannot raise them, or which test does."""
    return {code: group["why"] for group in _read()["elsewhere"] for code in group["codes"]}


def shown() -> Mapping[str, str]:
    """Codes whose commands another test runs on their fault -> that test, as pytest names it."""
    return dict(_read()["shown"])


def cannot_be_made() -> frozenset[str]:
    """Codes with a command whose fault no test can make."""
    return frozenset(code for group in _read()["cannot_be_made"] for code in group["codes"])


def not_run_yet() -> frozenset[str]:
    """Codes with a command that no test runs on its fault."""
    return frozenset(_read()["not_run_yet"])


def _read() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text()))


_LISTS = ("root", "inject", "repair", "after", "never", "by", "releases")
"""Keys whose value may be one text as well."""


def _row(written: Mapping[str, Any], together: tuple[Row, ...] = ()) -> Row:
    known = {key: value for key, value in written.items() if key not in ("with", "closed", "edit")}
    if rule := written.get("closed"):
        known |= {"inject": f"iptables -I {rule}", "repair": f"iptables -D {rule}"}
    if change := written.get("edit"):
        known |= {
            "inject": f"inventory {json.dumps(change)}",
            "repair": "inventory",
            "why": "an edit may be taken back",
        }
    known |= {key: _several(known.get(key, ())) for key in _LISTS}
    return Row(**known, together=together)


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
