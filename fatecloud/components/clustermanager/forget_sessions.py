"""Runs on the node, as the clustermanager's user: removes what its database keeps of sessions that ended long ago.

EggRoll removes no row of a session; a job has some ten sessions, and each of them a row per egg.
"""

from __future__ import annotations

import sys

from fatecloud.components.clustermanager.own_database import login_of
from fatecloud.components.mysql.jdbc import NoLogin
from fatecloud.components.mysql.wire import NoPlainLogin, NotMysql, Session, SqlError

SECONDS = 600.0
"""For each statement: the first time there may be millions of rows."""
ENDED = "'CLOSED', 'KILLED', 'ERROR', 'FINISHED', 'NEW_TIMEOUT'"
PARTS = ("session_option", "session_processor", "session_ranks")
"""Tables whose rows belong to one of `session_main`; not every release has each."""


def statements(days: int, tables: set[str]) -> list[str]:
    """What removes the rows, those of `session_main` last: an end halfway leaves what shows the rest.

    Args:
        days: age since the end of a session.
        tables: that the database has.
    """
    old = f"session_main.status in ({ENDED}) and session_main.updated_at < utc_timestamp() - interval {days} day"
    joined = "delete {0} from {0} join session_main on session_main.session_id = {0}.session_id where " + old
    return [joined.format(table) for table in PARTS if table in tables] + [f"delete from session_main where {old}"]  # noqa: S608 - a number of our own


def forget(path: str, days: int) -> str:
    """Remove them, and say how many; why not, where the database cannot be used.

    Args:
        path: the clustermanager's settings.
        days: see `statements`.
    """
    try:
        login = login_of(path)
        session = Session(login.where, login.account, login.password, SECONDS)
        try:
            session.rows(f"use `{login.name}`")
            tables = {str(name) for (name,) in session.rows("show tables")}
            for statement in statements(days, tables):
                session.rows(statement)
            ((count,),) = session.rows("select row_count()")
        finally:
            session.close()
    except (OSError, NoLogin, NotMysql, NoPlainLogin, SqlError) as error:
        return f"old sessions stay in the database: {error}"
    return f"removed {count} ended sessions from the database" if count != "0" else ""


if __name__ == "__main__":
    sys.stdout.write(forget(sys.argv[1], int(sys.argv[2])))
