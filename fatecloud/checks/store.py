"""Whether a node's store still holds what the services run from, as it was made."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.finding import Finding
from fatecloud.model.parts import parts_of
from fatecloud.model.places import STORE

DAMAGED = Code(
    "STORE_DAMAGED",
    "critical",
    "Something that services run from is gone from the node's store, or is not what was put there.",
    settles=False,
)


@node_check(DAMAGED, after=("MANIFEST_ABSENT",))
def store_is_whole(view: NodeView) -> Iterator[Finding]:
    """Every environment and tree that was made on the node is there, and a tree's files are what they were."""
    manifest, store = view.fact("manifest") or {}, view.fact("store")
    recorded = set(manifest.get("made", ()))
    there = {f"{kind}/{name}" for kind, names in store["made"].items() for name in names}
    changed = {f"tree/{name}" for name in store["changed"]} & recorded
    damaged = sorted((recorded - there) | changed)
    if damaged:
        titles = {f"{part.kind}/{part.id}": part.title for part in parts_of(view.desired, view.facts.node)}
        first = damaged[0]
        folder = f"{view.desired.node(view.facts.node).paths.base}/{STORE}"
        yield Finding(
            DAMAGED.name,
            DAMAGED.severity,
            view.subject,
            f"{titles.get(first, first)} {'was changed' if first in changed else 'is gone'}"
            + (f", and {len(damaged) - 1} more" if damaged[1:] else ""),
            cause="files below the store were edited, removed, or lost with a disk",
            remedy=("fatecloud deploy",),
            expected="as a deploy made it",
            got="other files, sizes, times or rights" if first in changed else "nothing that is complete",
            evidence=tuple(f"{folder}/{name}" for name in damaged),
            source="fact store",
        )
