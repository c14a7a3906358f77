"""Runs on the node under flow's interpreter: can flow's account do with the broker what a task has to do?

A task creates users and vhosts through the management API and then speaks AMQP. Both interfaces are tried with the
account in flow's own configuration. The table of the other parties' brokers is read as a task reads it.
"""

from __future__ import annotations

import base64
import functools
import importlib
import json
import logging
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fatecloud.probing.connecting import NoConnection
from fatecloud.probing.http_get import get
from fatecloud.probing.libraries import configuration, use_libraries
from fatecloud.probing.patience import patient
from fatecloud.probing.sized import sized

OK, UNAUTHORIZED = 200, 401
PADDING = 2000
"""Bytes of the account's first words: more than an Ethernet packet, and less than the 4 KiB of a frame or of a header's
line that every broker takes."""


def page(conf: dict[str, Any], path: str, padding: int = 0, seconds: float = 5) -> tuple[int, Any]:
    """Status and document of a page of the management API; `padding` bytes make the request longer."""
    account = base64.b64encode(f"{conf['user']}:{conf['password']}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {account}", "X-Padding": "x" * padding}
    status, _, body = get(conf["host"], int(conf["mng_port"]), path, timeout=seconds, headers=headers)
    return status, json.loads(body or b"null")


def management(conf: dict[str, Any], padding: int = PADDING, seconds: float = 5) -> dict[str, Any]:
    """The account as the broker knows it, and its rights in the default vhost."""
    where = f"{conf['host']}:{conf['mng_port']}"
    try:
        status, who = page(conf, "/api/whoami", padding, seconds)
        if status == UNAUTHORIZED:
            # The API refuses a user without any tag like one with a wrong password; AMQP distinguishes them.
            return {"ok": False, "kind": "auth", "where": where, "error": f"401 {(who or {}).get('reason', '')}"}
        if status != OK:
            return {"ok": False, "kind": "other", "where": where, "error": f"HTTP {status} from /api/whoami"}
        tags = who.get("tags", [])
        tags = tags.split(",") if isinstance(tags, str) else list(tags)
        status, rights = page(conf, f"/api/users/{conf['user']}/permissions") if "administrator" in tags else (0, [])
    except OSError as error:
        return {"ok": False, "kind": _kind(error), "where": where, "error": str(error) or type(error).__name__}
    except ValueError as error:
        return {"ok": False, "kind": "foreign", "where": where, "error": f"not a management API: {error!r}"[:200]}
    full = any(
        right.get("vhost") == "/" and all(right.get(verb) == ".*" for verb in ("configure", "write", "read"))
        for right in (rights if status == OK else [])
    )
    return {"ok": True, "where": where, "tags": tags, "full_rights": full}


def amqp(conf: dict[str, Any], padding: int = PADDING, seconds: float = 8) -> dict[str, Any]:
    """A whole AMQP handshake with login and opening of the default vhost."""
    pika = importlib.import_module("pika")
    failures = importlib.import_module("pika.exceptions")
    connector = importlib.import_module("pika.adapters.utils.connection_workflow")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    where = f"{conf['host']}:{conf['port']}"
    parameters = pika.ConnectionParameters(
        host=conf["host"],
        port=int(conf["port"]),
        credentials=pika.PlainCredentials(conf["user"], conf["password"]),
        connection_attempts=1,
        socket_timeout=patient(min(5, seconds)),
        stack_timeout=patient(seconds),
        blocked_connection_timeout=patient(5),
        client_properties={"information": "x" * padding},
    )
    try:
        pika.BlockingConnection(parameters).close()
    except (failures.ProbableAuthenticationError, failures.AuthenticationError) as error:
        return {"ok": False, "kind": "auth", "where": where, "error": type(error).__name__}
    except (failures.ProbableAccessDeniedError, failures.ConnectionClosedByBroker) as error:
        return {"ok": False, "kind": "rights", "where": where, "error": str(error)[:200]}
    # A handshake without an answer has a class of its own, which is not one of the connection's errors.
    except (failures.AMQPConnectionError, connector.AMQPConnectorException) as error:
        return {"ok": False, "kind": _kind_of(repr(error)), "where": where, "error": repr(error)[:200]}
    except OSError as error:
        return {"ok": False, "kind": _kind(error), "where": where, "error": str(error)}
    return {"ok": True, "where": where}


def _kind_of(errors: str) -> str:
    """What the driver met; it tries each address of the name, and puts all their errors into one."""
    if "gaierror" in errors:
        return "name"
    if "imeout" in errors:
        return "dropped" if "SocketConnectError" in errors else "timeout"
    return "refused"


def _kind(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "dropped" if isinstance(error, NoConnection) else "timeout"
    return "name" if isinstance(error, socket.gaierror) else "refused"


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
        tried = {
            name: pool.submit(sized, functools.partial(door, conf), PADDING, (first, 4.0, 3.0))
            for name, door, first in (("amqp", amqp, 8.0), ("management", management, 5.0))
        }
    where = {"amqp": conf["port"], "management": conf["mng_port"]}
    doors = {name: {"where": f"{conf['host']}:{where[name]}", **door.result()} for name, door in tried.items()}
    shut = next((door for door in doors.values() if not door["ok"]), None)
    trouble = {"kind": shut["kind"], "error": f"{shut['where']}: {shut['error']}"} if shut else {}
    return {"ok": shut is None, **trouble, **doors, **table(routes)}


if __name__ == "__main__":
    use_libraries(sys.argv[1])
    sys.stdout.write(json.dumps(judge(sys.argv[2], sys.argv[3])) + "\n")
