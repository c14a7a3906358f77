"""Refuses settings of a component that contradict each other or its node."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Node, Party
from fatecloud.model.component import Component


def refuse_contradictions(
    parties: Mapping[str, Party],
    nodes: Mapping[str, Node],
    architecture: str,
    components: Mapping[str, Component],
    reader: Reader,
) -> None:
    """Note each component's objections to its settings, at the setting itself or at the placement of the service."""
    for party in parties.values():
        for name, where in party.placement.items():
            for node in (nodes[place] for place in where if place in nodes) if isinstance(where, tuple) else ():
                for found in components[name].judge(party.config[name], node, architecture):
                    written = reader.places.get(f"parties.{party.id}.config.{name}.{found.key}")
                    mark = written or reader.at(f"parties.{party.id}.services.{name}")
                    what = f"{party.id}/{name}@{node.name}: {found.what}"
                    reader.problems.add(mark, what, found.expected)
