"""What else two exports say of each other: when they were made, by which clocks, and of which versions. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.party_routes import party_of
from fatecloud.model.clocks import NOTICED
from fatecloud.model.diagnosis import Fault, Side
from fatecloud.model.duration import duration_text
from fatecloud.model.export import Export

APART = 600.0
"""Seconds between the two, beyond which what one saw may be over when the other looked."""
_VERSIONS = "_VERSION"
"""Ends the code of a finding about versions that do not work together."""


def version_faults(ours: Export, theirs: Export, apart: str) -> Iterator[Fault]:
    """Versions of the two sides that do not work together.

    Args:
        apart: why their releases run no job together, as a sentence; empty if nothing is known against it.
    """
    ways = ((theirs.partner, ours.partner), (ours.partner, theirs.partner))

    def fault(*evidence: str, certain: bool = True) -> Fault:
        return Fault("versions", "", "", ways, certain, evidence)

    if ours.architecture != theirs.architecture:
        yield fault(
            f"party {theirs.partner} has the architecture {ours.architecture}, party {ours.partner} "
            f"{theirs.architecture}: their routers speak different protocols"
        )
    if apart:
        yield fault(apart)
    for side, export in ((theirs.partner, ours), (ours.partner, theirs)):
        for one in export.faults:
            if one.outward and one.code.endswith(_VERSIONS) and export.partner in map(party_of, one.about):
                yield fault(
                    f"party {side}'s check: {one.code} at {one.subject}: {one.text}", certain=one.severity == "critical"
                )


def remarks(ours: Export, theirs: Export | None, sides: tuple[Side, ...]) -> Iterator[str]:
    """Sentences about times, clocks, versions, and what was left out."""
    for side in sides:
        whose = f"the export of party {', '.join(side.parties)}"
        if side.age < -NOTICED:
            yield f"{whose} is from {duration_text(-side.age)} in the future: the clock there is ahead of this one"
        if side.left_out:
            what = ", ".join(f"{number} {section}" for section, number in side.left_out)
            yield f"{whose} was too large: {what} are missing in it"
    for export in (ours, theirs):
        if export is not None:
            yield from _of_one(export)
    if theirs is not None:
        apart = abs(ours.taken - theirs.taken)
        if apart > APART:
            yield (
                f"the two checks are {duration_text(apart)} apart, if both clocks are right: what one saw may have "
                "been over when the other looked; let both sides check at one time"
            )
        here, there = ours.releases.get(theirs.partner, ""), theirs.releases.get(ours.partner, "")
        if here != there:
            yield f"the releases differ: {here} of party {theirs.partner}, {there} of party {ours.partner}"


def _of_one(export: Export) -> Iterator[str]:
    whose = f"party {', '.join(export.parties)}"
    if export.changing:
        yield f"{whose} was being changed, or was coming up, when it was checked"
    for node in export.nodes:
        if not node.read:
            yield f"{whose} could not read its node {node.name}" + (f" ({node.code})" if node.code else "")
        elif node.skew is not None and abs(node.skew) > NOTICED:
            ahead = "ahead of" if node.skew > 0 else "behind"
            yield f"the clock of {node.name} of {whose} is {abs(node.skew):.1f} s {ahead} the machine that checked it"
