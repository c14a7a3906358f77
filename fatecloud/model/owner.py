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
    taken = FromGroup(owner.id)
    return (owner, *(other for other in owners.values() if other.placement.get(component) == taken))


def givers_of(owners: Mapping[str, Owner], owner: Owner) -> tuple[Owner, ...]:
    """Whose services an owner needs: its own, those of the groups from which it takes a component, and of theirs."""
    found = {owner.id: owner}
    waiting = [owner]  # two groups may take different components from each other
    while waiting:
        one = waiting.pop()
        fresh = {giver.id: giver for giver in (giver_of(owners, one, name) for name in one.placement)}
        waiting += [giver for name, giver in fresh.items() if name not in found]
        found |= fresh
    return tuple(found.values())


def needing(owners: Mapping[str, Owner], owner: str, component: str) -> frozenset[str]:
    """Ids of the owners that cannot do without a component of an owner.

    They are itself, those that take the component from there, and those that take anything from these.

    Args:
        owner: its id. One that is not in the inventory any more is needed by no one else.
    """
    users = {user.id for user in users_of(owners, owners[owner], component)} if owner in owners else {owner}
    others = users - {owner}
    further = {one.id for one in owners.values() if others and others & {giver.id for giver in givers_of(owners, one)}}
    return frozenset(users | further)
