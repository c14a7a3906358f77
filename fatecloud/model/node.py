"""A machine as the inventory describes it: how it is reached, and what is where on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from fatecloud.model.endpoint import LOOPBACK, is_address
from fatecloud.model.machine import Machine
from fatecloud.model.passwords import PasswordSource

Become = Literal["root", "service", "none"]
Supervision = Literal["systemd", "supervisor"]
PackageSource = Literal["repos", "store", "preinstalled"]
PYTHON = "/usr/bin/python3"
"""Where a node has its Python unless the operator says otherwise."""


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
    packet_filter: Literal["nftables", "none"] = "nftables"
    """What keeps all others than its callers from a port, where a unit cannot; none for the network's own firewalls."""
    dump_days: int = 14
    """Days that the dumps of migrations stay; the newest one of a service stays longer."""
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
