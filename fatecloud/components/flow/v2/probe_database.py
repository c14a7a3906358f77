"""Runs on the node under flow's interpreter: can flow's own account use the MySQL that flow is configured for?

A full login, never a bare connect: a server blocks a host after several of those. The password is read from flow's own
configuration and leaves this process only inside the handshake.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from fatecloud.components.flow.v2.own_login import connected
from fatecloud.probing.libraries import configuration, use_libraries

REFUSED = {2002, 2003}
AUTH = {1045, 1130, 1251, 1698, 2059}
SCHEMA = {1044, 1049}
LOST = 2013
FULL = {1040, 1203}


def mysql(conf: dict[str, Any]) -> dict[str, Any]:
    """Log in as flow does and look at the schema."""
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
    except driver.err.MySQLError as error:
        return {"ok": False, "where": where, **explained(error, conf)}
    finally:
        connection.close()
    return {
        "ok": True,
        "where": where,
        "version": version,
        "tables": tables,
        "threads": int(threads),
        "max_connections": int(limit),
        "seconds": round(login, 3),
    }


def explained(error: Exception, conf: dict[str, Any]) -> dict[str, Any]:
    """The kind of a database's refusal."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[-1] if error.args else error).replace(str(conf["passwd"]), "***")[:300]
    kind = "other"
    if "timed out" in text or number == LOST:
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


def judge(path: str) -> dict[str, Any]:
    """Read flow's configuration as flow does and try the server that it names."""
    try:
        settings = configuration(path)["database"]["mysql"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}"}
    return {"engine": "mysql", **mysql(settings)}


if __name__ == "__main__":
    use_libraries(sys.argv[1])
    sys.stdout.write(json.dumps(judge(sys.argv[2])) + "\n")
