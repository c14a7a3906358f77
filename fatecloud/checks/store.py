"""Whether a node's store, and the environments of services, still hold what the services run from, as it was made."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.check import Code, NodeView, ServiceView, node_check, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.parts import damaged_of, parts_of
from fatecloud.model.places import STORE
from fatecloud.model.remedy import DEPLOY

DAMAGED = Code(
    "STORE_DAMAGED",
    "critical",
    "Something that services run from is gone from the node's store, or is not what was put there.",
    settles=False,
)
ENVIRONMENT = Code(
    "ENVIRONMENT_DAMAGED",
    "critical",
    "Files of a service's own environment, or of its view of a tree, are gone or were changed.",
    settles=False,
    underlies=True,
)


@node_check(DAMAGED, after=("MANIFEST_ABSENT",))
def store_is_whole(view: NodeView) -> Iterator[Finding]:
    """Every environment and tree that was made on the node is there, and its files are what they were."""
    manifest, store = view.fact("manifest") or {}, view.fact("store")
    recorded = set(manifest.get("made", ()))
    needed = {f"{part.kind}/{part.id}" for part in parts_of(view.desired, view.facts.node) if part.kind != "tool"}
    # Where all that is needed is deployed, what an older release has left does not matter: no deploy makes it again.
    if needed and needed <= recorded:
        recorded = needed
    there = {f"{kind}/{name}" for kind, names in store["made"].items() for name in names}
    changed = {entry for entry in recorded if entry.partition("/")[2] in store["changed"]}
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
            remedy=(DEPLOY,),
            expected="as a deploy made it",
            got="other files, sizes, times or rights" if first in changed else "nothing that is complete",
            evidence=tuple(f"{folder}/{name}" for name in damaged),
            source="fact store",
        )


@service_check(ENVIRONMENT, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def environment_is_whole(view: ServiceView) -> Iterator[Finding]:
    """A service's environment and its views of trees are as a deploy made them."""
    recorded = (view.fact("manifest") or {}).get("services", {})
    view.fact("store")
    damaged = damaged_of(view.service, view.facts) if view.service.id.key in recorded else {}
    if damaged:
        path, wrong = min(damaged.items())
        yield Finding(
            ENVIRONMENT.name,
            ENVIRONMENT.severity,
            view.subject,
            f"{path}: {wrong}" + (f", and {len(damaged) - 1} more" if len(damaged) > 1 else ""),
            cause="files were edited, removed, or lost with a disk",
            remedy=(DEPLOY,),
            expected="as a deploy made it",
            got=wrong,
            evidence=tuple(f"{path}: {wrong}" for path, wrong in sorted(damaged.items())),
            source="fact store",
        )
