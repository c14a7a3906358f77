"""What an inventory asks of other departments before there is any node: pure data, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Way = Literal["operate", "inside", "out", "in"]
"""Between the controller and nodes, between nodes, from a node to outside, from outside to a node."""
IDLE = 3600
"""Seconds that a firewall must leave a silent connection open: a task may compute that long before it sends again."""


@dataclass(frozen=True, slots=True)
class Route:
    """A TCP connection that must be possible, from the end that opens it. Answers come back over it."""

    way: Way
    source: str
    """Name of the end: a node, `party 10000`, `the controller`."""
    source_address: str
    """Address or networks; empty if the inventory does not say."""
    target: str
    target_address: str
    port: int
    purpose: str
    idle: int = IDLE
    """Seconds without a packet after which it must still be open."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Something that is needed inside a service that others run."""

    place: str
    """The service and its endpoint."""
    what: str
    """`database fate_9999`."""
    details: Mapping[str, str]
    """What else makes it up, for people."""
    sources: tuple[str, ...]
    """Addresses from which it is used."""
    secret: str
    """Name of the secret with its password; the value is agreed in another way."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login on a node."""

    node: str
    user: str
    purpose: str
    means: str
    """How it logs in: a key, a password."""
    sudoers: str
    """The line that sudo needs; empty where it needs none."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A user and group of services on a node, without home and login shell where a deploy makes it."""

    node: str
    user: str
    group: str
    services: tuple[str, ...]
    made: bool
    """Whether a deploy makes it; if not it must be there."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Room on a node."""

    path: str
    size: int
    """Bytes that a first deploy takes, and that its services need in their first days."""
    purpose: str


@dataclass(frozen=True, slots=True)
class Machine:
    """A node."""

    name: str
    address: str
    arch: str
    """Processor, as `uname -m` prints it."""
    memory: int
    """Bytes that its services take together when they have work."""
    directories: tuple[Directory, ...]
    packages: Mapping[str, tuple[str, ...]]
    """Distribution packages by os family."""
    source: str
    """Where these come from: `repos`, `store`, `preinstalled`."""
    supervision: str
    become: str


@dataclass(frozen=True, slots=True)
class Letter:
    """All of it."""

    cluster: str
    id: str
    releases: tuple[str, ...]
    routes: tuple[Route, ...]
    names: tuple[str, ...]
    """Host names that must resolve on the nodes."""
    supplies: tuple[Supply, ...]
    logins: tuple[Login, ...]
    accounts: tuple[ServiceAccount, ...]
    machines: tuple[Machine, ...]
    unknown: tuple[str, ...]
    """Sentences: what the inventory does not say yet."""
