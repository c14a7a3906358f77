"""Runs on the node: does the own FATEBoard show its page, take the login of its settings, and no other one?

The password is read from the board's settings, and leaves this process only under the board's own key.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.board.page import OK, Board, logged_in
from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.http_get import NoHttp
from fatecloud.probing.properties import settings

SECONDS = 6.0
ATTEMPTS = 2
"""Logins with a key of its own each: where the board renews its key in between, it refuses the right password."""
TITLES = (b"<title>FateBoard</title>", b"<title>FATE Board</title>")
"""Of FATEBoard 2, and of 1.4 and 1.11."""
SHIPPED = (("admin", "admin"), ("", ""))
"""Accounts that upstream's settings, guides and jars have; the empty one is in the jar of FATEBoard 2."""
_LEAD = "server.board.login."


def login_of(path: str) -> tuple[str, str]:
    """Account and password of the settings. Raises OSError, or KeyError."""
    own = settings(path)
    return own[f"{_LEAD}username"], own[f"{_LEAD}password"]


def state(path: str, host: str, port: int) -> dict[str, Any]:
    """`ok` where people can work with it; `shipped` are names of accounts that anyone knows and that it takes.

    Args:
        path: of its settings.
        host: of it.
        port: of it.
    """
    board = Board(host, port)
    key = board.key(SECONDS)
    if "kind" in key:
        return key
    found = {"shipped": _shipped(board), "login": False, **shown(board)}
    try:
        account, password = login_of(path)
    except (OSError, KeyError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}", **found}
    for _ in range(ATTEMPTS):
        with logged_in(board, account, password, SECONDS) as login:
            if "kind" in login:
                return {**found, **login}
            found["login"] = login["data"] is True
        if found["login"]:
            break
    if not found["page"]:
        return {"ok": False, "kind": "page", "error": f"its page is not there: {found['answer']}", **found}
    if not found["login"]:
        return {"ok": False, "kind": "login", "error": "it refuses the login of its own settings", **found}
    return {"ok": True, **found}


def _shipped(board: Board) -> list[str]:
    found = []
    for account, password in SHIPPED:
        with logged_in(board, account, password, SECONDS) as login:
            if login.get("data") is True:
                found.append(account or "(no name)")
    return found


def shown(board: Board) -> dict[str, Any]:
    """Whether it shows its page, and what it shows."""
    try:
        status, text = board.page("/", SECONDS)
    except OSError as error:
        return {"page": False, "answer": trouble(error, SECONDS, "silent")["error"]}
    except NoHttp as error:
        return {"page": False, "answer": readable(error)}
    there = status == OK and any(title in text for title in TITLES)
    return {"page": there, "answer": f"HTTP {status}" if status != OK else "a page" if there else "another page"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state(sys.argv[1], sys.argv[2], int(sys.argv[3]))) + "\n")
