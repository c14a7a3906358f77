"""Which component of a party is on which node, with the all-in-one default for components that are not named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from fatecloud.inventory.component_settings import flatten
from fatecloud.inventory.kinds import BAD, Reader
from fatecloud.inventory.origins import Origins
from fatecloud.inventory.placed import Placed
from fatecloud.inventory.problems import one_of, short
from fatecloud.model.cluster import Endpoint, External, Node, SecretRef
from fatecloud.model.component import Component
from fatecloud.model.release import Release

Placement = dict[str, tuple[str, ...] | External]


class Placer:
    """Places the components of each party.

    Args:
        nodes: all nodes by name.
        components: all components.
        architecture: the one of this cluster.
        release: the one of this cluster; None if it is unknown, so that nothing is checked against it.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        components: Mapping[str, Component],
        architecture: str,
        release: Release | None,
        reader: Reader,
        origins: Origins,
    ) -> None:
        self._nodes = nodes
        self._components = components
        self._architecture = architecture
        self._release = release
        self._reader = reader
        self._origins = origins
        self._usual = [
            name
            for name, component in components.items()
            if architecture in component.architectures and self._offers(name)
        ]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    @cached_property
    def _one_of_nodes(self) -> str:
        """Computed only once, because a file may name thousands of unknown nodes."""
        return one_of(self._names)

    def _offers(self, component: str) -> bool:
        return self._release is None or component in self._release.components

    def place(self, party: str, services: Mapping[str, Any]) -> Placement:
        """Node names, or an external service, by component."""
        placement: Placement = {}
        for name, placed in services.items():
            if isinstance(placed, Placed):
                given = placed.external is not None
                placement[name] = self._external(party, name, placed) if given else self._written(party, name, placed)
        missing = [name for name in self._usual if name not in services]
        if missing:
            self._fill(party, placement, missing)
        for name, where in placement.items():
            self._judge(party, name, where if isinstance(where, tuple) else ())
        return {name: where for name, where in sorted(placement.items()) if where}

    def _written(self, party: str, name: str, placed: Placed) -> tuple[str, ...]:
        component, problems = self._components[name], self._reader.problems
        self._origins.written(f"parties.{party}.services.{name}")
        for node, mark in placed.nodes:
            if node not in self._nodes:
                what = f"{name} is on the unknown node {short(node)!r}"
                problems.add(mark, what, self._one_of_nodes, node, self._names)
        names = tuple(dict.fromkeys(node for node, _ in placed.nodes))
        if len(names) < len(placed.nodes):
            problems.add(placed.mark, f"{name} names a node twice", "each node once")
        if len(names) > 1 and not component.many:
            problems.add(placed.mark, f"{name} is on {len(names)} nodes", f"one node: a party has one {name}")
        return tuple(node for node in names if node in self._nodes)

    def _external(self, party: str, name: str, placed: Placed) -> External | tuple[str, ...]:
        """The external service; no node where that is refused, or where its section has a problem."""
        given = dict(placed.external or {})
        for key in given:
            self._origins.written(f"parties.{party}.services.{name}.external.{key}")
        if self._components[name].external is None:
            can = [other for other, component in self._components.items() if component.external]
            self._reader.problems.add(
                placed.mark, f"{name} cannot be external", f"a node ({one_of(can)} can be external)"
            )
            return ()
        host, port, user, password = (given.pop(key, None) for key in ("host", "port", "user", "password"))
        if None in (host, port, user) or not password or "secret" not in password:
            return ()
        return External(Endpoint(host, port), user, SecretRef(password["secret"]), flatten(given))

    def _fill(self, party: str, placement: Placement, missing: list[str]) -> None:
        used = sorted({node for where in placement.values() if isinstance(where, tuple) for node in where})
        if len(self._nodes) == 1:
            used, why = list(self._nodes), "built in (the only node)"
        else:
            why = "built in (the node of the party's other services)"
        if len(used) == 1:
            for name in missing:
                placement[name] = (used[0],)
                self._origins.derived(f"parties.{party}.services.{name}", why)
            return
        mark = self._reader.at(f"parties.{party}.services")
        what = f"services of party {party} lack {', '.join(missing)}"
        self._reader.problems.add(mark, what, f"a node for each ({self._one_of_nodes}): there is more than one")

    def _judge(self, party: str, name: str, where: tuple[str, ...]) -> None:
        component = self._components[name]
        mark = self._reader.at(f"parties.{party}.services.{name}")
        if component.architectures and self._architecture not in component.architectures:
            what = f"{name} is not part of the architecture {self._architecture}"
            self._reader.problems.add(mark, what, one_of(self._usual))
        elif self._release is not None and not self._offers(name):
            what = f"the release {self._release.name} has no {name}"
            self._reader.problems.add(mark, what, one_of(name for name in self._components if self._offers(name)))
        for node in where:
            if component.needs_root and self._nodes[node].become == "none":
                what = f"{name} needs root on {node} to be installed, and become is none there"
                self._reader.problems.add(mark, what, f"become: root for {node}, or another node for {name}")


def party_sections(raw: Any) -> dict[str, dict[str, Any]]:
    """The sections of a party as read; empty if they are left out or wrong."""
    given = {} if raw is BAD else raw
    return {name: given.get(name, {}) for name in ("public", "services", "config", "addresses")}
