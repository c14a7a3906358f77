"""Runs on the node: does Redis take the login of the server's own settings from here? Writes nothing."""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.redis.probe_login import TIMEOUT, Connection, Refused, state
from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.properties import settings
from fatecloud.probing.sized import sized

INFO_LENGTH = 3000
"""Bytes that Redis' state has at least: 7.0 says some 6 KiB."""


def ask(host: str, port: int, password: str, length: int, _seconds: float) -> dict[str, Any]:
    """Its state, or where the answer is to be short, whether it takes the login."""
    if length:
        return state(host, port, password)
    try:
        connection = Connection(host, port)
        try:
            connection.ask("AUTH", password)
        finally:
            connection.close()
    except Refused as error:
        return {"ok": False, "kind": "password", "error": readable(error)}
    except OSError as error:
        return trouble(error, TIMEOUT)
    except ValueError as error:
        return {"ok": False, "kind": "foreign", "error": f"not Redis: {readable(error)}"}
    return {"ok": True}


def judge(conf: str, host: str, port: int) -> dict[str, Any]:
    """The document."""
    try:
        password = settings(conf).get("redis.password", "")
    except OSError as error:
        return {"ok": False, "kind": "config", "error": f"{conf}: {error.strerror}"}
    return sized(functools.partial(ask, host, port, password), INFO_LENGTH, (TIMEOUT, TIMEOUT, TIMEOUT))


if __name__ == "__main__":
    conf, host, port = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(conf, host, int(port))) + "\n")
