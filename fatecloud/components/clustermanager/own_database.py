"""Runs on the node: the clustermanager's login to its database, as its own settings have it."""

from __future__ import annotations

import os

from fatecloud.components.mysql.jdbc import Login, NoLogin, login_at
from fatecloud.probing.properties import settings

APART = "database.properties"
"""File beside the settings with the password alone, where a clustermanager would print it with the others."""
_LEAD = "eggroll.resourcemanager.clustermanager.jdbc."


def login_of(path: str) -> Login:
    """Read the settings. Raises NoLogin."""
    try:
        own = settings(path)
        password = own.get(f"{_LEAD}password")
        if password is None:
            password = settings(os.path.join(os.path.dirname(path), APART))["password"]
        return login_at(own[f"{_LEAD}url"], own[f"{_LEAD}username"], password)
    except (OSError, KeyError) as error:
        raise NoLogin(f"{path}: {type(error).__name__}: {error}") from None
    except NoLogin as error:
        raise NoLogin(f"{path}: {error}") from None
