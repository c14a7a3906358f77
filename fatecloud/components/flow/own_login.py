"""Flow's own login at the MySQL of its configuration. Part of scripts that run on the node under flow's interpreter."""

from __future__ import annotations

import importlib
from typing import Any

from fatecloud.probing.patience import patient


def connected(conf: dict[str, Any], start: int, wait: int) -> Any:
    """A connection by a full login. The driver raises errors of its own.

    Args:
        conf: `database.mysql` of flow's configuration.
        start: seconds that the login may take.
        wait: seconds that each answer may take after that.
    """
    return importlib.import_module("pymysql").connect(
        host=conf["host"],
        port=int(conf["port"]),
        user=conf["user"],
        password=conf["passwd"],
        database=conf["name"],
        connect_timeout=patient(start),
        read_timeout=patient(wait),
        write_timeout=patient(wait),
    )
