"""Runs on the node: asks the database about itself, through its socket without a password."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

TIMEOUT = 10
SIGNS = (
    ("(111)", "refused"),
    ("(2)", "refused"),
    ("Can't connect", "refused"),
    ("Access denied", "auth"),
    ("Too many connections", "full"),
)
QUERY = """
select 'version', version();
select 'schema', count(*) from information_schema.schemata where schema_name = '{schema}';
select 'account', count(*) from mysql.user where user = '{account}';
select 'rights', count(*) from information_schema.schema_privileges
  where grantee like '\\'{account}\\'@%' and replace(table_schema, '\\\\', '') = '{schema}';
select 'tables', count(*) from information_schema.tables where table_schema = '{schema}';
select 'max_connections', @@max_connections;
show global status where variable_name in
  ('Threads_connected', 'Max_used_connections', 'Aborted_connects', 'Connection_errors_max_connections', 'Uptime');
"""


def judge(socket: str, user: str, schema: str, account: str) -> dict[str, Any]:
    """Version, schema, account, number of its rights, connections."""
    folders = "/usr/bin:/usr/local/bin:/bin"
    client = shutil.which("mariadb", path=folders) or shutil.which("mysql", path=folders)
    if client is None:
        return {"ok": False, "kind": "absent", "error": "there is neither mariadb nor mysql on this node"}
    argv = [client, "--no-defaults", "--batch", "--skip-column-names", "--connect-timeout=5"]
    argv += [f"--socket={socket}", f"--user={user}"]
    question = QUERY.format(schema=schema, account=account)
    try:
        answer = subprocess.run(
            argv,
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"ok": False, "kind": "timeout", "error": f"no answer within {TIMEOUT} s"}
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or [f"{client} ended with status {answer.returncode}"]
        return {"ok": False, "kind": kind_of(lines[-1]), "error": lines[-1][:300]}
    values = dict(line.split("\t", 1) for line in answer.stdout.splitlines() if "\t" in line)
    numbers = {name.lower(): int(value) for name, value in values.items() if name != "version"}
    return {"ok": True, "version": values["version"], **numbers}


def kind_of(text: str) -> str:
    """Refused, auth, full or other, from the client's last line."""
    return next((kind for sign, kind in SIGNS if sign in text), "other")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(*sys.argv[1:5])) + "\n")
