"""Runs on the node: logs in to Redis with the password of its own configuration, and reads its state. Writes nothing.

Where nothing listens, it has the file of all writes examined: a Redis whose file is damaged does not start.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

from fatecloud.probing.dialing import connected, readable, trouble
from fatecloud.probing.patience import patient

TIMEOUT, EXAMINED_SECONDS = 5, 10
MOST = 64 << 10
"""Bytes of an answer; INFO has about 6 KiB."""
_NUMBER = re.compile(r"-?\d{1,19}$")
CHECK = "/usr/bin/redis-check-aof"
WANTED = (
    "redis_version",
    "role",
    "loading",
    "used_memory",
    "maxmemory",
    "maxmemory_policy",
    "evicted_keys",
    "connected_clients",
    "maxclients",
    "rejected_connections",
    "aof_enabled",
    "aof_last_write_status",
    "aof_last_bgrewrite_status",
)


def password_in(conf: str) -> str:
    """The password of a configuration file of ours."""
    with open(conf, encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"^requirepass (\".*\")$", text, re.MULTILINE)
    return str(json.loads(found.group(1))) if found else ""


def command(*words: str) -> bytes:
    """A command in Redis' protocol, see https://redis.io/docs/latest/develop/reference/protocol-spec/."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Refused(Exception):
    """Redis answered with an error; its text is the argument."""


class Connection:
    """One connection. Every method raises OSError, or ValueError for what is not Redis' protocol."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = connected(f"[{host}]:{port}", TIMEOUT)
        self._socket.settimeout(patient(TIMEOUT))
        self._file = self._socket.makefile("rb")

    def ask(self, *words: str) -> str:
        """The answer to a command, a simple or a bulk string. Raises Refused."""
        found = self.reply(*words)
        if not isinstance(found, str):
            raise ValueError(readable(found))  # noqa: TRY004 - what Redis says, no fault of ours
        return found

    def reply(self, *words: str) -> Any:
        """The answer to any command: a text, a number, None, or a list of these. Raises Refused."""
        self._socket.sendall(command(*words))
        return self._value(nested=2)

    def _value(self, nested: int) -> Any:
        line = self._file.readline(MOST)
        if not line:
            raise ConnectionResetError("connection closed")
        kind, text = line[:1], line[1:].rstrip(b"\r\n").decode(errors="replace")
        if kind == b"-":
            raise Refused(text)
        if kind == b"+":
            return text
        if kind == b":" and _NUMBER.match(text):
            return int(text)
        if kind in (b"$", b"*") and text == "-1":
            return None
        if kind == b"$" and text.isdigit() and int(text) <= MOST:
            return self._file.read(int(text) + 2)[:-2].decode(errors="replace")
        if kind == b"*" and text.isdigit() and int(text) <= MOST and nested:
            return [self._value(nested - 1) for _ in range(int(text))]
        raise ValueError(readable(line))

    def close(self) -> None:
        """End it."""
        self._file.close()
        self._socket.close()


def state(host: str, port: int, password: str) -> dict[str, Any]:
    """Log in and read what INFO says, and how many keys there are that may be dropped."""
    connection = None
    try:
        connection = Connection(host, port)
        connection.ask("AUTH", password)
        lines = connection.ask("INFO").splitlines()
    except Refused as error:
        text = readable(error)
        # WRONGPASS came with Redis 6; before it, a wrong password is a plain ERR.
        kinds = {"WRONGPASS": "password", "ERR": "password", "NOAUTH": "password", "LOADING": "loading"}
        return {"ok": False, "kind": kinds.get(text.partition(" ")[0], "refused"), "error": text}
    except OSError as error:
        return trouble(error, TIMEOUT, "silent" if connection else "timeout")
    except ValueError as error:
        return {"ok": False, "kind": "foreign", "error": f"not Redis: {readable(error)}"}
    finally:
        if connection:
            connection.close()
    info = dict(line.split(":", 1) for line in lines if ":" in line)
    known = {name: readable(info[name]) for name in WANTED if name in info}
    spaces = [info[name] for name in info if re.match(r"db\d+$", name)]
    keys, expiring = (
        sum(int(n) for s in spaces for n in re.findall(rf"{what}=(\d+)", s)) for what in ("keys", "expires")
    )
    return {"ok": True, **known, "keys": keys, "expiring": expiring}


def damage(data: str) -> dict[str, str] | None:
    """What is wrong with the file of all writes; None if nothing, or if that cannot be said."""
    # From Redis 7 on there are several, and a list of them.
    names = ("appendonlydir/appendonly.aof.manifest", "appendonly.aof")
    path = next((p for p in (os.path.join(data, name) for name in names) if os.path.exists(p)), "")
    if not path or not os.path.exists(CHECK):
        return None
    try:
        done = subprocess.run(
            [CHECK, path],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=patient(EXAMINED_SECONDS),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    last = done.stdout.decode(errors="replace").strip().splitlines()[-1:]
    return {"file": path, "what": readable(" ".join(last))} if done.returncode else None


def judge(host: str, port: int, conf: str, data: str) -> dict[str, Any]:
    """The document."""
    found = state(host, port, password_in(conf))
    if not found["ok"] and found["kind"] in ("refused", "reset"):
        found["damage"] = damage(data)
    return found


if __name__ == "__main__":
    host, port, conf, data = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(host, int(port), conf, data)) + "\n")
