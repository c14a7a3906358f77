"""What an inventory may not say about the accounts of services."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from fatecloud.inventory.words import NEW_ACCOUNT
from fatecloud.model.accounts import PRIVILEGED_GROUPS
from fatecloud.model.node import Node

Problem = tuple[str, str, str]
"""Key of the node, what is wrong, and what is expected."""
_ANOTHER = "another one, or none (each service gets its own), or service_user_trusted: true if it is meant"


def account_problems(node: Node, login: str, logins: Collection[str]) -> Iterator[Problem]:
    """What does not fit in a node's `service_user` and the keys beside it.

    Args:
        login: who logs in to the node.
        logins: who logs in to any node of the inventory.
    """
    user, group = node.service_user, node.service_group
    if node.become != "root":
        if user != login:
            yield "service_user", f"with become: none services run as {login}", f"service_user: {login}"
        return
    if user is None:
        yield from _alone(node)
        return
    for account, key in {group: "service_group", user: "service_user"}.items():
        if account and not re.fullmatch(NEW_ACCOUNT.pattern, account):
            yield key, f"{key} is {account!r}", NEW_ACCOUNT.what
    if node.service_user_trusted:
        return
    # A service that runs as a login could change what fatecloud does as root.
    if user == "root" or user in logins:
        yield "service_user", f"{user} is {'root' if user == 'root' else 'a login of this inventory'}", _ANOTHER
    elif group in PRIVILEGED_GROUPS:
        yield "service_group", f"members of {group} may become root, or read what only root should", _ANOTHER


def _alone(node: Node) -> Iterator[Problem]:
    own, both = f"each service of {node.name} has a user of its own", "service_user too, or only the default"
    if node.service_group is not None:
        yield "service_group", f"service_group is {node.service_group!r}, but {own}", both
    if node.service_user_trusted:
        yield "service_user_trusted", f"there is no service_user to trust: {own}", both
