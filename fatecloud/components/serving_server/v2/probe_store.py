"""Runs on the node: would the own server bring back at a start what it has loaded, and has it brought back all?

It keeps two maps as Java writes objects, see `ModelManager.store`: of models by `TABLE_NAMESPACE`, and of these names
by service id. It writes them a moment after it changed what it has loaded, so one look at both may see a difference
that is none. What counts is what each of several looks sees.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from fatecloud.components.serving_server.listing import LONGEST
from fatecloud.components.serving_server.messages import loaded
from fatecloud.components.serving_server.v2.serialized import Instance, entries
from fatecloud.probing.dialing import address_of, readable

LOADED, BOUND = "loadModelStore.cache", "bindModelStore.cache"
SECONDS = 4.0
SAME, LOOKS, PAUSE = 3, 10, 1.0
"""Where something differs: how many looks in a row have to see the same, out of how many, and the seconds between."""
_MOST = 8 << 20
"""Bytes of a map: some 600 for each model."""
_SHOWN = 50
"""How many of a kind the answer has."""
_ENDS = (b"{", b"}")
"""How the file of a model begins and ends: it is JSON."""
_KINDS = ("lost", "unkept", "unbound")


def store(data: str, host: str, port: int) -> dict[str, Any]:
    """What each of several looks sees.

    `recorded` is the number of models on the record, and `record` is what is wrong with the record itself. By their
    names, with what is wrong with the file: `lost` are models on the record that are not loaded, `unkept` those that
    are loaded and would not come back. `unbound` are service ids on the record that lead nowhere.

    Args:
        data: the server's home.
        host: of its gRPC.
        port: likewise.
    """
    found, seen = _look(data, host, port), 1
    for _ in range(LOOKS - 1):
        if not found["ok"] or seen == SAME or not _differs(found):
            break
        time.sleep(PAUSE)
        again = _look(data, host, port)
        both = {**again, **{kind: {k: v for k, v in again[kind].items() if k in found[kind]} for kind in _KINDS}}
        # One model after the other comes back after a start.
        seen = seen + 1 if both == found else 1
        found = both
    still = seen < SAME and found["ok"]
    return {**found, **{kind: {} if still else dict(sorted(found[kind].items())[:_SHOWN]) for kind in _KINDS}}


def _differs(found: dict[str, Any]) -> bool:
    return bool(found["record"]) or any(found[kind] for kind in _KINDS)


def _look(data: str, host: str, port: int) -> dict[str, Any]:
    none: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    folder = os.path.join(data, ".fate")
    before = record(folder)
    answer = loaded(host, port, seconds=SECONDS)
    if not answer["ok"]:
        return {**answer, **none}
    after = record(folder)
    there = {_name(one["table"], one["namespace"]): one["services"] for one in answer["models"]}
    wrong = after["wrong"] or before["wrong"]
    both = {name: files for name, files in after["models"].items() if name in before["models"]}
    bound = {service for services in there.values() for service in services}
    return {
        "ok": True,
        "record": wrong if there else "",
        "recorded": len(both),
        "lost": {name: path and _damage(path) for name, path in both.items() if name not in there},
        "unkept": {} if wrong else {n: why for n in there for why in [_risk(n, before, after)] if why},
        "unbound": {one: "" for one in after["services"] if one in before["services"] and one not in bound},
    }


def _risk(name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    """Why a start would not bring it back; empty if it would."""
    path = after["models"].get(name) or before["models"].get(name)
    return _damage(path) if path else "it is not on the record"


def record(folder: str) -> dict[str, Any]:
    """What is on the record.

    `models` are paths of their files by their names, `parts` tables and namespaces of the same, `services` the ids that
    are bound, and `wrong` is what is wrong with the record.

    Args:
        folder: of the server's models.
    """
    models, wrong = _map(os.path.join(folder, LOADED))
    services, also = _map(os.path.join(folder, BOUND))
    files, parts = {}, []
    for model in models.values():
        if not isinstance(model, Instance):
            wrong = wrong or f"{os.path.join(folder, LOADED)} is damaged: it has something else than models"
            continue
        table, namespace = (_text(model.values.get(key)) for key in ("tableName", "namespace"))
        parts.append((table, namespace))
        files[_name(table, namespace)] = os.path.join(folder, f"model_{table}_{namespace}_cache")
    names = [readable(one, LONGEST) for one in services]
    return {"models": files, "parts": parts, "services": names, "wrong": wrong or also}


def _map(path: str) -> tuple[dict[str, Any], str]:
    """What it has by its keys, and what is wrong with it; without a file, as before the first model, nothing is."""
    try:
        if not os.path.exists(path) or not os.path.getsize(path):
            return {}, ""
        with open(path, "rb") as file:
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            return {}, f"{path} has more than {_MOST} bytes"
        return {key: value for key, value in entries(content) if isinstance(key, str)}, ""
    except OSError as error:
        return {}, f"{path}: {error.strerror}"
    except ValueError as error:
        return {}, f"{path} is damaged: {error}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(table: str, namespace: str) -> str:
    """As the record names a model, and as both sides of a comparison are cut."""
    return f"{readable(table, LONGEST)}_{readable(namespace, LONGEST)}"


def _damage(path: str) -> str:
    """What is wrong with the file of a model; empty if nothing is seen at its ends."""
    try:
        with open(path, "rb") as file:
            first = file.read(1)
            file.seek(max(0, os.path.getsize(path) - 1))
            last = file.read(1)
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    return "" if (first, last) == _ENDS else "its content is not a model"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(store(sys.argv[1], *address_of(sys.argv[2]))) + "\n")
