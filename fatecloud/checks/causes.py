"""Which finding explains which: the report starts with root causes. The rules are those of `precedence`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fatecloud.checks.circles import Causes, chains
from fatecloud.checks.precedence import World, part_of, place
from fatecloud.model.check import Code
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding

_RANK = {"critical": 0, "unknown": 1, "warning": 2, "exposure": 3}


def explain(
    findings: Sequence[Finding], codes: Mapping[str, Code], desired: Desired, lowered: Collection[str] = ()
) -> list[Finding]:
    """Fill in `caused_by` and sort the findings: root causes first, then what they explain; always in the same order.

    A finding about several parties is explained when each of them has a cause of its own: otherwise the explained one
    would hide the other. A circle has one root.

    Args:
        findings: any order; ids are unique.
        codes: by name; a finding whose code is not among them has no cause.
        desired: causes follow its edges.
        lowered: ids of warnings that would be critical if other instances did not suffice.
    """
    world = World(codes, desired, lowered)
    by_id = {finding.id: finding for finding in findings}
    by_subject: dict[str, list[Finding]] = {}
    for finding in findings:
        by_subject.setdefault(str(finding.subject), []).append(finding)
    causes = chains(
        {finding.id: _possible(finding, by_subject, world) for finding in findings},
        lambda name: _leads(by_id[name], world),
    )
    explained = [replace(f, caused_by=tuple(sorted(causes[f.id]))) if causes[f.id] else f for f in findings]
    worst = _worst(explained)
    return sorted(explained, key=lambda f: (bool(f.caused_by), worst[f.id], _RANK[f.severity], str(f.subject), f.code))


def _worst(findings: Sequence[Finding]) -> dict[str, int]:
    """How bad each finding is with all that it explains: a changed file that stops a service leads like the stop."""
    worst = {finding.id: _RANK[finding.severity] for finding in findings}
    todo = [finding for finding in findings if finding.caused_by]
    while todo:
        # From the ends of the chains towards their roots.
        named = {cause for finding in todo for cause in finding.caused_by}
        ends = [finding for finding in todo if finding.id not in named]
        for finding in ends:
            worst |= {cause: min(worst[cause], worst[finding.id]) for cause in finding.caused_by}
        todo = [finding for finding in todo if finding.id in named]
    return worst


def without_held(findings: Sequence[Finding], held: Collection[str], codes: Mapping[str, Code]) -> list[Finding]:
    """The findings without those held back while services settle, and without the passing effects of these.

    A finding that does not pass with a start is kept, and so is what explains it.

    Args:
        findings: explained, with the held ones.
        held: ids of those.
        codes: by name.
    """
    hidden = set(held)
    passing = [f for f in findings if f.caused_by and f.code in codes and codes[f.code].settles]
    while new := {f.id for f in passing if f.id not in hidden and hidden >= set(f.caused_by)}:
        hidden |= new
    while shown := {
        c for f in findings if f.id not in hidden and f.caused_by and hidden >= set(f.caused_by) for c in f.caused_by
    }:
        hidden -= shown
    kept = [finding for finding in findings if finding.id not in hidden]
    return [replace(f, caused_by=tuple(cause for cause in f.caused_by if cause not in hidden)) for f in kept]


def _possible(finding: Finding, by_subject: Mapping[str, Sequence[Finding]], world: World) -> Causes:
    code = world.codes.get(finding.code)
    if code is None:
        return ()
    parts = [part_of(finding, about, code, world) for about in finding.about.split() or [""]]
    found = []
    for part in parts:
        others = [other for subject in part.near for other in by_subject.get(subject, ())]
        found.append({o.id: number for o in others if (number := place(part, o, world)) is not None})
    return tuple(found) if all(found) else ()


def _leads(finding: Finding, world: World) -> Any:
    """Sorts the members of a circle: what a service says of itself before what it says of another one, then time."""
    code, service = world.codes[finding.code], world.desired.services.get(finding.subject.service)
    kinds = {edge.kind for edge in service.edges} if service else set()
    of_others = bool(kinds & set(code.explained_by)) and "*" not in code.explained_by
    stage = next((n for n, keys in enumerate(world.desired.stages) if finding.subject.service in keys), -1)
    began = float("inf") if finding.began is None else finding.began
    return (of_others, began, _RANK[finding.severity], stage, finding.id)
