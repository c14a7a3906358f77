"""The settings of a shadow: a request whose answer is known, which each check sends as the last witness."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fatecloud.model.component import ConfigKey, Contradiction
from fatecloud.model.node import Node

SERVICE = ConfigKey(
    "shadow.service",
    "str",
    None,
    "Service id of a request whose answer is known. Each check sends that request, as an application does, and "
    "compares the score; derived: none, no request is sent.",
)
FEATURES = ConfigKey(
    "shadow.features", "str", None, "What the guest knows of that request, in JSON: '{\"x0\": 0.5}'. Derived: none."
)
REMOTE = ConfigKey(
    "shadow.remote",
    "str",
    "{}",
    'What the other parties get of it, in JSON: \'{"device_id": "1"}\'. Each request has one more entry, `fatecloud`, '
    "so that no kept answer hides another party that is away.",
)
SCORE = ConfigKey("shadow.score", "number", None, "The score that it gets. Derived: none.", 0, 1)
TOLERANCE = ConfigKey("shadow.tolerance", "number", 0.000001, "How far the score may be from that.", 0, 1)
KEYS = (SERVICE, FEATURES, REMOTE, SCORE, TOLERANCE)
_FORM = "a JSON object with texts and numbers"
_MOST = 64 << 10


def judge_shadow(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """A shadow has all that it takes, and nothing of one is there without it."""
    del node, architecture
    found = [
        Contradiction(key.name, f"{key.name} is not a JSON object", _FORM)
        for key in (FEATURES, REMOTE)
        if config[key.name] is not None and _values(config[key.name]) is None
    ]
    parts = [key.name for key in (FEATURES, SCORE) if config[key.name] is not None]
    if config[SERVICE.name] is None:
        what = f"{parts[0]} counts for nothing without {SERVICE.name}" if parts else ""
        return (*found, *([Contradiction(parts[0], what, f"{SERVICE.name}, or no such line")] if parts else []))
    missing = [key.name for key in (FEATURES, SCORE) if key.name not in parts]
    return (*found, *(Contradiction(name, f"{SERVICE.name} is set, and {name} is missing", name) for name in missing))


def request_of(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The request of a judged configuration; None without a shadow."""
    if config[SERVICE.name] is None:
        return None
    return {
        "service": config[SERVICE.name],
        "features": _values(config[FEATURES.name]),
        "remote": _values(config[REMOTE.name]),
    }


def _values(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if len(text) <= _MOST else None
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, dict) and all(isinstance(value, (str, int, float)) for value in found.values())
    return found if whole else None
