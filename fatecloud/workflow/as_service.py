"""Commands that a node runs as a service's own user: root only changes the user."""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.desired import DesiredService
from fatecloud.model.node import Node

LEAST = "nobody"
"""The user in place of one that is not known."""


def as_service(service: DesiredService, node: Node, argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that runs a command as the service's user, from root or from the login without root."""
    return as_user(service.user, node, argv)


def as_user(user: str, node: Node, argv: Sequence[str]) -> tuple[str, ...]:
    """The same for a user by its name; empty for one that is not known."""
    name = LEAST if user in ("", "root") else user
    # Not sudo: root needs no rule to become another user, and runuser asks for none.
    return ("runuser", "-u", name, "--", *argv) if node.become == "root" else tuple(argv)
