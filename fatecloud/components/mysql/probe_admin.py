"""Runs on the node: asks the database about itself, through its socket without a password."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from fatecloud.probing.patience import patient

LOGIN_SECONDS, TIMEOUT = 5, 10
SIGNS = (
    ("(111)", "refused"),
    ("(2)", "refused"),
    ("Can't connect", "refused"),
    ("Access denied", "auth"),
    ("Too many connections", "full"),
)
QUERY = """
select 'version', version();
select 'max_connections', @@max_connections;
show global status where variable_name in
  ('Threads_connected', 'Max_used_connections', 'Aborted_connects', 'Connection_errors_max_connections', 'Uptime');
select 'held', 'database', schema_name from information_schema.schemata
  where schema_name not in ('information_schema', 'mysql', 'performance_schema', 'sys') limit 500;
select 'held', 'account', user from mysql.user where host = '%' limit 500;
"""
TEXTS = ("version", "schema", "account", "right", "held")
"""What begins a row that is not a name and its number."""
OBJECTS = """
select 'schema', schema_name from information_schema.schemata where schema_name in ({names});
select 'account', user from mysql.user where user in ({accounts});
select 'right', grantee, replace(table_schema, '\\\\', ''), privilege_type from information_schema.schema_privileges
  where replace(table_schema, '\\\\', '') in ({names});
"""


def judge(socket: str, user: str, *databases: str) -> dict[str, Any]:
    """Version, connections, and what there is of each database.

    Args:
        socket: of the server.
        user: its administrator.
        databases: `NAME=ACCOUNT` each; `ACCOUNT@NAME` for one more account on the database of another service.
    """
    folders = "/usr/bin:/usr/local/bin:/bin"
    client = shutil.which("mariadb", path=folders) or shutil.which("mysql", path=folders)
    if client is None:
        return {"ok": False, "kind": "absent", "error": "there is neither mariadb nor mysql on this node"}
    # Without the node's own option files, which may name another server or account.
    argv = [client, "--no-defaults", "--batch", "--skip-column-names", f"--socket={socket}", f"--user={user}"]
    argv += [f"--connect-timeout={patient(LOGIN_SECONDS):.0f}"]
    accounts = dict(one.split("=", 1) for one in databases if "=" in one)
    joined = dict(one.split("@", 1) for one in databases if "=" not in one)
    question = QUERY
    if accounts or joined:
        known = (*accounts.values(), *joined)
        question += OBJECTS.format(names=quoted((*accounts, *joined.values())), accounts=quoted(known))
    try:
        answer = subprocess.run(
            argv,
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=patient(TIMEOUT),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"ok": False, "kind": "timeout", "error": f"no answer within {patient(TIMEOUT):g} s"}
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or [f"{client} ended with status {answer.returncode}"]
        return {"ok": False, "kind": kind_of(lines[-1]), "error": lines[-1][:300]}
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    numbers = {row[0].lower(): int(row[1]) for row in rows if row[0] not in TEXTS}
    held = [" ".join(row[1:]) for row in rows if row[0] == "held"]
    there = {name: state_of(name, account, rows) for name, account in accounts.items()}
    others = {account: state_of(name, account, rows) for account, name in joined.items()}
    version = dict(row[:2] for row in rows)["version"]
    return {"ok": True, "version": version, **numbers, "databases": there, "joined": others, "held": held}


def state_of(name: str, account: str, rows: list[list[str]]) -> dict[str, Any]:
    """Whether there is a database and its account, and the account's rights on it."""
    rights = {row[3] for row in rows if row[0] == "right" and row[2] == name and row[1].startswith(f"'{account}'@")}
    return {
        "schema": ["schema", name] in rows,
        "account": ["account", account] in rows,
        "rights": sorted(rights),
    }


def quoted(names: Iterable[str]) -> str:
    """Names as texts of SQL; no name has a quote in it."""
    return ", ".join(f"'{name}'" for name in names)


def kind_of(text: str) -> str:
    """Refused, auth, full or other, from the client's last line."""
    return next((kind for sign, kind in SIGNS if sign in text), "other")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(*sys.argv[1:])) + "\n")
