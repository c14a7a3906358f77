"""Runs on the node under flow's interpreter: can flow's own account use its MySQL? What its generations share.

A full login, never a bare connect: a server blocks a host after several of those. The password is read from flow's own
configuration and leaves this process only inside the handshake.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import socket
import time
from typing import Any

from fatecloud.components.flow.own_login import connected
from fatecloud.probing.sized import sized

REFUSED = {2002, 2003}
AUTH = {1045, 1130, 1251, 1698, 2059}
SCHEMA = {1044, 1049}
LOST = 2013
PADDING = 16000
"""Bytes, in the question and in its answer: eleven Ethernet packets each way."""
FULL = {1040, 1203}
ABSENT = 1146
CORES = """
select f_cores, f_remaining_cores, (select coalesce(sum(f_cores), 0) from t_job where f_resource_in_use = 1)
from t_engine_registry where f_engine_type = 'computing' and f_engine_name = %s
"""
"""How many there are for jobs, how many are free, and how many jobs have. In one statement: flow gives and takes them
in a transaction, so these always agree."""


def mysql(conf: dict[str, Any], engine: str = "", question: str = "") -> dict[str, Any]:
    """Log in as flow does and look at the schema, at the cores of an engine, and at the `rows` of one more question."""
    driver = importlib.import_module("pymysql")
    where = f"{conf['host']}:{conf['port']}"
    begin = time.monotonic()
    try:
        connection = connected(conf, 5, 5)
    except driver.err.MySQLError as error:
        return {"ok": False, "where": where, **explained(error, conf)}
    login = time.monotonic() - begin
    try:
        with connection.cursor() as cursor:
            cursor.execute("select version(), @@max_connections")
            version, limit = cursor.fetchone()
            cursor.execute("select count(*) from information_schema.tables where table_schema = %s", (conf["name"],))
            (tables,) = cursor.fetchone()
            cursor.execute("show status like 'Threads_connected'")
            (_, threads) = cursor.fetchone()
            cores = _asked(driver, cursor, CORES, (engine,))
            rows = _asked(driver, cursor, question, ()) if question else []
    except driver.err.MySQLError as error:
        return {"ok": False, "where": where, **explained(error, conf)}
    finally:
        connection.close()
    carried = sized(functools.partial(echoed, driver, conf), PADDING, (5, 5, 3))
    if not carried["ok"]:
        return {"where": where, **carried}
    return {
        "ok": True,
        "where": where,
        "version": version,
        "tables": tables,
        "threads": int(threads),
        "max_connections": int(limit),
        "seconds": round(login, 3),
        "cores": {name: int(cores[0][at]) for at, name in enumerate(("all", "free", "held"))} if cores else None,
        **({"rows": [list(row) for row in rows]} if question else {}),
    }


def _asked(driver: Any, cursor: Any, statement: str, values: tuple[Any, ...]) -> Any:
    """The rows of an answer; none before flow's first start, when it has no tables."""
    try:
        cursor.execute(statement, values)
        return cursor.fetchall()
    except driver.err.MySQLError as error:
        if error.args and error.args[0] == ABSENT:
            return ()
        raise


def echoed(driver: Any, conf: dict[str, Any], padding: int, seconds: float) -> dict[str, Any]:
    """A question with an answer of the same size, over a connection of its own."""
    try:
        with contextlib.closing(connected(conf, 5, int(seconds))) as connection, connection.cursor() as cursor:
            cursor.execute("select concat(%s, '')", ("x" * padding,))
            cursor.fetchone()
    except driver.err.MySQLError as error:
        return {"ok": False, **explained(error, conf)}
    return {"ok": True}


def explained(error: Exception, conf: dict[str, Any]) -> dict[str, Any]:
    """The kind of a database's refusal."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[-1] if error.args else error).replace(str(conf["passwd"]), "***")[:300]
    kind = "other"
    if isinstance(getattr(error, "original_exception", None), socket.gaierror):
        kind = "name"
    elif number in REFUSED and "timed out" in text:
        # The kernel takes a connection for the busiest of programs: something on the way drops the packets.
        kind = "dropped"
    elif "timed out" in text or number == LOST:
        kind = "timeout"
    elif number in REFUSED:
        kind = "refused"
    elif number in SCHEMA:
        kind = "schema"
    elif number in AUTH:
        kind = "auth"
    elif number in FULL:
        kind = "full"
    return {"kind": kind, "number": number, "error": f"{number} {text}"}
