"""Runs on the node of a server: what it keeps in Redis of answers that it got, for how long, and for how long from now.

Values have scores in them, and are not read. Serving 2 names an answer by a digest of the request, see `buildCacheKey`
in FATE-Serving; Serving 1 by another one with its own mark, and its own answers by party and request
(`DefaultCacheManager`). Other keys are someone else's.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from fatecloud.components.redis.probe_login import TIMEOUT, Connection, Refused
from fatecloud.probing.dialing import readable, trouble
from fatecloud.probing.properties import settings

OWN = re.compile(r"[0-9a-f]{32}|\$1\$ML\$[./0-9A-Za-z]{1,64}|\d{1,12}_\S{1,200}")
MOST = 5000
"""Keys that are looked at: of each the time is asked for."""
SHOWN = 20
_GONE = -2
"""What Redis says of the time of a key that is not there."""


def kept(host: str, port: int, password: str, seconds: int | None = None) -> dict[str, Any]:
    """What is there, and then, where `seconds` is given, for how long it stays from now; 0 removes it.

    Returns:
        `answers`: how many; `left_out`: how many more keys there are; `foreign`: keys of others; `forever`: how many
        have no end; `shortest` and `longest`: seconds until their end; `items`: some, with `key`, `seconds` and
        `bytes`; `changed`: how many got another end.
    """
    connection = None
    try:
        connection = Connection(host, port)
        connection.ask("AUTH", password)
        return {"ok": True, **_looked(connection, seconds)}
    except Refused as error:
        return {"ok": False, "kind": "refused", "error": readable(error)}
    except OSError as error:
        return trouble(error, TIMEOUT, "silent" if connection else "timeout")
    except (ValueError, TypeError) as error:
        return {"ok": False, "kind": "foreign", "error": f"not Redis: {readable(error)}"}
    finally:
        if connection:
            connection.close()


def _looked(connection: Connection, seconds: int | None) -> dict[str, Any]:
    keys = _keys(connection)
    own = [key for key in keys if OWN.fullmatch(key)][:MOST]
    times = {key: int(connection.reply("PTTL", key)) for key in own}
    # -2: it ended meanwhile; -1: it has no end.
    alive = {key: at for key, at in times.items() if at != _GONE}
    ends = sorted(at / 1000 for at in alive.values() if at >= 0)
    items = [
        {"key": key, "seconds": at / 1000 if at >= 0 else None, "bytes": int(connection.reply("STRLEN", key))}
        for key, at in sorted(alive.items())[:SHOWN]
    ]
    return {
        "answers": len(alive),
        "left_out": max(0, int(connection.reply("DBSIZE")) - len(keys)),
        "foreign": len(keys) - len(own),
        "forever": sum(at < 0 for at in alive.values()),
        "shortest": ends[0] if ends else None,
        "longest": ends[-1] if ends else None,
        "items": items,
        "changed": 0 if seconds is None else _changed(connection, seconds),
    }


def _keys(connection: Connection) -> list[str]:
    """At most `MOST` and a few."""
    found: dict[str, None] = {}
    for names in _pages(connection):
        found.update(dict.fromkeys(names))
        if len(found) >= MOST:
            break
    return list(found)


def _changed(connection: Connection, seconds: int) -> int:
    """Of all there are, also beyond those that are looked at."""
    changed = 0
    for names in _pages(connection):
        own = [name for name in names if OWN.fullmatch(name)]
        if own and not seconds:
            changed += int(connection.reply("DEL", *own))
        elif own:
            changed += sum(int(connection.reply("EXPIRE", name, str(seconds))) for name in own)
    return changed


def _pages(connection: Connection) -> Iterator[list[str]]:
    """All keys; one that is there all the time is named at least once, see https://redis.io/docs/latest/commands/scan/."""
    cursor = ""
    while cursor != "0":
        cursor, names = connection.reply("SCAN", cursor or "0", "COUNT", "500")
        yield names


if __name__ == "__main__":
    conf, host, port, *more = sys.argv[1:]
    try:
        password = settings(conf).get("redis.password", "")
        answer = kept(host, int(port), password, int(more[0]) if more else None)
    except OSError as error:
        answer = {"ok": False, "kind": "config", "error": f"{conf}: {error.strerror}"}
    sys.stdout.write(json.dumps(answer) + "\n")
