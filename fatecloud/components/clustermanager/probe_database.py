"""Runs on the node: can the clustermanager's own account use the database that its settings name?

The password is read from the clustermanager's own settings, and leaves this process only as a digest. Needs no
libraries: a node without FATE's Python set may have a clustermanager.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.clustermanager.own_database import login_of
from fatecloud.components.mysql.jdbc import Login, NoLogin
from fatecloud.components.mysql.probe_external import failed
from fatecloud.components.mysql.wire import NoPlainLogin, NotMysql, Session, SqlError
from fatecloud.probing.dialing import readable
from fatecloud.probing.sized import sized

LIMITS = (5.0, 3.0, 3.0)
PADDING = 4000
"""Bytes, in the question and in its answer."""
SCHEMA = {1044, 1049, 1146, 1142}
"""Errors: no right on the database, no such database, no such table, no right on a table."""
LATELY = 180
"""Seconds for which a session that has ended stays on the list: its eggs end after it."""
MOST = 1000
"""Sessions on the list, the oldest first."""
SESSIONS = f"""
select session_id, status, coalesce(total_proc_count, 0), coalesce(active_proc_count, 0),
timestampdiff(second, created_at, utc_timestamp()), timestampdiff(second, updated_at, utc_timestamp())
from session_main
where status in ('NEW', 'ACTIVE') or updated_at > utc_timestamp() - interval {LATELY} second
order by created_at limit {MOST}
"""  # noqa: S608 - numbers of our own
"""Its settings have the clustermanager write UTC."""
NODES = """
select concat(host, ':', port), status, timestampdiff(second, last_heartbeat_at, utc_timestamp())
from server_node where node_type = 'NODE_MANAGER' limit 500
"""
"""Its own command for the list does not say when a nodemanager was heard last."""
YOUNG = 60
"""Seconds: until then a session's eggs may still begin, or be those of a test."""
EGGS = f"""
select session_processor.session_id, concat(host, ':', port), pid
from session_processor join session_main on session_main.session_id = session_processor.session_id
join server_node on server_node.server_node_id = session_processor.server_node_id
where session_main.status = 'ACTIVE' and session_processor.status = 'RUNNING' and pid > 0
and session_main.created_at < utc_timestamp() - interval {YOUNG} second limit 5000
"""  # noqa: S608 - a number of our own


def judge(path: str) -> dict[str, Any]:
    """Log in as the clustermanager does, and read the list of its nodes and of its sessions."""
    try:
        login = login_of(path)
    except NoLogin as error:
        return {"ok": False, "kind": "config", "error": str(error)}
    return {"where": login.where, **sized(functools.partial(_asked, login), PADDING, LIMITS)}


def _asked(login: Login, padding: int, seconds: float) -> dict[str, Any]:
    try:
        session = Session(login.where, login.account, login.password, seconds)
        try:
            session.rows(f"use `{login.name}`")
            ((rows,),) = session.rows("select count(*) from server_node")
            sessions, nodes, eggs = (session.rows(text) for text in (SESSIONS, NODES, EGGS))
            session.rows(f"select concat('{'x' * padding}', '')")
        finally:
            session.close()
    except SqlError as error:
        found = failed(error)
        return {**found, "kind": "schema"} if error.number in SCHEMA else found
    except (OSError, NotMysql, NoPlainLogin) as error:
        return failed(error)
    return {
        "ok": True,
        "rows": int(rows or 0),
        "sessions": [_session(row) for row in sessions],
        "heartbeats": {readable(where): [readable(status), int(age or 0)] for where, status, age in nodes},
        "eggs": _eggs(eggs),
    }


def _eggs(rows: list[tuple[Any, ...]]) -> dict[str, dict[str, list[int]]]:
    """Session -> nodemanager -> processes of the eggs that run there, as EggRoll believes."""
    found: dict[str, dict[str, list[int]]] = {}
    for session, where, pid in rows:
        found.setdefault(readable(session), {}).setdefault(readable(where), []).append(int(pid))
    return found


def _session(row: tuple[Any, ...]) -> dict[str, Any]:
    name, status, *numbers = row
    total, active, age, changed = (int(number or 0) for number in numbers)
    return {
        "id": readable(name),
        "status": readable(status),
        "total": total,
        "active": active,
        "age": age,
        "changed": changed,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
