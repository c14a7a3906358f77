"""What must be true before a deployment: a registry of its own, judged on the facts of all nodes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fatecloud.checks import (
    preflight_fleet,
    preflight_leftovers,
    preflight_platform,
    preflight_ports,
    preflight_rights,
    preflight_space,
)
from fatecloud.checks.engine import judge
from fatecloud.model.check import CheckSpec, Code
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.observed import Observed

_ROOMS = (
    preflight_platform,
    preflight_rights,
    preflight_space,
    preflight_ports,
    preflight_fleet,
    preflight_leftovers,
)
PREFLIGHT: tuple[CheckSpec, ...] = tuple(
    value for room in _ROOMS for value in vars(room).values() if isinstance(value, CheckSpec)
)
ARTIFACT_MISSING = Code(
    "PREFLIGHT_ARTIFACT_MISSING", "critical", "The controller's store lacks artifacts of the release."
)
CODES: tuple[Code, ...] = (*(code for spec in PREFLIGHT for code in spec.codes), ARTIFACT_MISSING)


def judge_preflight(desired: Desired, observed: Observed, *, artifacts_missing: Sequence[str] = ()) -> Report:
    """Judge everything at once.

    Args:
        desired: the cluster as it should be.
        observed: one pass over all its nodes.
        artifacts_missing: file names that the controller's store should hold and does not.
    """
    report = judge(PREFLIGHT, desired, observed)
    if not artifacts_missing:
        return report
    finding = Finding(
        ARTIFACT_MISSING.name,
        "critical",
        Subject(),
        f"{len(artifacts_missing)} artifacts of {desired.release.name} are not in the store",
        expected="all artifacts of the release",
        got="missing: " + ", ".join(artifacts_missing[:5]) + (", ..." if len(artifacts_missing) > 5 else ""),
        remedy=(f"fatecloud release fetch {desired.release.name}",),
        source="the controller's store",
    )
    return replace(report, findings=(finding, *report.findings))


def blocking(report: Report) -> tuple[Finding, ...]:
    """The findings that forbid a deployment: what is critical, and what could not be looked at but may be."""
    harmless = {spec.codes[0].name for spec in PREFLIGHT if all(code.severity == "warning" for code in spec.codes)}
    return tuple(
        finding
        for finding in report.findings
        if finding.severity == "critical" or (finding.severity == "unknown" and finding.code not in harmless)
    )
