"""What must be true before a deployment: a registry of its own, judged on the facts of all nodes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from fatecloud.checks import (
    belonging,
    data,
    preflight_fleet,
    preflight_java,
    preflight_leftovers,
    preflight_memory,
    preflight_packages,
    preflight_platform,
    preflight_ports,
    preflight_rights,
    preflight_routes,
    preflight_setup,
    preflight_space,
    preflight_taken,
    trusted,
)
from fatecloud.checks.codes import FACT_ABSENT
from fatecloud.checks.engine import judge
from fatecloud.components.declared import checks_in, component_preflight
from fatecloud.model.check import CheckSpec, Code
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Report, Skipped, Subject
from fatecloud.model.observed import Observed
from fatecloud.model.parts import packages_missing
from fatecloud.model.remedy import Run

_ROOMS = (
    trusted,
    belonging,
    preflight_platform,
    preflight_packages,
    preflight_setup,
    preflight_rights,
    preflight_space,
    preflight_java,
    preflight_memory,
    preflight_ports,
    preflight_fleet,
    preflight_routes,
    preflight_leftovers,
    preflight_taken,
    data,
)
ARTIFACT_MISSING = Code(
    "PREFLIGHT_ARTIFACT_MISSING", "critical", "The controller's store lacks artifacts of a release."
)


@cache
def preflight_checks() -> tuple[CheckSpec, ...]:
    """The checks of nodes, and those of each component."""
    return (*(spec for room in _ROOMS for spec in checks_in(room)), *component_preflight())


@cache
def preflight_codes() -> tuple[Code, ...]:
    """Every code that preflight can raise."""
    return (*(code for spec in preflight_checks() for code in spec.codes), ARTIFACT_MISSING)


def asked_for(desired: Desired, node: str, fact: str) -> tuple[str, ...]:
    """Names that the preflight checks of a node need in a fact, see `CheckSpec.reads`; sorted."""
    here = {service.id.component for service in desired.on_node(node)} | {""}
    return tuple(sorted({name for s in preflight_checks() if s.component in here for name in s.reads.get(fact, ())}))


def judge_preflight(
    desired: Desired, observed: Observed, *, artifacts_missing: Mapping[str, str] = MappingProxyType({})
) -> Report:
    """Judge everything at once.

    What the inventory asks for is judged, also where something else is deployed now. A check that can only warn and
    lacks its reading is reported as not judged; any other one is an unknown finding.

    Args:
        desired: the cluster as it should be.
        observed: one pass over all its nodes.
        artifacts_missing: name of a release -> what the controller's store lacks of it, as a sentence.
    """
    needed = judge(desired, observed, [spec for spec in preflight_checks() if not _only_warns(spec)], ahead=True)
    advice = judge(desired, observed, [spec for spec in preflight_checks() if _only_warns(spec)], ahead=True)
    reported = {finding.id for finding in needed.findings}
    more = [finding for finding in advice.findings if finding.id not in reported and finding.code != FACT_ABSENT.name]
    unread = [
        Skipped("a warning", finding.subject, "; ".join(finding.evidence))
        for finding in advice.findings
        if finding.code == FACT_ABSENT.name
    ]
    return replace(
        needed,
        passed=needed.passed + advice.passed,
        findings=(*_artifacts(artifacts_missing), *_packages(desired), *needed.findings, *more),
        skipped=(*dict.fromkeys((*needed.skipped, *advice.skipped)), *unread),
    )


def blocking(report: Report) -> tuple[Finding, ...]:
    """The findings that block a deployment: critical ones, and unknown ones that may hide a critical one."""
    return tuple(finding for finding in report.findings if finding.severity != "warning")


def _only_warns(spec: CheckSpec) -> bool:
    return all(code.severity == "warning" for code in spec.codes)


def _artifacts(missing: Mapping[str, str]) -> tuple[Finding, ...]:
    if not missing:
        return ()
    return (
        Finding(
            ARTIFACT_MISSING.name,
            ARTIFACT_MISSING.severity,
            Subject(),
            f"artifacts of {', '.join(missing)} are not in the store",
            expected="all artifacts of the releases",
            got="; ".join(missing.values()),
            remedy=tuple(Run(f"fatecloud release fetch {name}") for name in missing),
            source="the controller's store",
        ),
    )


def _packages(desired: Desired) -> tuple[Finding, ...]:
    missing = packages_missing(desired)
    if not missing:
        return ()
    return (
        Finding(
            ARTIFACT_MISSING.name,
            ARTIFACT_MISSING.severity,
            Subject(),
            "packages that no registry has were not imported",
            expected="all packages that services need",
            got="; ".join(f"lacks {need.shown}" for need in missing),
            remedy=(
                Run(
                    f"fatecloud release import {' '.join(need.file for need in missing)}",
                    when="when these files are in this directory",
                ),
            ),
            source="the controller's store",
        ),
    )
