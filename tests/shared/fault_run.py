"""Makes a fault, waits until its root is alone, repairs it as the finding says, and waits until all is well."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from fault_rows import Row
from repairs import commands

ON_THE_CONTROLLER = frozenset({"fatecloud", "inventory", "plug", "reboot", "unplug"})
"""First words of what is done on the controller: a verb of the program with its words, a change of the inventory
(`inventory` and a patch in JSON, or alone for the inventory as it was), and what is done to a node from outside."""
OVERLOADED = "NODE_LOADED"
"""A node of the tests has the load of their machine, whatever else runs there: beside other findings it may stand."""
LOADED_SECONDS = 600.0
"""How long the time limits of a row may grow where such a node is not judged."""
_PAUSE, _PAUSE_AFTER = 1.0, 3.0
"""Seconds between two checks. While a fault takes effect, another root may show for a moment, and must be seen. After
the repair they only wait: each takes 2 s of the processors that the services need to come up."""


class Site(Protocol):
    """A cluster on which faults are made."""

    def do(self, node: str, script: str) -> None:
        """Run a script on a node, or do what a line means that begins with a word of `ON_THE_CONTROLLER`."""

    def report(self) -> dict[str, Any]:
        """What `check` finds now."""

    def preflight(self) -> dict[str, Any]:
        """What `preflight` finds now."""

    def diagnosis(self) -> dict[str, Any]:
        """What `diagnose` says of the exports of both sides."""

    def repair(self, finding: Mapping[str, Any]) -> None:
        """Run the commands of a finding that may be run at once."""

    def expecting(self, *codes: str) -> AbstractContextManager[None]:
        """In this block these codes may be reported."""

    def now(self) -> float:
        """Seconds of a clock that does not jump."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""


