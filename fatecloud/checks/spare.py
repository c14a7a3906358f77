"""An instance that is away is less of a problem while the others do the work of all: an ensemble with its quorum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fatecloud.model.check import Code
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.observed import Observed


def lowered(
    findings: Sequence[Finding], codes: Mapping[str, Code], desired: Desired, observed: Observed
) -> dict[str, Finding]:
    """Findings that are warnings because the other instances suffice, by id; each says so.

    The others suffice when all but `spare` of an owner's instances answer their readiness probe as they should, and
    nothing says that one of these is away. An instance that was not asked does not count: it may be away as well.

    Args:
        findings: all of them; ids are unique.
        codes: by name.
    """
    away = {f.subject.service for f in findings if _is_away(f, codes)}
    found = {}
    for finding in findings:
        service = desired.services.get(finding.subject.service)
        if service is None or not service.spare or finding.severity != "critical" or not _is_away(finding, codes):
            continue
        instances = instances_of(service, desired)
        working = [one for one in instances if one.id.key not in away and answers(one, observed)]
        if len(working) >= len(instances) - service.spare:
            what = f"{len(working)} of {len(instances)} instances work, and do without it"
            found[finding.id] = replace(finding, severity="warning", symptom=f"{finding.symptom}; {what}")
    return found


def _is_away(finding: Finding, codes: Mapping[str, Code]) -> bool:
    return finding.code in codes and codes[finding.code].away


def instances_of(service: DesiredService, desired: Desired) -> list[DesiredService]:
    """All instances of its owner's component, itself among them."""
    own = (service.id.owner, service.id.component)
    return [one for one in desired.services.values() if (one.id.owner, one.id.component) == own]


def answers(service: DesiredService, observed: Observed) -> bool:
    """Whether its readiness probe was asked, and found that it does its part."""
    facts = observed.reached(service.id.node)
    answer = facts.probes.get(f"{service.id.key}:{service.readiness}") if facts else None
    return answer is not None and isinstance(answer.data, Mapping) and answer.data.get("ok") is True
