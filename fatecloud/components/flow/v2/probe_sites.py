"""Runs on flow's node: do this party and the others know each other by their apps?

A signed question takes the route of a job's commands to each other flow, through this party's proxy. What was issued to
the others is looked up in the own flow: a partner whose token is missing there would find out only when its next job
fails.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

from fatecloud.components.flow.v2.signing import as_admin, signed
from fatecloud.components.flow.v2.task_question import PATH, body_for, headers_for
from fatecloud.probing.dialing import address_of, asked, readable, trouble
from fatecloud.probing.http_get import NoHttp, get, post

SECONDS, OWN_SECONDS = 8.0, 4.0
MOST = 64 << 10
"""Bytes of an answer of another party."""
KNOWN = (0, 2000)
"""Flow's codes for: found, and no such task."""
EXPIRED, INVALID = 5000, 5001
REFUSED = (5002, 5003, 5004, 5005)
"""No such app, another token, and an app without the role of a site."""
RESTRICTED = 6001


def through_nginx(proxy: str, party: str, headers: dict[str, str]) -> bytes:
    """A flow's answer to a question that the proxy passes on. Raises OSError or NoHttp."""
    return post(*address_of(proxy), PATH, body_for(party), timeout=SECONDS, headers=headers, limit=MOST)[2]


def theirs(
    send: Callable[[str, str, dict[str, str]], bytes], proxy: str, party: str, app: dict[str, str]
) -> dict[str, Any]:
    """What another party's flow makes of this party's signature. `silent`: no flow has answered.

    Args:
        send: asks a party's flow, through the proxy at `host:port`, with these headers. Raises OSError or NoHttp.
        proxy: the own one.
        party: the other one.
        app: what the other party has issued to this one.
    """
    headers = {**headers_for(party), **signed(app["app"], app["token"], site=True)}
    try:
        envelope = json.loads(send(proxy, party, headers))
        code, message = int(envelope["code"]), readable(envelope.get("message", ""))
    except OSError as error:
        return {**trouble(error, SECONDS, "silent"), "kind": "silent"}
    except (NoHttp, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return {"ok": False, "kind": "silent", "error": "what answers is not flow"}
    if code in KNOWN:
        return {"ok": True, "code": code}
    kinds = {EXPIRED: "clock", INVALID: "headers", **dict.fromkeys(REFUSED, "refused")}
    return {"ok": False, "kind": kinds.get(code, "silent"), "code": code, "error": f"{code} {message}"}


def ours(host: str, port: int, settings: str, party: str, apps: dict[str, Any]) -> str:
    """What is wrong with the apps of a party in the own flow; empty if nothing, or if flow cannot be asked."""
    issued = {"app_id": party, "app_token": apps["issued"][party]}
    shown = {"app_id": apps["shown"][party]["app"], "app_token": apps["shown"][party]["token"]}
    for kind, expected, what in (("site", issued, "issued to"), ("partner", shown, "shown to")):
        path = f"/v2/app/{kind}/query?party_id={party}"
        try:
            answer = json.loads(get(host, port, path, timeout=OWN_SECONDS, headers=as_admin(settings))[2])
        except (OSError, ValueError, RecursionError):
            return ""
        # The configuration is there, and flow has not read it: it was not restarted yet.
        if answer.get("code") == RESTRICTED:
            return "the running flow does not sign requests yet"
        if answer.get("code") != 0:
            return ""
        rows = [row for row in answer["data"] if row.get("app_id") == expected["app_id"]]
        if not rows:
            return f"the app {what} party {party} is not in its database"
        if rows[0].get("app_token") != expected["app_token"]:
            return f"the app {what} party {party} has another token in its database"
    return ""


def ask(
    send: Callable[[str, str, dict[str, str]], bytes],
    own: tuple[str, int, str],
    apps: dict[str, Any],
    proxy: str,
    party: str,
    endpoint: str,
) -> dict[str, Any]:
    """Both directions of one party."""
    del endpoint  # the own proxy knows it
    return {**theirs(send, proxy, party, apps["shown"][party]), "own": ours(*own, party, apps)}


def judge(arguments: list[str], send: Callable[[str, str, dict[str, str]], bytes] = through_nginx) -> dict[str, Any]:
    """Ask about every party.

    Args:
        send: asks through the own proxy.
        arguments: host and port of the own flow, its settings, the file with the apps, the own proxy, then
            `party=host:port` of each other party.
    """
    host, port, settings, path, proxy, *pairs = arguments
    try:
        with open(path, encoding="utf-8") as file:
            apps = json.load(file)
    except (OSError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {error}", "peers": {}}
    return asked(
        pairs, functools.partial(ask, send, (host, int(port), settings), apps, proxy), SECONDS + 2 * OWN_SECONDS
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1:])) + "\n")
