"""The user's file -> Cluster, or all its problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fatecloud import catalogue
from fatecloud.components.registry import all_components, components_of
from fatecloud.inventory.admission import refuse_unnamed
from fatecloud.inventory.contradictions import refuse_contradictions, refuse_unmet, refuse_unreachable
from fatecloud.inventory.document import Table, parse
from fatecloud.inventory.endpoints import build_peers, public_endpoints, refuse_loopback, refuse_meetings
from fatecloud.inventory.kinds import Reader, described
from fatecloud.inventory.nodes import NodeBuilder
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.placement import Placer, party_sections
from fatecloud.inventory.ports import refuse_clashes
from fatecloud.inventory.problems import Problems
from fatecloud.inventory.releases import find_release
from fatecloud.inventory.schema import inventory_section
from fatecloud.inventory.settings import settle
from fatecloud.inventory.source import read_text
from fatecloud.model.cluster import Cluster, Node, Party, Peer
from fatecloud.model.component import Component
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
        chosen: whether the release chooses the generation of each component.
    """

    def __init__(self, path: Path, components: Mapping[str, Component], reader: Reader, *, chosen: bool) -> None:
        self._path = path
        self._components = components
        self._chosen = chosen
        self._reader = reader
        self._origins = Origins(path.name, reader)

    def build(self, raw: dict[str, Any]) -> Cluster:
        """The cluster. If problems were noted, it must not be used."""
        for name in ("cluster", "id", "release", "architecture"):
            if name in raw:
                self._origins.written(name)
        nodes = NodeBuilder(self._path, self._reader, self._origins).build(
            raw.get("nodes", {}), raw.get("defaults", {})
        )
        parties: dict[str, Party] = {}
        peers: dict[str, Peer] = {}
        refuse_meetings(raw.get("parties", {}), raw.get("peers", {}), self._reader)
        if "architecture" in raw and nodes:
            parties, peers = self._parties_and_peers(raw, nodes)
        cluster = Cluster(
            name=raw.get("cluster", ""),
            id=raw.get("id", ""),
            release=raw.get("release", ""),
            architecture=raw.get("architecture", "standalone"),
            nodes=nodes,
            parties=parties,
            peers=peers,
            origins=self._origins.by_path,
        )
        refuse_unnamed(cluster, self._components, self._reader)
        if not self._reader.problems:
            refuse_unmet(cluster, catalogue.load(cluster.release), self._components, self._reader)
        return cluster

    def _parties_and_peers(
        self, raw: dict[str, Any], nodes: Mapping[str, Node]
    ) -> tuple[dict[str, Party], dict[str, Peer]]:
        architecture = raw["architecture"]
        release = find_release(raw["release"], architecture, self._reader) if "release" in raw else None
        if release is not None and self._chosen:
            self._components = components_of(release.components)
        placer = Placer(nodes, self._components, architecture, release, self._reader, self._origins)
        parties = {
            name: self._party(name, given, placer, nodes, release) for name, given in raw.get("parties", {}).items()
        }
        needed = {
            component.peer_kind
            for name, component in self._components.items()
            if component.peer_kind and architecture in component.architectures
        }
        peers = build_peers(raw.get("peers", {}), needed, architecture, self._reader, self._origins)
        for party in parties.values():
            refuse_loopback(party.id, party.public, peers, self._reader)
        refuse_clashes(parties, self._components, self._reader)
        refuse_contradictions(parties, peers, nodes, architecture, self._components, self._reader)
        refuse_unreachable(parties, nodes, self._components, self._reader)
        return parties, peers

    def _party(
        self, name: str, given: Any, placer: Placer, nodes: Mapping[str, Node], release: Release | None
    ) -> Party:
        sections = party_sections(given)
        placement = placer.place(name, sections["services"])
        settings = settle(name, sections["config"], placement, self._components, release, self._reader, self._origins)
        public = public_endpoints(
            name, sections["public"], placement, settings, nodes, self._components, self._reader, self._origins
        )
        addresses = tuple(sections["addresses"])
        if addresses:
            self._origins.written(f"parties.{name}.addresses")
        return Party(name, public, dict(placement), settings, addresses)
