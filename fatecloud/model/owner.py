"""Whose services are: parties and groups, where their components are, and who uses whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fatecloud.model.endpoint import Endpoint
from fatecloud.model.passwords import SecretRef


@dataclass(frozen=True, slots=True)
class External:
    """A service that others run: used and checked, never changed."""

    endpoint: Endpoint
    user: str
    password: SecretRef
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FromGroup:
    """A component that its owner does not have: it uses that of a group."""

    group: str
    hard: bool = True
    """Whether its owner cannot do its own work without it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One instance of a component: where it is, and what is set for it alone."""

    node: str
    config: Mapping[str, Any] = field(default_factory=dict)
    """Flat dotted keys; those that are missing are the same for all instances, see `Owner.config`."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose services are: a party (a FATE site), or a group, which serves several (an exchange, a shared database)."""

    id: str
    """Digits for a party, a name that begins with a letter for a group. No dash: names on nodes contain it."""
    kind: Literal["party", "group"]
    release: str
    """Name of the release that its services are of."""
    architecture: str | None
    """How the components of a party are connected, one of those of its release; None for a group, and where the release
    knows none."""
    public: Mapping[str, Endpoint]
    """Endpoints that peers use, by kind of edge (`proxy`, `broker`, ...)."""
    placement: Mapping[str, tuple[Placed, ...] | External | FromGroup]
    """Component -> where its instances are, or whose it uses."""
    config: Mapping[str, Mapping[str, Any]]
    """Component -> its typed configuration, defaults filled in."""
    addresses: tuple[str, ...] = ()
    """Networks from which its connections come, as CIDR; empty if the operator did not say."""

    @property
    def path(self) -> str:
        """Where it is in the inventory: `parties.9999`."""
        return f"{'parties' if self.kind == 'party' else 'groups'}.{self.id}"

    @property
    def title(self) -> str:
        """What people call it: `party 9999`."""
        return f"{self.kind} {self.id}"

    def instances(self, component: str) -> tuple[Placed, ...]:
        """Where its own instances of a component are; none if it has none, or uses those of others."""
        where = self.placement.get(component, ())
        return where if isinstance(where, tuple) else ()

    def settings(self, component: str, node: str) -> Mapping[str, Any]:
        """The configuration of a component's instance, flat dotted keys.

        Args:
            node: name of the node that it is on.
        """
        own = next((placed.config for placed in self.instances(component) if placed.node == node), {})
        return {**self.config.get(component, {}), **own}

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes that it has services on, sorted."""
        return tuple(sorted({placed.node for name in self.placement for placed in self.instances(name)}))


def giver_of(owners: Mapping[str, Owner], owner: Owner, component: str) -> Owner:
    """Whose component an owner uses: a group's if it takes it from one, else its own."""
    where = owner.placement.get(component)
    # A group that does not exist is refused when the inventory is read; until then, this is asked as well.
    return owners.get(where.group, owner) if isinstance(where, FromGroup) else owner


def users_of(owners: Mapping[str, Owner], owner: Owner, component: str) -> tuple[Owner, ...]:
    """Who uses a component of an owner: itself, and for a group all that take it from there."""
    if owner.kind == "party":
        return (owner,)
    return (owner, *(other for other in owners.values() if _takes(other, component, owner.id)))


def _takes(owner: Owner, component: str, group: str, *, hard: bool = False) -> bool:
    """Whether an owner takes a component from a group; with `hard`, one that it cannot work without."""
    where = owner.placement.get(component)
    return isinstance(where, FromGroup) and where.group == group and (where.hard or not hard)


def givers_of(owners: Mapping[str, Owner], owner: Owner, *, hard: bool = False) -> tuple[Owner, ...]:
    """Whose services an owner uses: its own, those of the groups from which it takes a component, and of theirs.

    Args:
        owners: all of them, by their ids.
        owner: one of them.
        hard: only where it cannot work without them.
    """
    found = {owner.id: owner}
    waiting = [owner]  # two groups may take different components from each other
    while waiting:
        one = waiting.pop()
        soft = {
            name for name, where in one.placement.items() if hard and isinstance(where, FromGroup) and not where.hard
        }
        fresh = {
            giver.id: giver for giver in (giver_of(owners, one, name) for name in one.placement if name not in soft)
        }
        waiting += [giver for name, giver in fresh.items() if name not in found]
        found |= fresh
    return tuple(found.values())


def needing(owners: Mapping[str, Owner], owner: str, component: str) -> frozenset[str]:
    """Ids of the owners that cannot do without a component of an owner.

    They are itself, those that take the component from there, and those that take anything from these.

    Args:
        owner: its id. One that is not in the inventory any more is needed by no one else.
    """
    others = {one.id for one in owners.values() if _takes(one, component, owner, hard=True)}
    further = {one.id for one in owners.values() if others & {g.id for g in givers_of(owners, one, hard=True)}}
    return frozenset({owner} | others | further)
