"""The user's file -> Cluster, or all its problems at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fatecloud.components.registry import all_components, components_of
from fatecloud.inventory.admission import refuse_unnamed
from fatecloud.inventory.contradictions import refuse_contradictions, refuse_unmet, refuse_unreachable
from fatecloud.inventory.document import Table, parse
from fatecloud.inventory.draft import Draft, NodeNames
from fatecloud.inventory.endpoints import build_peers, public_endpoints, refuse_loopback, refuse_meetings
from fatecloud.inventory.kinds import BAD, Reader, described
from fatecloud.inventory.nodes import NodeBuilder
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.partners import compatibility_of
from fatecloud.inventory.placement import Placer, refuse_bad_groups
from fatecloud.inventory.ports import refuse_clashes
from fatecloud.inventory.problems import Problems
from fatecloud.inventory.releases import find_release, judge_architecture, judge_top
from fatecloud.inventory.schema import inventory_section
from fatecloud.inventory.settings import settle
from fatecloud.inventory.source import read_text
from fatecloud.model.cluster import Cluster, Peer
from fatecloud.model.component import Component
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.release import Release


def load(path: Path, *, components: Mapping[str, Component] | None = None) -> Cluster:
    """Read, validate and normalise an inventory.

    Args:
        path: the inventory file.
        components: all components; by default those of `fatecloud/components`.

    Returns:
        The cluster, with every default filled in and the origin of each value.

    Raises:
        InventoryError: its message has one line per problem, `file:line:column: what, expected ...`, sorted.
    """
    problems = Problems(str(path))
    root = parse(read_text(path, problems), problems)
    if not isinstance(root, Table):
        problems.stop(
            root.mark, f"the file contains {described(root)}", "a mapping with apiVersion, cluster, nodes, ..."
        )
    known = all_components() if components is None else components
    reader = Reader(problems)
    raw = inventory_section(known).read(root, reader, "")
    cluster = _Builder(path, known, reader, chosen=components is None).build(raw)
    problems.raise_if_any()
    return cluster


class _Builder:
    """Puts the cluster together.

    Args:
        chosen: whether an owner's release chooses the generation of each component.
    """

    def __init__(self, path: Path, components: Mapping[str, Component], reader: Reader, *, chosen: bool) -> None:
        self._path = path
        self._components = components
        self._chosen = chosen
        self._reader = reader
        self._origins = Origins(path.name, reader)
        self._of_release: dict[str, Mapping[str, Component]] = {}

    def build(self, raw: dict[str, Any]) -> Cluster:
        """The cluster. If problems were noted, it must not be used."""
        for name in ("cluster", "id", "release", "architecture"):
            if name in raw:
                self._origins.written(name)
        nodes = NodeBuilder(self._path, self._reader, self._origins).build(
            raw.get("nodes", {}), raw.get("defaults", {})
        )
        release = find_release(raw["release"], "release", self._reader) if "release" in raw else None
        judge_top(raw, release, self._reader)
        drafts = list(self._drafts(raw, nodes, release)) if nodes else []
        peers = self._peers(raw, drafts) if nodes else {}
        releases = {d.owner.id: d.release for d in drafts if d.owner.kind == "party" and d.release is not None}
        cluster = Cluster(
            name=raw.get("cluster", ""),
            id=raw.get("id", ""),
            nodes=nodes,
            owners={draft.owner.id: draft.owner for draft in drafts},
            peers=peers,
            origins=self._origins.by_path,
            compatibility=compatibility_of(releases, peers),
        )
        self._judge(cluster, drafts)
        return cluster

    def _drafts(self, raw: dict[str, Any], nodes: Mapping[str, Node], release: Release | None) -> Iterator[Draft]:
        """Every owner with everything that the inventory says of it."""
        names, architecture = NodeNames(nodes), raw.get("architecture")
        # Without the architecture, it is not known which components a party needs.
        unknown = architecture is None and (release is None or bool(release.architectures))
        for name, given in raw.get("parties", {}).items() if not unknown else ():
            word, own = self._own_release(f"parties.{name}.release", given)
            if own is not None:
                judge_architecture(own, architecture, f"parties.{name}.release", self._reader)
            chosen = word or raw.get("release", "")
            owner = Owner(name, "party", chosen, architecture, {}, {}, {})
            yield self._filled(owner, given, nodes, names, own if word else release)
        for name, given in raw.get("groups", {}).items():
            word, own = self._own_release(f"groups.{name}.release", given)
            yield self._filled(Owner(name, "group", word, None, {}, {}, {}), given, nodes, names, own)

    def _own_release(self, path: str, given: Any) -> tuple[str, Release | None]:
        """The release that an owner names itself, as a word and as far as it is known; an empty word for none."""
        word = "" if given is BAD else given.get("release", "")
        if word:
            self._origins.written(path)
        return word, find_release(word, path, self._reader) if word else None

    def _filled(
        self, owner: Owner, given: Any, nodes: Mapping[str, Node], names: NodeNames, release: Release | None
    ) -> Draft:
        draft = Draft(owner, nodes, names, self._known(release), release, self._reader, self._origins)
        sections = {} if given is BAD else given
        draft = draft.having(placement=Placer(draft).place(sections.get("services", {})))
        draft = draft.having(config=settle(draft, sections.get("config", {})))
        draft = draft.having(public=public_endpoints(draft, sections.get("public", {})))
        if "addresses" in sections:
            self._origins.written(draft.path("addresses"))
        return draft.having(addresses=tuple(sections.get("addresses", ())))

    def _known(self, release: Release | None) -> Mapping[str, Component]:
        """The components as a release has them."""
        if release is None or not self._chosen:
            return self._components
        if release.name not in self._of_release:
            self._of_release[release.name] = components_of(release.components)
        return self._of_release[release.name]

    def _peers(self, raw: dict[str, Any], drafts: Iterable[Draft]) -> dict[str, Peer]:
        refuse_meetings(raw.get("parties", {}), raw.get("peers", {}), self._reader)
        parties = [draft for draft in drafts if draft.owner.kind == "party"]
        architecture = parties[0].owner.architecture if parties else None
        needed = {
            component.peer_kind
            for party in parties
            for component in party.components.values()
            if component.peer_kind and architecture in component.architectures
        }
        if not parties:
            # What connects parties whatever their architecture: without them, that is what the inventory is for.
            placed = (draft.components[name] for draft in drafts for name in draft.owner.placement)
            needed = {
                component.peer_kind for component in placed if component.peer_kind and not component.architectures
            }
        return build_peers(raw.get("peers", {}), needed, architecture, self._reader, self._origins)

    def _judge(self, cluster: Cluster, drafts: Collection[Draft]) -> None:
        """Note what does not fit together between owners, peers and nodes."""
        owners, components = cluster.owners, {draft.owner.id: draft.components for draft in drafts}
        refuse_bad_groups(drafts)
        for party in cluster.parties.values():
            refuse_loopback(party, cluster.peers, self._reader)
        refuse_clashes(owners, components, self._reader)
        refuse_contradictions(cluster, components, self._reader)
        refuse_unreachable(owners, cluster.nodes, components, self._reader)
        refuse_unnamed(cluster, components, self._reader)
        if not self._reader.problems:
            releases = {draft.owner.id: draft.release for draft in drafts if draft.release is not None}
            refuse_unmet(cluster, releases, components, self._reader)
