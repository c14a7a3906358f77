"""What the operator wrote, normalised: a cluster of parties on nodes. Frozen, free of I/O and of secret values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any, Literal

from fatecloud.model.machine import Machine

Become = Literal["root", "service", "none"]
Supervision = Literal["systemd", "supervisor"]
PackageSource = Literal["repos", "store", "preinstalled"]
ID_SHOWN = 6
"""Digits of a cluster's id in names on nodes. Where two clusters of one name share them, a node refuses the second."""
LOOPBACK = "127.0.0.1"
PYTHON = "/usr/bin/python3"
"""Where a node has its Python unless the operator says otherwise."""


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class SecretRef:
    """The name of a secret; its value lives in the vault file only."""

    name: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A password that is asked for on the terminal at each run and kept nowhere."""


PasswordSource = SecretRef | Prompt | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where something is reached: a name or address, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Ssh:
    """How a node is reached over SSH."""

    user: str
    port: int = 22
    key: str | None = None
    agent: bool = True
    password: PasswordSource = None
    jump: str | None = None
    """`[user@]host[:port]` of a jump host."""


@dataclass(frozen=True, slots=True)
class CheckLogin:
    """A login that may do nothing as root but what a check reads."""

    user: str
    key: str | None = None
    """Private key on the controller; None for that of `ssh`."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Directories on a node, absolute; everything but `base` lies under it unless the operator said otherwise."""

    base: str
    data: str
    logs: str
    backup: str
    """Dumps of what migrations change."""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine, reached over SSH or `local` (the controller itself)."""

    name: str
    address: str
    connection: Literal["ssh", "local"]
    bind: str | None
    """Address that services listen on for those on other machines; None if the operator chose none."""
    advertise: str
    """Address that neighbours use."""
    ssh: Ssh
    become: Become
    become_password: PasswordSource
    service_user: str | None
    """Account that all services share, with `become: none` the login; None where each service has one of its own."""
    service_group: str | None
    """Its primary group; None where each service has one of its own."""
    supervision: Supervision
    packages: PackageSource
    paths: Paths
    service_user_trusted: bool = False
    """Whether the operator means it that `service_user` is a login, or may become root."""
    memory: int | None = None
    """Bytes that its services are sized for, as the operator gave them; None for what its first deploy read."""
    cores: int | None = None
    """Cores likewise."""
    java: Literal["any", "imported"] = "any"
    """Which JVMs its services may run in: those of the node and its distribution too, or imported ones alone."""
    python: str = PYTHON
    """Interpreter for Ansible on the node."""
    check: CheckLogin | None = None
    """Login of `check` and `status`; None for the login that deploys."""
    read: Machine = field(default_factory=Machine)
    """What its first deploy read, as its manifest says; before that, what it has now. Not part of an inventory."""

    @property
    def machine(self) -> Machine:
        """What its services are sized for: what the operator gave, else what its first deploy read."""
        return replace(self.read, memory=self.memory or self.read.memory, cores=self.cores or self.read.cores)

    @property
    def outside(self) -> str:
        """Address that services listen on for other parties: all of the node's, unless the operator chose one."""
        if self.connection == "local" and self.advertise == LOOPBACK:
            return self.bind or LOOPBACK
        return self.bind or ("::" if ":" in self.advertise else "0.0.0.0")  # noqa: S104 - others must get in

    @property
    def inside(self) -> str:
        """Address that services listen on for other nodes of their party; empty if only the operator can say."""
        return self.bind or (self.advertise if is_address(self.advertise) else "")


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


@dataclass(frozen=True, slots=True)
class App:
    """What a party shows to another one's flow to be known there. The other one issues it."""

    id: str
    token: SecretRef


@dataclass(frozen=True, slots=True)
class Peer:
    """A party that others manage."""

    id: str
    endpoints: Mapping[str, Endpoint]
    addresses: tuple[str, ...] = ()
    """Networks from which its connections come, as CIDR; empty if the operator did not say."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """`key` and `former_key` -> fingerprint of a key that its operator signs with: `SHA256:...[ until 2027-02-28]`."""
    apps: Mapping[str, App] = field(default_factory=dict)
    """Party of this inventory -> the app that the peer issued to it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: `inventory.yml:12:3`, `defaults`, `release fate-2.2.0`, `built in`, ..."""

    source: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that one inventory describes."""

    name: str
    """Shown to people; other clusters may have the same one."""
    id: str
    """Random, and so no other cluster's: 16 hexadecimal digits, the first a letter."""
    nodes: Mapping[str, Node]
    owners: Mapping[str, Owner]
    """Parties, then groups, each in the order of the inventory."""
    peers: Mapping[str, Peer]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Dotted path of a value -> where it came from."""

    @property
    def parties(self) -> dict[str, Owner]:
        """The FATE sites that this operator manages."""
        return {name: owner for name, owner in self.owners.items() if owner.kind == "party"}

    @property
    def groups(self) -> dict[str, Owner]:
        """The owners of what serves several parties, or none."""
        return {name: owner for name, owner in self.owners.items() if owner.kind == "group"}

    @property
    def architecture(self) -> str | None:
        """How the components of the parties are connected."""
        return next((party.architecture for party in self.parties.values()), None)

    @property
    def releases(self) -> tuple[str, ...]:
        """Names of the releases of its owners, each once."""
        return tuple(dict.fromkeys(owner.release for owner in self.owners.values()))

    @property
    def label(self) -> str:
        """Prefix of the names that fatecloud uses on nodes: `demo-c3f9a2`, the name and the first digits of the id."""
        return f"{self.name}-{self.id[:ID_SHOWN]}"
