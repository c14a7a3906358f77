"""Runs on the node: does the own admin take its own login alone, and what does it show as registered?

It does not log out: all logins of an account have one token, and people who look at the page have it too.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any

from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.http_get import NoHttp, get, post
from fatecloud.probing.properties import settings
from fatecloud.probing.since import started

SECONDS = 6.0
MOST = 1 << 20
SHIPPED = {"username": "admin", "password": "admin"}
"""What upstream's settings have."""
WRONG = 120
UNREAD = "it was not started since its settings were written"
_CLOCKS = 3.0
"""Seconds: the kernel rounds when a process started."""
_DEEPEST = 6
_GROUPS = ("serving", "proxy", "admin")


def state(conf: str, host: str, port: int, record: str = "") -> dict[str, Any]:
    """`ok` where people can work with it; `shown` are the addresses that it shows, by kind of process.

    Args:
        conf: its settings.
        host: of its page.
        port: likewise.
        record: of the files that it started with, as `sha256sum` writes it; empty where there is none.
    """
    try:
        own = settings(conf)
        account, password = own["admin.username"], own["admin.password"]
    except (OSError, KeyError) as error:
        return {"ok": False, "kind": "config", "error": f"{conf}: {type(error).__name__}: {error}"}
    unread = _is_unread(conf, record)
    login = {} if unread else _call(host, port, "/api/admin/login", {"username": account, "password": password})
    if "kind" in login:
        return login
    shipped = _call(host, port, "/api/admin/login", SHIPPED)
    found: dict[str, Any] = {"shipped": shipped.get("retcode") == 0, "shown": {}}
    if unread or login["retcode"] != 0:
        kind = "login" if unread or login["retcode"] == WRONG else "code"
        why = UNREAD if unread else f"a login gets {login['retcode']}: {_words(login)}"
        return {"ok": False, "kind": kind, "error": why, **found}
    shown = _call(host, port, "/api/component/list", None, str((login.get("data") or {}).get("sessionToken", "")))
    if "kind" in shown:
        return {**shown, **found}
    if shown["retcode"] != 0:
        return {"ok": False, "kind": "code", "error": f"its list gets {shown['retcode']}: {_words(shown)}", **found}
    return {"ok": True, **found, "shown": {name: sorted(_leaves(shown.get("data"), name)) for name in _GROUPS}}


def _is_unread(conf: str, record: str) -> bool:
    """Whether the process is older than its settings: it would write a login that it refuses to its log, in clear.

    Settings that were changed and put back are newer than a process that has read the very same ones.
    """
    begun = started(f"-Dspring.config.location={conf}")
    return begun is not None and os.stat(conf).st_mtime > begun + _CLOCKS and not _as_recorded(conf, record)


def _as_recorded(conf: str, record: str) -> bool:
    try:
        with open(conf, "rb") as file:
            line = f"{hashlib.sha256(file.read(MOST)).hexdigest()}  {conf}"
        with open(record, encoding="utf-8", errors="replace") as file:
            return line in file.read(MOST).splitlines()
    except OSError:
        return False


def _call(host: str, port: int, path: str, body: dict[str, str] | None, token: str = "") -> dict[str, Any]:
    """An answer, or where it has none of the admin's form, an answer of a probe with `kind`."""
    headers = {"sessionToken": token} if token else {}
    try:
        if body is None:
            status, _, text = get(host, port, path, timeout=SECONDS, headers=headers, limit=MOST)
        else:
            octets = json.dumps(body).encode()
            status, _, text = post(host, port, path, octets, timeout=SECONDS, headers=headers, limit=MOST)
    except OSError as error:
        return trouble(error, SECONDS, "silent")
    except NoHttp as error:
        return {"ok": False, "kind": "foreign", "error": readable(error)}
    try:
        found = json.loads(text)
        return {"retcode": int(found["retcode"]), "retmsg": found.get("retmsg"), "data": found.get("data")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"ok": False, "kind": "foreign", "error": f"HTTP {status}, and not what Serving's admin says"}


def _words(answer: dict[str, Any]) -> str:
    return readable(answer.get("retmsg") or "")


def _leaves(node: Any, group: str, depth: int = 0) -> set[str]:
    """Names of the leaves below the entry of a group."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return set()
    children = node.get("children")
    below = children if isinstance(children, list) else []
    if node.get("name") == group:
        return {readable(child.get("name")) for child in below if isinstance(child, dict)}
    return {leaf for child in below for leaf in _leaves(child, group, depth + 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])) + "\n")
