"""Takes muted findings out of what counts, and puts them back when they get worse. Pure: time comes with the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fatecloud.model.finding import Finding, Muted, Report
from fatecloud.model.mute import Mute

_RANK = {"warning": 0, "unknown": 1, "critical": 2}
"""What can no longer be looked at is worse than a warning."""


def with_mutes(report: Report, mutes: Iterable[Mute]) -> Report:
    """The report without findings that are muted; they and the mutes that fell stay in it beside.

    A muted finding takes with it what it alone explains. It counts again, with all of these, once it is worse: of a
    higher severity, about another neighbour, or with a consequence that it did not have, or that has become worse.

    Args:
        mutes: those of this cluster; expired ones have no effect but a sentence.
    """
    by_id = {finding.id: finding for finding in report.findings}
    muted: dict[str, Muted] = {}
    fallen: list[str] = []
    for mute in mutes:
        finding = by_id.get(mute.finding)
        if finding is None:
            continue
        group = explained_by(finding, report.findings)
        if why := _over(mute, report.taken) or _worse(mute, finding, group):
            fallen.append(f"{mute.finding} was muted by {mute.by} ({mute.reason}) and counts again: {why}")
        else:
            muted |= {one.id: Muted(one, mute) for one in (finding, *group)}
    if not muted:
        return replace(report, fallen=tuple(fallen))
    return replace(
        report,
        findings=tuple(finding for finding in report.findings if finding.id not in muted),
        muted=tuple(muted.values()),
        fallen=tuple(fallen),
    )


def explained_by(root: Finding, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that have no other cause than this one, directly or through others."""
    every = tuple(findings)
    found = {root.id: root}
    while True:
        fresh = [f for f in every if f.id not in found and f.caused_by and set(f.caused_by) <= set(found)]
        if not fresh:
            return tuple(finding for name, finding in found.items() if name != root.id)
        found |= {finding.id: finding for finding in fresh}


def mute_of(finding: Finding, findings: Iterable[Finding], *, reason: str, until: float, by: str, at: float) -> Mute:
    """The mute of a finding, as bad as it is now.

    Args:
        findings: all of its report.
        until: seconds since the epoch; likewise `at`.
    """
    explained = {one.id: str(one.severity) for one in explained_by(finding, findings)}
    about = tuple(finding.about.split())
    return Mute(finding.id, finding.severity, reason, until, by, at, about, explained)


def _over(mute: Mute, now: float) -> str:
    return "" if now < mute.until else "its time is over"


def _worse(mute: Mute, finding: Finding, group: Iterable[Finding]) -> str:
    return next(_worsenings(mute, finding, group), "")


def _worsenings(mute: Mute, finding: Finding, group: Iterable[Finding]) -> Iterator[str]:
    if _RANK.get(finding.severity, 0) > _RANK.get(mute.severity, 0):
        yield f"it is {finding.severity} now, and was {mute.severity}"
    if others := sorted(set(finding.about.split()) - set(mute.about)):
        yield f"it is about {', '.join(others)} too"
    for one in group:
        before = mute.explained.get(one.id)
        if before is None:
            yield f"it now explains {one.id} too"
        elif _RANK.get(one.severity, 0) > _RANK.get(before, 0):
            yield f"{one.id}, which it explains, is {one.severity} now, and was {before}"
