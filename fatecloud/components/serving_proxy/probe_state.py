"""Runs on the node: does the own proxy work, at the port for applications and at both ports for packets?

A page that does not exist is answered by the proxy itself: no model and no other party is asked.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

from fatecloud.components.serving_server.messages import proxy
from fatecloud.probing.dialing import address_of, readable, trouble
from fatecloud.probing.grpc.own_tls import own_tls
from fatecloud.probing.http_get import NoHttp, post

SECONDS = 6.0
PAGE = "/federation/v1/fatecloud"
NO_SERVICE = (122, "100")
"""Of Serving 2 and of Serving 1."""
MOST = 64 << 10
PLAINTEXT = "plaintext"
"""Kind of an answer of the port for other parties, where the proxy is to speak TLS there."""


def http(host: str, port: int) -> dict[str, Any]:
    """Whether its HTTP answers as Serving's proxy does."""
    try:
        status, _, body = post(host, port, PAGE, b"{}", timeout=SECONDS, headers={}, limit=MOST)
    except OSError as error:
        return trouble(error, SECONDS, "silent")
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": readable(error)}
    try:
        found = json.loads(body)
        # Serving 1 answers with a text, under another name.
        code = found.get("retcode", found.get("code"))
    except (ValueError, AttributeError, RecursionError):
        code = None
    if code not in NO_SERVICE:
        return {"ok": False, "kind": "foreign", "error": f"HTTP {status}, and not what Serving's proxy says"}
    return {"ok": True}


def state(page: str, intra: str, inter: str, trust: str = "", name: str = "") -> dict[str, Any]:
    """`ok` where all three work; `port` is the first one that does not.

    Args:
        page: for applications.
        intra: for the own servers.
        inter: for other parties.
        trust: the proxy's own files of TLS, separated by commas, see `own_tls`; empty where it speaks plaintext.
        name: what its certificate names.
    """
    outer = functools.partial(_outer, files=tuple(filter(None, trust.split(","))), name=name)
    for which, ask, endpoint in (("http", http, page), ("intra", _packets, intra), ("inter", outer, inter)):
        answer = ask(*address_of(endpoint))
        if not answer["ok"]:
            return {**answer, "port": which}
    return {"ok": True}


def _packets(host: str, port: int, tls: Any = None) -> dict[str, Any]:
    return proxy(host, port, seconds=SECONDS, tls=tls)


def _outer(host: str, port: int, files: tuple[str, ...], name: str) -> dict[str, Any]:
    answer = _packets(host, port, own_tls(files, name))
    if files and not answer["ok"] and _packets(host, port)["ok"]:
        return {"ok": False, "kind": PLAINTEXT, "error": "it takes plaintext, and no TLS"}
    return answer


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(*sys.argv[1:])) + "\n")
