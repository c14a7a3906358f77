"""Which component of an owner is on which node; for parties with the all-in-one default for those not named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fatecloud.inventory.component_settings import flatten
from fatecloud.inventory.draft import Draft
from fatecloud.inventory.places import WrittenPlace
from fatecloud.inventory.problems import one_of, short
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.owner import External, FromGroup, Placed
from fatecloud.model.passwords import SecretRef
from fatecloud.model.release import Release

Placement = dict[str, tuple[Placed, ...] | External | FromGroup]


class Placer:
    """Places the components of one owner."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._owner = draft.owner
        # A group has no architecture, so nothing is placed in it that the operator did not write.
        self._usual = [
            name
            for name, component in draft.components.items()
            if self._owner.architecture in component.architectures and self._offers(name)
        ]

    def _offers(self, component: str) -> bool:
        return self._draft.release is None or component in self._draft.release.components

    def place(self, services: Mapping[str, Any]) -> Placement:
        """Where each component is."""
        placement: Placement = {}
        for name, written in services.items():
            if isinstance(written, WrittenPlace):
                self._draft.origins.written(self._draft.path(f"services.{name}"))
                placement[name] = written.group or self._external(name, written) or self._written(name, written)
        missing = [name for name in self._usual if name not in services]
        if missing:
            self._fill(placement, missing)
        for name, where in placement.items():
            if not isinstance(where, FromGroup):
                self._judge(name, [placed.node for placed in where] if isinstance(where, tuple) else ())
        return {name: where for name, where in sorted(placement.items()) if where}

    def _written(self, name: str, written: WrittenPlace) -> tuple[Placed, ...]:
        component, problems = self._draft.components[name], self._draft.reader.problems
        for placed, mark in written.instances:
            if placed.node not in self._draft.nodes:
                what = f"{name} is on the unknown node {short(placed.node)!r}"
                problems.add(mark, what, self._draft.names.one_of, placed.node, self._draft.names.all)
        instances = {placed.node: placed for placed, _ in written.instances}
        if len(instances) < len(written.instances):
            problems.add(written.mark, f"{name} names a node twice", "each node once")
        if len(instances) > 1 and not component.many:
            what = f"{name} is on {len(instances)} nodes"
            problems.add(written.mark, what, f"one node: a {self._owner.kind} has one {name}")
        return tuple(placed for node, placed in instances.items() if node in self._draft.nodes)

    def _external(self, name: str, written: WrittenPlace) -> External | None:
        """The external service; None where it is none, where that is refused, or where its section has a problem."""
        if written.external is None:
            return None
        given = dict(written.external)
        for key in given:
            self._draft.origins.written(self._draft.path(f"services.{name}.external.{key}"))
        if self._draft.components[name].external is None:
            can = [other for other, component in self._draft.components.items() if component.external]
            wish = f"a node ({one_of(can)} can be external)"
            self._draft.reader.problems.add(written.mark, f"{name} cannot be external", wish)
            return None
        host, port, user, password = (given.pop(key, None) for key in ("host", "port", "user", "password"))
        if None in (host, port, user) or not password or "secret" not in password:
            return None
        return External(Endpoint(host, port), user, SecretRef(password["secret"]), flatten(given))

    def _fill(self, placement: Placement, missing: list[str]) -> None:
        placed = [one.node for where in placement.values() if isinstance(where, tuple) for one in where]
        used, why = sorted(set(placed)), f"built in (the node of the {self._owner.kind}'s other services)"
        if len(self._draft.nodes) == 1:
            used, why = list(self._draft.nodes), "built in (the only node)"
        if len(used) == 1:
            for name in missing:
                placement[name] = (Placed(used[0]),)
                self._draft.origins.derived(self._draft.path(f"services.{name}"), why)
            return
        what = f"services of {self._owner.title} lack {', '.join(missing)}"
        self._draft.refuse("services", what, f"a node for each ({self._draft.names.one_of}): there is more than one")

    def _judge(self, name: str, nodes: Iterable[str]) -> None:
        component, architecture, release = self._draft.components[name], self._owner.architecture, self._draft.release
        key = f"services.{name}"
        if architecture and component.architectures and architecture not in component.architectures:
            what = f"{name} is not part of the architecture {architecture}"
            self._draft.refuse(key, what, one_of(self._usual))
        elif release is not None and name in release.apart:
            self._draft.refuse(key, f"{name} is not for a party of {release.name}: {release.apart[name]}", "a group")
        elif release is not None and not self._offers(name):
            offered = [known for known in self._draft.components if self._offers(known)]
            self._draft.refuse(key, f"the release {release.name} has no {name}", one_of(offered))
        for node in nodes:
            if component.needs_root and self._draft.nodes[node].become == "none":
                what = f"{name} needs root on {node} to be installed, and become is none there"
                self._draft.refuse(key, what, f"become: root for {node}, or another node for {name}")


def refuse_bad_groups(drafts: Collection[Draft]) -> None:
    """Note components that an owner takes from a group that has none to give.

    Args:
        drafts: of all owners, placed.
    """
    groups = {draft.owner.id: draft.owner for draft in drafts if draft.owner.kind == "group"}
    releases = {draft.owner.id: draft.release for draft in drafts}
    for draft in drafts:
        for name, where in draft.owner.placement.items():
            if not isinstance(where, FromGroup):
                continue
            giving = [
                group for group, known in groups.items() if not isinstance(known.placement.get(name, where), FromGroup)
            ]
            if draft.release is not None and name in draft.release.apart:
                what = f"a party of {draft.release.name} cannot take {name} from a group: {draft.release.apart[name]}"
                draft.refuse(f"services.{name}", what, "no such line")
            elif not (draft.components[name].groups and draft.components[name].lent):
                what = f"{name} cannot be taken from a group"
                draft.refuse(f"services.{name}.group", what, f"a node: each {draft.owner.kind} has its own {name}")
            elif where.group not in giving:
                what = f"there is no group {where.group!r} with a {name} of its own"
                draft.refuse(f"services.{name}.group", what, one_of(giving), where.group, giving)
            elif why := _unfit(draft, releases.get(where.group)):
                what = f"{name} of group {where.group} is not for a party of FATE {why}"
                draft.refuse(f"services.{name}.group", what, "a group of another release")


def _unfit(draft: Draft, giving: Release | None) -> str:
    """Why a party cannot use a group's services, after its version of FATE; empty where it can."""
    own = draft.release.fate if draft.release else ""
    why = next((one.why for one in giving.incompatible if own and one.has(own)), "") if giving else ""
    return f"{own}: {why}" if why else ""
