"""Runs on the node: the clustermanager's login to its database, as its own settings have it."""

from __future__ import annotations

import os
import re

from fatecloud.probing.properties import settings

APART = "database.properties"
"""File beside the settings with the password alone, where a clustermanager would print it with the others."""
_LEAD = "eggroll.resourcemanager.clustermanager.jdbc."
_URL = re.compile(r"jdbc:mysql://(?P<where>[^/]+)/(?P<name>[^?]+)")


class Login:
    """Where the database is, and who the clustermanager is there.

    Args:
        where: `host:port`.
        name: of the database.
        account: the clustermanager's.
        password: likewise.
    """

    def __init__(self, where: str, name: str, account: str, password: str) -> None:
        self.where, self.name, self.account, self.password = where, name, account, password


class NoLogin(ValueError):
    """The settings name no login of our form."""


def login_of(path: str) -> Login:
    """Read the settings. Raises NoLogin."""
    try:
        own = settings(path)
        place, account = _URL.match(own[f"{_LEAD}url"]), own[f"{_LEAD}username"]
        password = own.get(f"{_LEAD}password")
        if password is None:
            password = settings(os.path.join(os.path.dirname(path), APART))["password"]
    except (OSError, KeyError) as error:
        raise NoLogin(f"{path}: {type(error).__name__}: {error}") from None
    if place is None:
        raise NoLogin(f"{path}: the URL of the database is of another form than ours")
    return Login(place.group("where"), place.group("name"), account, password)
