"""Runs on the node: may an account do on a database server of others what a service needs there?

It logs in as the service does and only reads. The password is in the service's own file; preflight, which asks before
there is one, passes the text that the file will have.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from fatecloud.components.mysql.wire import NoAnswer, NoPlainLogin, NotMysql, Session, SqlError
from fatecloud.probing.dialing import readable, trouble

SECONDS = 5.0
AUTH = {1045, 1130, 1251, 1698, 2059}
"""Errors that refuse an account: password, host, plugin."""
FULL = {1040, 1203, 1226}
"""Errors that refuse one more connection."""
NO_FUNCTION, UNKNOWN_DATABASE = 1305, 1049
_GRANT = re.compile(r"GRANT (.+) ON (`(?:[^`]|``)*`|\*)\.\* TO ", re.IGNORECASE)


def judge(account: str) -> dict[str, Any]:
    """The server's version and limit, and what the account lacks on each database.

    Args:
        account: a JSON document, or its path: `where`, `user`, `password`, and `databases` with the rights on each.
    """
    try:
        known = json.loads(account if account.startswith("{") else _text(account))
    except (OSError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{type(error).__name__}: {error}"}
    try:
        session = Session(known["where"], known["user"], known["password"], SECONDS)
        try:
            return _asked(session, known["databases"])
        finally:
            session.close()
    except (OSError, NotMysql, NoPlainLogin, SqlError) as error:
        return failed(error)


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def failed(error: Exception) -> dict[str, Any]:
    """What an error of a conversation means: a kind of `trouble`, or `auth`, `plugin`, `full` or `other`."""
    if isinstance(error, SqlError):
        kind = "auth" if error.number in AUTH else "full" if error.number in FULL else "other"
        return {"ok": False, "kind": kind, "error": str(error)}
    if isinstance(error, NoPlainLogin):
        return {"ok": False, "kind": "plugin", "error": str(error)}
    if isinstance(error, NotMysql):
        return {"ok": False, "kind": "foreign", "error": f"this is not a MySQL server: {error}"}
    return trouble(error, SECONDS, "silent" if isinstance(error, NoAnswer) else "timeout")


def _asked(session: Session, databases: dict[str, list[str]]) -> dict[str, Any]:
    ((version, packet),) = session.rows("select version(), @@max_allowed_packet")
    grants = _grants(session, str(version))
    return {
        "ok": True,
        "version": readable(version),
        "packet": int(packet or 0),
        "databases": {name: _there(session, name, rights, grants) for name, rights in databases.items()},
    }


def _there(session: Session, name: str, rights: list[str], grants: list[str]) -> dict[str, Any]:
    """A database as the account sees it: whether it is there, its character set, and which rights are missing."""
    held = rights_on(name, grants)
    missing = [] if "ALL PRIVILEGES" in held else [right for right in rights if right not in held]
    try:
        session.rows(f"use `{name}`")
    except SqlError as error:
        # An account without any right on it is refused alike, whether it is there or not.
        return {"exists": False if error.number == UNKNOWN_DATABASE else None, "charset": "", "missing": missing}
    ((charset,),) = session.rows("select @@character_set_database")
    return {"exists": True, "charset": readable(charset), "missing": missing}


def _grants(session: Session, version: str) -> list[str]:
    """What the server says that the account may do, with the roles that a login switches on."""
    found = session.rows("show grants")
    if "mariadb" not in version.lower():
        # MariaDB lists them by itself; MySQL, from version 8 on, when they are named.
        try:
            ((role,),) = session.rows("select current_role()")
        except SqlError as error:
            if error.number != NO_FUNCTION:
                raise
        else:
            if role and role != "NONE":
                found = session.rows(f"show grants for current_user() using {role}")
    return [str(row[0]) for row in found]


def rights_on(name: str, grants: list[str]) -> set[str]:
    """The rights that lines of `show grants` give on all of a database, in capitals."""
    held: set[str] = set()
    for line in grants:
        found = _GRANT.match(line)
        if found and (found.group(2) == "*" or _matches(found.group(2)[1:-1], name)):
            held |= {right.strip().upper() for right in found.group(1).split(",")}
    return held


def _matches(pattern: str, name: str) -> bool:
    r"""Whether a pattern of `GRANT` means a database: `%` is any text, `_` any character, unless `\` is before them."""
    wild = {"%": ".*", "_": "."}
    parts = re.findall(r"\\.|[^\\]", pattern.replace("``", "`"))
    meant = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(meant, name, re.IGNORECASE) is not None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