class Clock:
    """Real time, for a site that has nodes."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def on_the_controller(line: str) -> bool:
    """Whether what a row does is not done by a shell on a node."""
    return line.partition(" ")[0] in ON_THE_CONTROLLER


def run(row: Row, site: Site) -> None:
    """One fault from its start to the healthy cluster. Raises AssertionError."""
    also = [one.preflight for one in row.all if one.preflight]
    with site.expecting(*row.codes, *also, OVERLOADED):
        made: list[Row] = []
        repaired = False
        try:
            for one in row.all:
                made.append(one)
                _do(one, one.inject, site)
            report = _until_alone(row, site) if row.roots else _quiet(row, site)
            for one in row.all:
                _named(one, report)
            if also:
                _preflight_too(row, site)
            if row.diagnosed:
                _diagnosed(row, site)
            for one in reversed(made):
                _repair(one, report, site)
            repaired = True
        finally:
            if not repaired:
                _undo(made, site)
        try:
            _until_healthy(row, site)
        finally:
            _do(row, row.after, site)
        if row.after:
            _until_healthy(row, site)


def _do(row: Row, steps: Sequence[str], site: Site) -> None:
    for step in steps:
        site.do(row.node, step)


def _until_alone(row: Row, site: Site) -> dict[str, Any]:
    limit = _Limit(site, max(one.limit for one in row.all))
    never = {code for one in row.all for code in one.never}
    while True:
        report = site.report()
        found = {ident for ident in _roots(report) if ident in row.roots or not ident.startswith(OVERLOADED)}
        wrong = {ident for ident in found if ident.partition("@")[0] in never}
        assert not wrong, f"{row}: {wrong} may never be a root\n{_shown(report)}"
        if found == row.roots and _explained(row, report):
            return report
        late = limit.is_over(row, report)
        also = f" with {', '.join(one for each in row.all for one in each.by)}" if found == row.roots else ""
        assert not late, f"{row}: the roots are {sorted(found)}, not {sorted(row.roots)}{also}\n{_shown(report)}"
        site.wait(_PAUSE)


class _Limit:
    """A time limit that begins again when a node is too loaded to be judged, or a service still settles.

    What was wrong with a service is held back while it settles, and the fault before this one may have restarted it.
    """

    def __init__(self, site: Site, seconds: float) -> None:
        self._site, self._seconds = site, seconds
        self._end, self._longest = site.now() + seconds, site.now() + max(seconds, LOADED_SECONDS)

    def is_over(self, row: Row, report: Mapping[str, Any]) -> bool:
        """Whether it is over after this report."""
        loaded = {ident for ident in _roots(report) if ident.startswith(OVERLOADED)}
        if loaded - row.roots or report.get("settling"):
            self._end = min(self._site.now() + self._seconds, self._longest)
        return self._site.now() > self._end


def _quiet(row: Row, site: Site) -> dict[str, Any]:
    """For all of its seconds nothing is reported: what happened has passed."""
    deadline = site.now() + row.limit
    while True:
        report = site.report()
        assert all(ident.startswith(OVERLOADED) for ident in _roots(report)), (
            f"{row}: it has passed, but a root is left\n{_shown(report)}"
        )
        if site.now() > deadline:
            return report
        site.wait(_PAUSE)


def _until_healthy(row: Row, site: Site) -> None:
    limit = _Limit(site, row.parties.cleared_seconds)
    while findings := (report := site.report())["findings"]:
        assert not limit.is_over(row, report), (
            f"{row}: {len(findings)} findings are left after the repair\n{_shown(report)}"
        )
        site.wait(_PAUSE_AFTER)
    assert report["status"] == 0, f"{row}: the check ended with {report['status']}"


def _repair(row: Row, report: Mapping[str, Any], site: Site) -> None:
    findings = [finding for finding in report["findings"] if finding["id"] in row.healed_by]
    own = [remedy["command"] for finding in findings for remedy in commands(finding)]
    if row.repair:
        assert row.why or not own, f"{row}: its finding says {own}: leave `repair` out, or give a reason as `why`"
        _do(row, row.repair, site)
        return
    if not row.root:
        return
    assert own, f"{row}: its finding has no command that may be run at once: the row needs `repair`"
    done = set[str]()
    for finding in findings:
        # Two ends of one fault say the same.
        typed = {remedy["command"] for remedy in commands(finding)}
        if not typed <= done:
            site.repair(finding)
        done |= typed


def _undo(made: list[Row], site: Site) -> None:
    """After a failure: what the rows say, and what the findings say that there are now."""
    for one in reversed(made):
        _do(one, one.repair, site)
    if not all(one.repair for one in made):
        for finding in site.report()["findings"]:
            if not finding["caused_by"]:
                site.repair(finding)
    for one in reversed(made):
        _do(one, one.after, site)


def _named(row: Row, report: Mapping[str, Any]) -> None:
    if not row.root:
        return
    findings = [finding for finding in report["findings"] if finding["id"] in row.root]
    symptoms = [finding["symptom"] for finding in findings]
    assert any(row.names in symptom for symptom in symptoms), f"{row}: {row.names!r} is not in {symptoms}"
    evidence = [line for finding in report["findings"] for line in finding["evidence"]]
    said = [line for line in evidence if row.unsaid and re.search(row.unsaid, line)]
    assert not said, f"{row}: the evidence has {said}"


def _preflight_too(row: Row, site: Site) -> None:
    """Preflight finds these routes closed, and no others."""
    report = site.preflight()
    wanted = [one for one in row.all if one.preflight]
    codes = {one.preflight for one in wanted}
    symptoms = [finding["symptom"] for finding in report["findings"] if finding["code"] in codes]
    assert all(any(one.names in symptom for symptom in symptoms) for one in wanted), f"{row}: {symptoms}"
    assert sum(symptom.count(" -> ") for symptom in symptoms) == len(wanted), f"{row}: {symptoms}"


def _diagnosed(row: Row, site: Site) -> None:
    """Both sides together name this fault, and no other."""
    found = site.diagnosis()["faults"]
    named = {
        f"{fault['place']} of {fault['side']}"
        if fault["side"]
        else f"{fault['place']} from {way['from']} to {way['to']}"
        for fault in found
        for way in fault["ways"]
    }
    assert named == {row.diagnosed}, f"{row}: {json.dumps(found, indent=1)}"


def _explained(row: Row, report: Mapping[str, Any]) -> bool:
    """Whether the findings are there that repair it, beside the roots."""
    wanted = {ident for one in row.all for ident in one.by}
    return wanted <= {finding["id"] for finding in report["findings"]}


def _roots(report: Mapping[str, Any]) -> set[str]:
    return {finding["id"] for finding in report["findings"] if not finding["caused_by"]}


def _shown(report: Mapping[str, Any]) -> str:
    return json.dumps(report["findings"], indent=1)
