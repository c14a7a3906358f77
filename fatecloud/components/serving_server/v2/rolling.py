"""Runs on the node: takes the own server out of the proxies' choice before it is stopped, and puts it back afterwards.

It does so by weights, as Serving's admin does: a server whose services weigh nothing is asked for nothing while another
one offers the same, and its weights outlast a restart. A server that ends refuses requests before the proxies
know. A proxy whose connection broke refuses requests for a server that is long back, until it tries again: for half a
minute (`GrpcConnectionPool` in FATE-Serving). So a server takes part again when the proxies have their connections.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fatecloud.components.serving_server.probe_registry import login_in
from fatecloud.components.serving_server.registry import SERVICES
from fatecloud.components.serving_server.v2.record_left import FILE, read, recorded, write
from fatecloud.components.zookeeper.protocol import GONE, Refused, Session
from fatecloud.probing.dialing import address_of, readable, trouble
from fatecloud.probing.established import peers_of
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field, fields

UPDATE = "/com.webank.ai.fate.api.networking.common.CommonService/updateService"
USUAL = 100
"""The weight of what has none."""
SECONDS = 10.0
SETTLES = 3.0
"""Seconds in which the proxies learn of new weights, and answer what they sent before."""
PATIENCE = 90.0
"""Seconds after which connections that are still missing count for nothing: their proxy may have been stopped, too."""
SAMPLES = 3
"""Looks at connections: a check has some for a moment."""
_STATIC = "online"
"""What a server offers whatever models it has: no proxy chooses among those."""


class Registered:
    """What servers offer by their models: `own`, and `shared`, of which another one offers the same.

    Both have the full name of a service in the registry, by its environment and name.
    """

    def __init__(self, conf: str, own: str, members: list[str]) -> None:
        """Read the registry. Raises OSError, ValueError and Refused.

        Args:
            conf: the server's own settings, with its login.
            own: address at which it is registered.
            members: `host:port` of the ensemble; the first one that answers is asked.
        """
        self.own: dict[str, str] = {}
        self.shared: dict[str, str] = {}
        session = _session(members)
        try:
            login = login_in(conf)
            if login:
                session.login(*login)
            for environment in _children(session, f"{SERVICES}/serving"):
                place = f"{SERVICES}/serving/{environment}"
                for service in [] if environment == _STATIC else _children(session, place):
                    self._take(f"{environment}/{service}", _children(session, f"{place}/{service}/providers"), own)
        finally:
            session.close()

    def _take(self, key: str, names: list[str], own: str) -> None:
        for leaf in map(unquote, names):
            if urlsplit(leaf).netloc == own:
                self.own[key] = leaf
        if key in self.own and any(urlsplit(unquote(name)).netloc != own for name in names):
            self.shared[key] = self.own[key]


def _session(members: list[str]) -> Session:
    for member in members[:-1]:
        try:
            return Session(*address_of(member))
        except (OSError, ValueError):
            continue
    return Session(*address_of(members[-1]))


def _children(session: Session, path: str) -> list[str]:
    try:
        return session.children(path)
    except Refused as error:
        if error.args != (GONE,):
            raise
        return []


def weight_of(leaf: str) -> int:
    """What a proxy takes it for."""
    return int(parse_qs(urlsplit(leaf).query).get("weight", [USUAL])[0])


def leave(registered: Registered, host: str, port: int, data: str) -> dict[str, Any]:
    """Make the others do the work: `left` are the services that another server offers, too."""
    known = read(data)
    weights = {key: weight_of(leaf) for key, leaf in registered.shared.items()}
    # An earlier run may have been ended between the two halves.
    weights.update(known.get("weights", {}))
    peers = known.get("peers") or _connections(port)
    write(data, {"weights": weights, "peers": peers})
    for leaf in registered.shared.values():
        answer = _weigh(host, port, leaf, 0)
        if not answer["ok"]:
            return answer
    if registered.shared:
        time.sleep(SETTLES)
    return {"ok": True, "left": sorted(registered.shared)}


def join(registered: Registered, host: str, port: int, data: str) -> dict[str, Any]:
    """Take part again: all that was left and is still on record is registered, and the proxies have found it."""
    known, offers = read(data), recorded(data)
    if not known:
        return {"ok": True}
    now = time.time()
    began = float(known.setdefault("began", now))
    there = Counter(peers_of(port))
    lost = sorted(f"{count - there[peer]} of {peer}" for peer, count in known["peers"].items() if there[peer] < count)
    if lost and now - began < PATIENCE:
        write(data, known)
        return {"ok": False, "kind": "connections", "error": f"connections are not back yet: {', '.join(lost)}"}
    for key, weight in known["weights"].items():
        leaf = registered.own.get(key)
        if leaf and weight_of(leaf) != weight:
            answer = _weigh(host, port, leaf, weight)
            if not answer["ok"]:
                return answer
    away = {key: weight for key, weight in known["weights"].items() if key not in registered.own}
    missing = sorted(away if offers is None else {key for key in away if key.partition("/")[0] in offers})
    if missing:
        return {"ok": False, "kind": "models", "error": f"it does not offer again: {', '.join(missing)}"}
    if away:
        # It was removed meanwhile, and would weigh nothing when it comes again.
        write(data, {"weights": away, "peers": {}})
    else:
        os.remove(f"{data}/{FILE}")  # noqa: PTH107 - pathlib costs a node as much as the question
    return {"ok": True}


def left(registered: Registered, data: str) -> dict[str, Any]:
    """What it has left and weighs nothing still: `left` are the names of these services."""
    weights = read(data).get("weights", {})
    return {
        "ok": True,
        "left": [
            readable(key)
            for key, leaf in sorted(registered.own.items())
            if weights.get(key, 0) != 0 and weight_of(leaf) == 0
        ],
    }


def _weigh(host: str, port: int, leaf: str, weight: int) -> dict[str, Any]:
    answer, body = asked(host, port, UPDATE, field(1, leaf) + field(3, weight), timeout=SECONDS)
    if not answer["ok"]:
        return answer
    try:
        found = fields(body)
        code, words = int(found.get(1, [0])[0]), found.get(2, [b""])[0].decode("utf-8", "replace")
    except (ValueError, TypeError, AttributeError):
        return {"ok": False, "kind": "foreign", "error": "its answer is not Serving's"}
    return {"ok": False, "kind": "code", "error": readable(f"{leaf} gets {code}: {words}")} if code else {"ok": True}


def _connections(port: int) -> dict[str, int]:
    """How many each other process has at least."""
    found = Counter(peers_of(port))
    for _ in range(SAMPLES - 1):
        time.sleep(0.5)
        found &= Counter(peers_of(port))
    return dict(found)


def main(what: str, conf: str, own: str, asked_at: str, data: str, *members: str) -> dict[str, Any]:
    """The answer to a call; `what` is `leave`, `join` or `left`."""
    if what != "leave" and not os.path.lexists(f"{data}/{FILE}"):
        return {"ok": True, "left": []}
    host, port = address_of(asked_at)
    try:
        registered = Registered(conf, own, list(members))
        if what == "left":
            return left(registered, data)
        return leave(registered, host, port, data) if what == "leave" else join(registered, host, port, data)
    except Refused as error:
        return {"ok": False, "kind": "code", "error": f"ZooKeeper's error {error}"}
    except OSError as error:
        return trouble(error, SECONDS)
    except (ValueError, KeyError) as error:
        return {"ok": False, "kind": "foreign", "error": readable(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")
