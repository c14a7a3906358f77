"""Findings about partners whom others manage: a deploy of the own cluster neither causes nor cures them."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.checks.registry import running_checks
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Report


def about_partners(report: Report, desired: Desired) -> tuple[Finding, ...]:
    """Findings about nothing but routes to parties that the inventory only knows as peers."""
    outward = {code.name for spec in running_checks() for code in spec.codes if code.outward}
    peers = {f"{party}/" for party in desired.cluster.peers}
    return tuple(f for f in report.findings if f.code in outward and f.about and set(f.about.split()) <= peers)


def without_partners(report: Report, desired: Desired) -> Report:
    """The report on what the inventory manages."""
    theirs = about_partners(report, desired)
    return replace(report, findings=tuple(finding for finding in report.findings if finding not in theirs))
