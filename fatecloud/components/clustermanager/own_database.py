"""Runs on the node: the clustermanager's login to its database, as its own settings have it."""

from __future__ import annotations

import re
from typing import NamedTuple

from fatecloud.probing.properties import settings

_LEAD = "eggroll.resourcemanager.clustermanager.jdbc."
_URL = re.compile(r"jdbc:mysql://(?P<where>[^/]+)/(?P<name>[^?]+)")


class Login(NamedTuple):
    """Where the database is, and who the clustermanager is there."""

    where: str
    """`host:port`."""
    name: str
    """Of the database."""
    account: str
    password: str


class NoLogin(ValueError):
    """The settings name no login of our form."""


def login_of(path: str) -> Login:
    """Read the settings. Raises NoLogin."""
    try:
        own = settings(path)
        place, account, password = _URL.match(own[f"{_LEAD}url"]), own[f"{_LEAD}username"], own[f"{_LEAD}password"]
    except (OSError, KeyError) as error:
        raise NoLogin(f"{path}: {type(error).__name__}: {error}") from None
    if place is None:
        raise NoLogin(f"{path}: the URL of the database is of another form than ours")
    return Login(place.group("where"), place.group("name"), account, password)
