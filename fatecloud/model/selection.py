"""How an operator names services: selectors `[OWNER/]COMPONENT[@NODE]`, and the filters that narrow them down."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from fatecloud.errors import NoMatch, UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.identity import ServiceId
from fatecloud.model.nearest import nearest

FORMS = "[OWNER/]COMPONENT[@NODE], OWNER/ or @NODE"
_WORDS = {
    "owner": ("party or group", "parties and groups"),
    "node": ("node", "nodes"),
    "component": ("component", "components"),
}
_LISTED = 12
"""Names that an error lists."""
_SHAPE = re.compile(r"(?:(?P<owner>[^/@\s]+)/)?(?P<component>[^/@\s]+)?(?:@(?P<node>[^/@\s]+))?")


@dataclass(frozen=True, slots=True)
class Selector:
    """One word that names services. An empty part matches everything."""

    owner: str = ""
    component: str = ""
    node: str = ""

    @classmethod
    def parse(cls, word: str) -> Selector:
        """Read a word. Raises NoMatch if it has another form."""
        found = _SHAPE.fullmatch(word)
        if not word or not found:
            raise NoMatch(f"invalid selector {word!r}: use {FORMS}")
        return cls(*(found[part] or "" for part in ("owner", "component", "node")))

    def __str__(self) -> str:
        return (f"{self.owner}/" if self.owner else "") + self.component + (f"@{self.node}" if self.node else "")

    def matches(self, service: ServiceId) -> bool:
        """Whether the service has all parts that are given."""
        return all(
            not wanted or wanted == has
            for wanted, has in (
                (self.owner, service.owner),
                (self.component, service.component),
                (self.node, service.node),
            )
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """What an operator typed: services that match any selector and every filter. Empty selects everything."""

    selectors: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    components: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.selectors or self.owners or self.nodes or self.components)

    def __str__(self) -> str:
        filters = (("--owner", self.owners), ("--node", self.nodes), ("--component", self.components))
        return " ".join([*self.selectors, *(f"{name} {value}" for name, values in filters for value in values)])


def select(desired: Desired, selection: Selection, limit: Iterable[str] = ()) -> tuple[str, ...]:
    """Keys of the selected services, sorted.

    Args:
        selection: what was typed.
        limit: names of nodes, of `--limit`; services on other nodes are left out.

    Raises:
        NoMatch: a name is unknown, a selector matches no service, or nothing passes the filters.
    """
    names = _Names(desired)
    for name in selection.owners:
        names.require("owner", name)
    for name in selection.nodes:
        names.require("node", name)
    for name in selection.components:
        names.require("component", name)
    nodes = set(limit)
    for name in nodes:
        names.require("node", name)
    services = [service.id for service in desired.services.values()]
    chosen = {service.key: service for word in selection.selectors for service in _matching(names, services, word)}
    found = sorted(
        service.key
        for service in (chosen.values() if selection.selectors else services)
        if (not selection.owners or service.owner in selection.owners)
        and (not selection.nodes or service.node in selection.nodes)
        and (not selection.components or service.component in selection.components)
        and (not nodes or service.node in nodes)
    )
    if not found:
        words = " ".join([str(selection), *(f"--limit {name}" for name in sorted(nodes))]).strip()
        raise NoMatch(f"no service matches {words}", remedy=f"choose from {listed(desired.services)}")
    return tuple(found)


def select_nodes(desired: Desired, selection: Selection, limit: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of the nodes that a verb about whole nodes acts on, sorted; empty if all are meant.

    Args:
        limit: names of nodes, given as such.

    Raises:
        NoMatch: as `select`.
        UsageError: the selection leaves out a service of one of its nodes.
    """
    names = _Names(desired)
    chosen = set(limit)
    for name in chosen:
        names.require("node", name)
    keys: set[str] = set()
    for word in selection.selectors:
        selector = Selector.parse(word)
        if selector == Selector(node=selector.node):  # a node without services is cleared by a deploy
            names.require("node", selector.node, word)
            chosen.add(selector.node)
        else:
            keys.update(select(desired, Selection((word,))))
    for node in {desired.services[key].id.node for key in keys} - chosen:
        others = [service.id.key for service in desired.on_node(node) if service.id.key not in keys]
        if others:
            raise UsageError(
                f"{selection}: this verb handles whole nodes, and {node} has {listed(others)} as well",
                remedy=f"select the node with @{node}",
            )
        chosen.add(node)
    return tuple(sorted(chosen))


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, the first dozen where there are more."""
    known = list(names)
    more = len(known) - _LISTED
    return ", ".join(known[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _matching(names: _Names, services: Collection[ServiceId], word: str) -> list[ServiceId]:
    selector = Selector.parse(word)
    if selector.owner:
        names.require("owner", selector.owner, word)
    if selector.component:
        names.require("component", selector.component, word)
    if selector.node:
        names.require("node", selector.node, word)
    found = [service for service in services if selector.matches(service)]
    if not found:
        near = nearest(word, [service.key for service in services])
        raise NoMatch(
            f"no service matches {word!r}" + (f"; did you mean {near!r}?" if near else ""),
            remedy=f"choose from {listed(service.key for service in services)}",
        )
    return found


class _Names:
    """The names that an inventory has, by what they name."""

    def __init__(self, desired: Desired) -> None:
        self._known = {
            "owner": list(desired.cluster.owners),
            "node": list(desired.cluster.nodes),
            "component": sorted({service.id.component for service in desired.services.values()}),
        }
        self._peers = desired.cluster.peers

    def require(self, kind: str, name: str, word: str = "") -> None:
        """Refuse an unknown name with those that there are.

        Args:
            kind: `owner`, `node` or `component`.
            name: what was typed.
            word: the selector that it is a part of.

        Raises:
            NoMatch: there is no such name.
        """
        known = self._known[kind]
        if name in known:
            return
        one, all_of_them = _WORDS[kind]
        where = f"selector {word!r}: " if word and word != name else ""
        raise NoMatch(
            f"{where}no {one} {name!r} in this inventory{self._hint(kind, name, word)}",
            remedy=f"choose from the {all_of_them} {listed(known)}",
        )

    def _hint(self, kind: str, name: str, word: str) -> str:
        if kind == "owner" and name in self._peers:
            return f": {name} is a peer, which others manage"
        # A bare word is a component: for the name of a node or party the error shows the right form.
        if word == name and name in self._known["node"]:
            return f"; did you mean '@{name}'?"
        if word == name and name in self._known["owner"]:
            return f"; did you mean '{name}/'?"
        if word == f"{name}/" and name in self._known["component"]:
            return f"; did you mean {name!r}?"
        near = nearest(name, self._known[kind])
        if not near:
            return ""
        corrected = str(replace(Selector.parse(word), **{kind: near})) if word else near
        return f"; did you mean {corrected!r}?"
