"""Runs on a node as root, past SSH: everything there that a reader must leave as it is, as one JSON document.

Argument: one JSON object with `skip` (patterns of paths that change by themselves), `unread` (directories whose files
are compared by their change time alone), `mysql` (socket and user) and `broker` (port and definitions file).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SOCKETS = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
"""State of a listening socket, by table of /proc/net."""
NOT_OURS = ("/proc", "/sys", "/dev/pts", "/dev/mqueue", "/dev/hugepages")
"""The kernel's own views; processes and sockets are read from there below."""


def files(skip: list[str], unread: list[str]) -> dict[str, str]:
    """Path -> kind, mode, owner, size, times and content of every file and directory."""
    left_out = re.compile("|".join([*NOT_OURS, *skip]))
    found = {}
    waiting = ["/"]
    while waiting:
        folder = waiting.pop()
        for entry in os.scandir(folder):
            if left_out.fullmatch(entry.path):
                continue
            # Something that disappears during this look shows up in the next one.
            with contextlib.suppress(FileNotFoundError):
                found[entry.path] = _described(entry, unread)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return found


def _described(entry: os.DirEntry[str], unread: list[str]) -> str:
    of = entry.stat(follow_symlinks=False)
    text = f"{stat.filemode(of.st_mode)} {of.st_uid}:{of.st_gid} {of.st_size} {of.st_mtime_ns} {of.st_ctime_ns}"
    if entry.is_symlink():
        return f"{text} {Path(entry.path).readlink()}"
    if stat.S_ISREG(of.st_mode) and not entry.path.startswith(tuple(unread)):
        with Path(entry.path).open("rb") as file:
            text += f" {hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"
    return text


def processes() -> dict[str, str]:
    """Process -> command line of everything that stays for a second, without this process and its parent."""
    stays = _processes()
    for _ in range(2):
        time.sleep(0.5)
        now = _processes()
        stays = {number: line for number, line in stays.items() if now.get(number) == line}
    return stays


def _processes() -> dict[str, str]:
    own = {os.getpid(), os.getppid()}
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in own:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                found[entry.name] = line or (entry / "comm").read_text().strip()
    return found


def sockets() -> dict[str, str]:
    """Listening socket -> its owner's uid, and every connection of sshd."""
    found = {}
    for table, listening in SOCKETS.items():
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            words = line.split()
            address, port = words[1].split(":")
            if words[3] == listening or int(port, 16) == 22:
                found[f"{table} {address}:{int(port, 16)} {'' if words[3] == listening else words[2]}"] = words[7]
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        words = line.split(maxsplit=7)
        if len(words) == 8 and words[3] == "00010000":
            found[f"unix {words[7]}"] = words[4]
    return found


def sql(socket: str, user: str, statements: str) -> list[list[str]]:
    """Rows of the statements' answers."""
    argv = ["mariadb", "--no-defaults", "--batch", "--skip-column-names", f"--socket={socket}", f"--user={user}"]
    done = subprocess.run(
        ["runuser", "-u", user, "--", *argv], input=statements, capture_output=True, text=True, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def rows(socket: str, user: str) -> dict[str, str]:
    """Table -> how many rows it has, and their checksum."""
    tables = sql(
        socket,
        user,
        "select concat('`', table_schema, '`.`', table_name, '`') from information_schema.tables"
        " where table_type in ('BASE TABLE', 'SEQUENCE')"
        " and table_schema not in ('information_schema', 'performance_schema')",
    )
    names = [row[0] for row in tables]
    counts = sql(socket, user, "".join(f"select count(*) from {name};" for name in names))  # noqa: S608
    sums = sql(socket, user, f"checksum table {', '.join(names)}")
    return {
        name.replace("`", ""): f"{count[0]} rows, {total[1]}"
        for name, count, total in zip(names, counts, sums, strict=True)
    }


def trouble(socket: str, user: str) -> dict[str, int]:
    """Counter of trouble with logins and connections -> its value.

    The errors of each host are counted, until it is blocked, in a cache of names. A server that resolves none has no
    such cache, so this requires a server without one: there is no counter to compare.
    """
    ((resolves_none,),) = sql(socket, user, "select @@skip_name_resolve")
    if resolves_none != "1":
        raise RuntimeError("this database counts the errors of each host, and nothing here reads that counter")
    counted = sql(
        socket,
        user,
        "show global status where variable_name like 'Aborted\\_%' or variable_name like 'Connection\\_errors\\_%'"
        " or variable_name = 'Access_denied_errors'",
    )
    return {f"mysql {name}": int(value) for name, value in counted}


class Broker:
    """The management API under flow's account."""

    def __init__(self, port: int, definitions: str) -> None:
        account = json.loads(Path(definitions).read_text())["users"][0]
        token = base64.b64encode(f"{account['name']}:{account['password']}".encode()).decode()
        self.port, self.headers = port, {"Authorization": f"Basic {token}"}

    def get(self, path: str) -> Any:
        """One page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", f"/api/{path}", headers=self.headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"{path}: HTTP {answer.status}")
            return json.loads(answer.read())
        finally:
            connection.close()

    def objects(self) -> dict[str, str]:
        """Everything that the broker holds, by kind and name."""
        found = {}
        for kind, entries in self.get("definitions").items():
            for entry in entries if isinstance(entries, list) else ():
                found[f"{kind} {json.dumps(_named(entry), sort_keys=True)}"] = json.dumps(entry, sort_keys=True)
        for kind in ("exchanges", "bindings", "connections", "channels", "consumers"):
            for entry in self.get(kind):
                found[f"{kind} there {json.dumps(_named(entry), sort_keys=True)}"] = ""
        for queue in self.get("queues"):
            found[f"queues there {queue['vhost']} {queue['name']}"] = f"{queue.get('messages', 0)} messages"
        return found

    def trouble(self) -> dict[str, int]:
        """Refused logins by protocol, connections that are open, and what was opened within connections."""
        overview = self.get("overview")
        churn = overview["churn_rates"]
        refused = {
            f"rabbitmq refused logins by {entry['protocol']}": entry["auth_attempts_failed"]
            for entry in self.get(f"auth/attempts/{overview['node']}")
        }
        opened = {f"rabbitmq {name}": churn[name] for name in ("channel_created", "queue_declared", "queue_created")}
        # Not those created less those closed: a handshake that ends before a login counts as closed, not as created.
        return {**refused, **opened, "rabbitmq connections open": overview["object_totals"]["connections"]}


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    names = (
        "vhost",
        "name",
        "user",
        "source",
        "destination",
        "destination_type",
        "routing_key",
        "component",
        "pattern",
    )
    return {name: entry[name] for name in names if name in entry}


def look(wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Everything at once."""
    broker = Broker(*wanted["broker"])
    return {
        "files": files(wanted["skip"], wanted["unread"]),
        "rows": rows(*wanted["mysql"]),
        "broker": broker.objects(),
        "processes": processes(),
        "sockets": sockets(),
        "trouble": {**trouble(*wanted["mysql"]), **broker.trouble()},
    }


if __name__ == "__main__":
    json.dump(look(json.loads(sys.argv[1])), sys.stdout)
