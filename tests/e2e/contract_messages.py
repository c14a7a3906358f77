"""Messages of EggRoll and OSX with the names of their fields, and without what differs from run to run."""

from __future__ import annotations

from typing import Any

from fatecloud.probing.grpc.wire import fields

_PAIR = {1: "key", 2: "value"}
_ENDPOINT = {1: "host", 2: "port"}
_CHOSEN = {1: "host", 2: "chosen port"}
_RESOURCE = {1: "type", 2: "total", 3: "used", 4: "allocated"}
_NODE = {
    1: "id",
    2: "name",
    3: "cluster",
    4: ("endpoint", _ENDPOINT),
    5: "type",
    6: "status",
    7: ("resources", _RESOURCE),
}
_EGG = {
    1: "id",
    2: "node id",
    3: "name",
    4: "type",
    5: "status",
    6: ("command", _CHOSEN),
    7: ("transfer", _CHOSEN),
    8: ("options", _PAIR),
    9: "pid",
    10: "tag",
}
_TOPIC = {1: "name", 2: "party", 3: "role", 4: ("callback", _ENDPOINT)}
_CLUSTER = {3: ("nodes", _NODE)}
_HEADER = {1: "task", 2: ("source", _TOPIC), 3: ("target", _TOPIC), 4: "command", 5: "operator", 8: "conf"}
Schema = dict[int, Any]
SCHEMAS: dict[str, Schema] = {
    "nothing": {},
    "settings": {1: ("settings", _PAIR)},
    "node": _NODE,
    "enough": {1: "enough", 2: ("cluster", _CLUSTER)},
    "cluster": _CLUSTER,
    "job": {1: "name of job", 2: "status"},
    "egg": _EGG,
    "session": {1: "name of session", 2: "name", 3: "status", 4: "tag", 5: ("eggs", _EGG), 6: ("options", _PAIR)},
    "outbound": {1: ("metadata", _PAIR), 2: "payload", 3: "code", 4: "message"},
    "packet": {
        1: ("header", _HEADER),
        2: ("body", {1: "key", 2: "value"}),
    },
}
"""By the names that the script prints."""
_LISTS = ("nodes", "resources", "eggs")
_GIVEN = ("id", "node id", "pid", "chosen port")
_MEASURED = ("total", "used")
"""Left out: one that is 0 is not in its message."""
_NEGATIVE = 1 << 63


def named(message: bytes, schema: Schema) -> dict[str, Any]:
    """A message as data; what has no name in the schema is `field N`."""
    found: dict[str, Any] = {}
    for number, values in fields(message).items():
        known = schema.get(number, f"field {number}")
        name, inner = known if isinstance(known, tuple) else (known, None)
        if name in _MEASURED:
            continue
        parts = [named(value, inner) if inner else _shown(name, value) for value in values]
        if inner is _PAIR:
            found[name] = {part.get("key", ""): part.get("value", "") for part in parts}
        else:
            found[name] = parts if name in _LISTS or len(parts) > 1 else parts[0]
    return found


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if name in _GIVEN and 0 < value < _NEGATIVE:
        return "one"
    return value - (_NEGATIVE << 1) if value >= _NEGATIVE else value
