"""Runs on the node: the login that the settings of a Java program have for its database."""

from __future__ import annotations

import re

_URL = re.compile(r"jdbc:mysql://(?P<where>[^/]+)/(?P<name>[^?]+)")


class Login:
    """Where the database is, and who the program is there.

    Args:
        where: `host:port`.
        name: of the database.
        account: the program's.
        password: likewise.
    """

    def __init__(self, where: str, name: str, account: str, password: str) -> None:
        self.where, self.name, self.account, self.password = where, name, account, password


class NoLogin(ValueError):
    """The settings name no login of our form."""


def login_at(url: str, account: str, password: str) -> Login:
    """A login, by the URL of the database. Raises NoLogin."""
    place = _URL.match(url)
    if place is None:
        raise NoLogin("the URL of the database is of another form than ours")
    return Login(place.group("where"), place.group("name"), account, password)
