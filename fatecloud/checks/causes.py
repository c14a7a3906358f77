"""Which finding explains which: the report starts with root causes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from fatecloud.model.check import Code
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.service import Edge

_RANK = {"critical": 0, "unknown": 1, "warning": 2, "exposure": 3}
_PEER = "peer:"


def explain(
    findings: Sequence[Finding], codes: Mapping[str, Code], desired: Desired, lowered: Collection[str] = ()
) -> list[Finding]:
    """Fill in `caused_by` and sort the findings: root causes first, then what they explain; always in the same order.

    Only a critical finding explains another one, and a lowered one other warnings. A finding about several parties is
    explained when each of them has a cause of its own: otherwise the explained one would hide the other. Where
    findings explain each other in a circle, none does; but what a service says of its edge to a neighbour never
    explains that the neighbour itself is down.

    Args:
        findings: any order; ids are unique.
        codes: by name; a finding whose code is not among them (engine codes) has no cause.
        desired: causes follow its edges.
        lowered: ids of warnings that would be critical if other instances did not suffice.
    """
    possible = {f.id: _possible(f, findings, codes, desired, lowered) for f in findings}
    level = {name: 0 for name, causes in possible.items() if not causes}
    while True:
        depth = {name: depth for name in possible if name not in level and (depth := _depth(possible[name], level))}
        if not depth:
            break
        # Layer after layer from the findings without a cause: what is in a circle never gets a layer, and so stays
        # a root cause.
        level |= depth
    explained = []
    for finding in findings:
        own = level.get(finding.id, 0)
        causes = sorted(cause for cause in possible[finding.id] if own and level.get(cause, own) < own)
        explained.append(replace(finding, caused_by=tuple(causes)) if causes else finding)
    return sorted(explained, key=lambda f: (bool(f.caused_by), _RANK[f.severity], str(f.subject), f.code))


def _depth(causes: set[str], level: Mapping[str, int]) -> int:
    known = [level[cause] for cause in causes if cause in level]
    return min(known) + 1 if known else 0


def _possible(
    finding: Finding,
    findings: Sequence[Finding],
    codes: Mapping[str, Code],
    desired: Desired,
    lowered: Collection[str],
) -> set[str]:
    """Ids of the findings that could be the cause of one."""
    code = codes.get(finding.code)
    if code is None:
        return set()
    within = {name for name, other in codes.items() if finding.code in other.explains} | set(code.explained_by)
    outward = {name for name, other in codes.items() if other.outward}
    enough = set(lowered) if finding.severity == "warning" else set()
    others = [o for o in findings if (o.severity == "critical" or o.id in enough) and o.id != finding.id]
    if "*" in code.explained_by:
        others = [other for other in others if not _blames(other, finding.subject.service, codes, desired)]
    found = []
    for about in finding.about.split() or [""]:
        targets = _targets(finding, about, code, desired)
        found.append(
            {
                other.id
                for other in others
                if (str(other.subject) in targets and other.code not in outward)
                or (other.subject == finding.subject and other.code in within and _overlap(other, about))
            }
        )
    return set().union(*found) if all(found) else set()


def _targets(finding: Finding, about: str, code: Code, desired: Desired) -> set[str]:
    """Services and nodes whose findings explain the finding's part about one neighbour."""
    targets = {finding.subject.node} if "node" in code.explained_by else set()
    service = desired.services.get(finding.subject.service)
    for edge in service.edges if service else ():
        kind = edge.kind in code.explained_by or ("*" in code.explained_by and edge.hard)
        if kind and concerns(about, edge.target):
            for target in _services(edge, desired):
                targets |= {target.id.key, target.id.node} - {finding.subject.node}
    return targets


def _blames(finding: Finding, service: str, codes: Mapping[str, Code], desired: Desired) -> bool:
    """Whether a finding is about one kind of edge, and such an edge leads from its own service to this one."""
    source, code = desired.services.get(finding.subject.service), codes.get(finding.code)
    if source is None or code is None:
        return False
    abouts = finding.about.split() or [""]
    named = [e for e in source.edges if e.kind in code.explained_by and any(concerns(a, e.target) for a in abouts)]
    return any(target.id.key == service for edge in named for target in _services(edge, desired))


def _overlap(cause: Finding, about: str) -> bool:
    """Whether a finding of the same service is about one neighbour, too; one about the service itself always is."""
    parts = cause.about.split()
    if not about or not parts or cause.subject.service in parts:
        return True
    return any(concerns(about, part) or concerns(part, about) for part in parts)


def concerns(about: str, key: str) -> bool:
    """Whether one part of a finding's `about` means a service: every one, this one, or all of its party (`10000/`)."""
    return about in ("", key) or (about.endswith("/") and key.startswith(about))


def _services(edge: Edge, desired: Desired) -> list[DesiredService]:
    """The managed services behind an edge's target; none for an external service or another operator's party."""
    if edge.target in desired.services:
        return [desired.services[edge.target]]
    if not edge.target.startswith(_PEER):
        return []
    theirs = [s for s in desired.services.values() if s.id.owner == edge.target.removeprefix(_PEER)]
    source = desired.services[edge.source].id.component
    behind = [s for s in theirs if any(p.peers and p.number == edge.endpoint.port for p in s.ports)]
    return behind or [s for s in theirs if s.id.component == source]
