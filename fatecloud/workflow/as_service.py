"""Commands that a node runs as a service's own user: root only changes the user."""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.cluster import Node
from fatecloud.model.desired import DesiredService


def as_service(service: DesiredService, node: Node, argv: Sequence[str]) -> tuple[str, ...]:
    """The argv that runs a command as the service's user, from root or from the login without root."""
    return ("runuser", "-u", service.user, "--", *argv) if node.become == "root" else tuple(argv)
