"""Runs on the node: can the account of FATEBoard 1.4 read the rows of flow's jobs?

The password is read from its own settings, and leaves this process only as a digest.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.mysql.jdbc import Login, NoLogin, login_at
from fatecloud.components.mysql.probe_external import failed
from fatecloud.components.mysql.wire import NoPlainLogin, NotMysql, Session, SqlError
from fatecloud.probing.properties import settings
from fatecloud.probing.sized import sized

LIMITS = (5.0, 3.0, 2.0)
PADDING = 4000
"""Bytes, in the question and in its answer."""
SCHEMA = {1044, 1049, 1142, 1146}
"""Errors: no right on the database, no such database, no right on a table, no such table."""
_LEAD = "fateboard.datasource."


def judge(path: str) -> dict[str, Any]:
    """Log in as FATEBoard does, and count the rows of jobs.

    Args:
        path: of its settings.
    """
    try:
        own = settings(path)
        login = login_at(*(own[_LEAD + key] for key in ("jdbc-url", "username", "password")))
    except (OSError, KeyError, NoLogin) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}"}
    return {"where": login.where, **sized(functools.partial(_asked, login), PADDING, LIMITS)}


def _asked(login: Login, padding: int, seconds: float) -> dict[str, Any]:
    try:
        session = Session(login.where, login.account, login.password, seconds)
        try:
            session.rows(f"use `{login.name}`")
            ((rows,),) = session.rows("select count(*) from t_job")
            session.rows(f"select concat('{'x' * padding}', '')")
        finally:
            session.close()
    except SqlError as error:
        found = failed(error)
        return {**found, "kind": "schema"} if error.number in SCHEMA else found
    except (OSError, NotMysql, NoPlainLogin) as error:
        return failed(error)
    return {"ok": True, "jobs": int(rows or 0)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
