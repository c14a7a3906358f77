"""Whose a service and its files are on a node. All code that needs such a name gets it here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fatecloud.model.identity import ServiceId
from fatecloud.model.node import Node

PRIVILEGED_GROUPS = frozenset(
    {"root", "sudo", "wheel", "admin", "adm", "docker", "disk", "shadow", "lxd", "incus-admin", "libvirt", "kmem"}
)
"""Groups whose members become root, or read what only root should: a service's user must not be in one by accident."""
LONGEST = 31
"""Characters of a name: useradd takes 32, a login record and systemd's strict rule one less."""
_HASHED = 10
"""Hexadecimal digits that tell shortened names apart."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its primary group on a node."""

    user: str
    group: str


def account_of(node: Node, service: ServiceId) -> Account:
    """The account that a service runs as: its own one, unless all services of the node share one."""
    if node.service_user is not None:
        return Account(node.service_user, node.service_group or node.service_user)
    name = own_name(service)
    return Account(name, name)


def has_own_account(node: Node) -> bool:
    """Whether each service of a node has an account of its own, which a deploy makes."""
    return node.become == "root" and node.service_user is None


def owner_of(node: Node) -> Account:
    """The account that owns what no service may change: root, or where we have no root the login."""
    if node.become == "root" or node.service_user is None:
        return Account("root", "root")
    return Account(node.service_user, node.service_group or node.service_user)


def own_name(service: ServiceId) -> str:
    """Name of a service's own user and group: `fc-c3f9a2-9999-flow`, unique on a node.

    A name that is too long keeps its beginning and ends in a digest of the whole.
    """
    digits = service.cluster.rpartition("-")[2]
    name = f"fc-{digits}-{service.owner}-{service.component}"
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASHED]
    return f"{name[: LONGEST - _HASHED - 1]}-{digest}"
