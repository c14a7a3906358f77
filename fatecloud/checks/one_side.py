"""What a check saw of our side of the ways to one partner, with the real names. Pure, and knows no component.

What is known of the partner's own nodes is left out, also where the same inventory manages it: an export says what one
side can see, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fatecloud.checks.edges import answers_over
from fatecloud.checks.registry import running_checks
from fatecloud.checks.seen_ways import parts_of, seen_ways, short_word
from fatecloud.components.party_routes import party_of
from fatecloud.model.behind import PEER
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.export import (
    Answer,
    Export,
    Part,
    SeenEdge,
    SeenFault,
    SeenNode,
    SeenRoute,
    SeenService,
    SeenWay,
)
from fatecloud.model.finding import Finding, Report
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.routes import DEFAULT

_VERSION = re.compile(r"[0-9][A-Za-z0-9.+~:_-]{0,60}")
_ASKED = "probe "
"""Begins the source of a finding that rests on what a service answered."""
_LAST_DAY = 253_402_300_799.0
"""In the year 9999: what a node gives beyond that is not a time that can be written."""
_NEAR: tuple[Part, ...] = ("router", "exchange", "end")
_WORST = ("critical", "unknown", "warning")


def one_side(desired: Desired, observed: Observed, report: Report, partner: str, program: str) -> Export:
    """Our side.

    Args:
        report: of the whole cluster, without mutes.
        partner: for whom it is; any other party, managed here or not.
        program: version of fatecloud.
    """
    owners = {name: owner for name, owner in desired.cluster.owners.items() if name != partner}
    parties = tuple(name for name, owner in owners.items() if owner.kind == "party")
    services = [service for service in desired.services.values() if service.id.owner in owners]
    nodes = tuple(sorted({service.id.node for service in services}))
    ways = tuple(way for party in parties for way in seen_ways(desired, observed, party, partner))
    return Export(
        parties=parties,
        partner=partner,
        program=program,
        taken=observed.taken,
        architecture=desired.cluster.architecture or "",
        releases={party: owners[party].release for party in parties},
        changing=bool(report.runs or report.settling),
        nodes=tuple(_node(observed, name) for name in nodes),
        services=tuple(_services(desired, observed, services, ways)),
        faults=tuple(_faults(report, owners, nodes, partner, _third_parties(desired, owners, partner))),
        edges=tuple(
            sorted(_edges(observed, services, partner), key=lambda e: (not _leads(e.target, partner), e.source))
        ),
        routes=tuple(_routes(services, {*parties, partner, DEFAULT})),
        ways=ways,
    )


def _leads(target: str, party: str) -> bool:
    return party_of(target) == party


def _node(observed: Observed, name: str) -> SeenNode:
    facts = observed.reached(name)
    if facts is None:
        lost = observed.nodes.get(name)
        return SeenNode(name, read=False, code=lost.code if isinstance(lost, Unreachable) else "")
    skew = facts.fact("skew").value
    return SeenNode(name, read=True, skew=round(skew["seconds"], 1) if skew else None)


def _services(
    desired: Desired, observed: Observed, services: Collection[DesiredService], ways: tuple[SeenWay, ...]
) -> Iterator[SeenService]:
    parts = parts_of(desired, [seen.way for seen in ways], services)
    order: tuple[Part, ...] = ("router", "exchange", "end", "needed", "other")
    for service in sorted(services, key=lambda one: (order.index(parts[one.id.key]), one.id.key)):
        key, facts = service.id.key, observed.reached(service.id.node)
        state: Mapping[str, Any] = ((facts.fact("services").value if facts else None) or {}).get(key) or {}
        now = ((facts.fact("clock").value if facts else None) or {}).get("epoch")
        since = state.get("since")
        yield SeenService(
            key,
            parts[key],
            service.version,
            # Those that the partner speaks with; how old other things here are is not its business.
            running=_running(observed, service) if parts[key] in _NEAR else "",
            state=short_word(str(state.get("state", ""))),
            seconds=max(0.0, round(now - since)) if now is not None and since is not None else None,
        )


def _running(observed: Observed, service: DesiredService) -> str:
    """The version that one of its probes gives."""
    facts = observed.reached(service.id.node)
    answers = [facts.probes.get(f"{service.id.key}:{probe.name}") for probe in service.probes] if facts else []
    given = (one.data.get("version") for one in answers if one is not None and isinstance(one.data, Mapping))
    return next((text for text in given if isinstance(text, str) and _VERSION.fullmatch(text)), "")


def _third_parties(desired: Desired, owners: Collection[str], partner: str) -> frozenset[str]:
    return frozenset({*desired.cluster.parties, *desired.cluster.peers} - {*owners, partner})


def _faults(
    report: Report, owners: Collection[str], nodes: Collection[str], partner: str, others: Collection[str]
) -> Iterator[SeenFault]:
    outward = {code.name for spec in running_checks() for code in spec.codes if code.outward}
    ours = [f for f in report.findings if (f.subject.owner in owners if f.subject.owner else f.subject.node in nodes)]
    hidden = {f.id for f in ours if f.about and all(party_of(part) in others for part in f.about.split())}
    # Without what explains it, an effect of that would look like a fault between the two.
    while effects := {f.id for f in ours if f.id not in hidden and f.caused_by and hidden >= set(f.caused_by)}:
        hidden |= effects
    ours = [finding for finding in ours if finding.id not in hidden]
    known = {finding.id for finding in ours}
    roots_first = sorted(
        ours, key=lambda f: (bool(f.caused_by), _WORST.index(f.severity) if f.severity in _WORST else 9)
    )
    for finding in roots_first:
        yield SeenFault(
            finding.code,
            finding.severity,
            finding.subject.owner,
            finding.subject.node,
            finding.subject.service,
            outward=finding.code in outward,
            about=tuple(_about(finding, owners, partner)),
            began=finding.began if finding.began is not None and 0 <= finding.began < _LAST_DAY else None,
            caused_by=tuple(cause for cause in finding.caused_by if cause in known),
            text=finding.symptom if finding.source.startswith(_ASKED) else "",
        )


def _about(finding: Finding, owners: Collection[str], partner: str) -> Iterator[str]:
    for one in finding.about.split():
        party = party_of(one)
        if party in owners:
            yield one
        elif party == partner:
            yield f"{partner}/"


def _edges(observed: Observed, services: Collection[DesiredService], partner: str) -> Iterator[SeenEdge]:
    ours = {service.id.key for service in services}
    for service in services:
        facts = observed.reached(service.id.node)
        for edge in service.edges:
            out = _leads(edge.target, partner)
            if not out and edge.target not in ours and not edge.external:
                continue  # of other parties
            answers = answers_over(edge, facts.probes) if facts else []
            failed = next((one for one in answers if one.get("ok") is False), None)
            answer: Answer = (
                "failed" if failed else "ok" if any(one.get("ok") is True for one in answers) else "unknown"
            )
            yield SeenEdge(
                edge.source,
                f"{PEER}{partner}" if out else edge.target,
                edge.kind,
                str(edge.endpoint),
                answer,
                short_word(str((failed or {}).get("kind", ""))),
                str((failed or {}).get("error", "")) if out else "",
            )


def _routes(services: Collection[DesiredService], parties: Collection[str]) -> Iterator[SeenRoute]:
    for service in services:
        for table in service.routes:
            for entry in table.entries:
                if entry.party in parties:
                    for target in entry.targets:
                        yield SeenRoute(
                            service.id.key,
                            table.kind,
                            entry.party,
                            entry.role,
                            str(target.endpoint),
                            tls=target.tls is not None,
                        )
