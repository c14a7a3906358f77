"""Runs on the node under flow's interpreter: can flow's account do with the broker what a task has to do?

A task creates users and vhosts through the management API and then speaks AMQP. Both interfaces are tried with the
account in flow's own configuration. The table of the other parties' brokers is read as a task reads it.
"""

from __future__ import annotations

import base64
import importlib
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fatecloud.probing.http_get import get
from fatecloud.probing.libraries import configuration, use_libraries

OK, UNAUTHORIZED = 200, 401


def page(conf: dict[str, Any], path: str) -> tuple[int, Any]:
    """Status and document of a page of the management API."""
    account = base64.b64encode(f"{conf['user']}:{conf['password']}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {account}"}
    status, _, body = get(conf["host"], int(conf["mng_port"]), path, timeout=5, headers=headers)
    return status, json.loads(body or b"null")


def management(conf: dict[str, Any]) -> dict[str, Any]:
    """The account as the broker knows it, and its rights in the default vhost."""
    where = f"{conf['host']}:{conf['mng_port']}"
    try:
        status, who = page(conf, "/api/whoami")
        if status == UNAUTHORIZED:
            # The API refuses a user without any tag like one with a wrong password; AMQP distinguishes them.
            return {"ok": False, "kind": "auth", "where": where, "error": f"401 {(who or {}).get('reason', '')}"}
        if status != OK:
            return {"ok": False, "kind": "other", "where": where, "error": f"HTTP {status} from /api/whoami"}
        tags = who.get("tags", [])
        tags = tags.split(",") if isinstance(tags, str) else list(tags)
        status, rights = page(conf, f"/api/users/{conf['user']}/permissions") if "administrator" in tags else (0, [])
    except TimeoutError:
        return {"ok": False, "kind": "timeout", "where": where, "error": "no answer within 5 s"}
    except OSError as error:
        return {"ok": False, "kind": "refused", "where": where, "error": str(error)}
    except ValueError as error:
        return {"ok": False, "kind": "foreign", "where": where, "error": f"not a management API: {error!r}"[:200]}
    full = any(
        right.get("vhost") == "/" and all(right.get(verb) == ".*" for verb in ("configure", "write", "read"))
        for right in (rights if status == OK else [])
    )
    return {"ok": True, "where": where, "tags": tags, "full_rights": full}


def amqp(conf: dict[str, Any]) -> dict[str, Any]:
    """A whole AMQP handshake with login and opening of the default vhost."""
    pika = importlib.import_module("pika")
    failures = importlib.import_module("pika.exceptions")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    where = f"{conf['host']}:{conf['port']}"
    parameters = pika.ConnectionParameters(
        host=conf["host"],
        port=int(conf["port"]),
        credentials=pika.PlainCredentials(conf["user"], conf["password"]),
        connection_attempts=1,
        socket_timeout=5,
        stack_timeout=8,
        blocked_connection_timeout=5,
    )
    try:
        pika.BlockingConnection(parameters).close()
    except (failures.ProbableAuthenticationError, failures.AuthenticationError) as error:
        return {"ok": False, "kind": "auth", "where": where, "error": type(error).__name__}
    except (failures.ProbableAccessDeniedError, failures.ConnectionClosedByBroker) as error:
        return {"ok": False, "kind": "rights", "where": where, "error": str(error)[:200]}
    except failures.AMQPConnectionError as error:
        kind = "timeout" if "imeout" in repr(error) else "refused"
        return {"ok": False, "kind": kind, "where": where, "error": repr(error)[:200]}
    except OSError as error:
        return {"ok": False, "kind": "refused", "where": where, "error": str(error)}
    return {"ok": True, "where": where}


def table(path: str) -> dict[str, Any]:
    """Party -> host:port, as flow's route table has it."""
    try:
        entries = configuration(path) or {}
        return {"routes": {str(party): f"{entry['host']}:{entry['port']}" for party, entry in entries.items()}}
    except OSError as error:
        return {"routes": {}, "routes_error": f"{path}: {error.strerror}"}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return {"routes": {}, "routes_error": f"{path}: {type(error).__name__}: {error}"}


def judge(path: str, routes: str) -> dict[str, Any]:
    """Try both interfaces; the first that fails gives the error."""
    try:
        conf = configuration(path)["federation"]["rabbitmq"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}", **table(routes)}
    with ThreadPoolExecutor() as pool:
        tried = {"amqp": pool.submit(amqp, conf), "management": pool.submit(management, conf)}
    doors = {name: door.result() for name, door in tried.items()}
    shut = next((door for door in doors.values() if not door["ok"]), None)
    trouble = {"kind": shut["kind"], "error": f"{shut['where']}: {shut['error']}"} if shut else {}
    return {"ok": shut is None, **trouble, **doors, **table(routes)}


if __name__ == "__main__":
    use_libraries(sys.argv[1])
    sys.stdout.write(json.dumps(judge(sys.argv[2], sys.argv[3])) + "\n")
