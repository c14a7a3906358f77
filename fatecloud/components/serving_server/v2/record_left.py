"""Runs on the node: what the own server left to others and has to get back, and what it would offer at all."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from fatecloud.components.serving_server.v2.probe_store import record

FILE = "left.json"
"""Below the service's data. Without it there is nothing to do."""


def read(data: str) -> dict[str, Any]:
    """The record; empty if there is none, or where it is something else."""
    try:
        with open(f"{data}/{FILE}", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a node as much as the question
            found = json.load(file)
        weights = {str(key): int(weight) for key, weight in found["weights"].items()}
        peers = {str(peer): int(count) for peer, count in found["peers"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {"weights": weights, "peers": peers, **({"began": found["began"]} if "began" in found else {})}


def write(data: str, known: dict[str, Any]) -> None:
    """Keep it, whole or not at all."""
    part = f"{data}/{FILE}.part"
    with open(part, "w", encoding="utf-8") as file:  # noqa: PTH123 - likewise
        json.dump(known, file)
    os.replace(part, f"{data}/{FILE}")  # noqa: PTH105 - likewise


def recorded(data: str) -> set[str] | None:
    """Names under which the server offers the models on its record: service ids, and digests of a host's models.

    None where the record cannot be read.
    """
    found = record(f"{data}/.fate")
    if found["wrong"]:
        return None
    # MD5 is upstream's name for a model, no protection.
    digests = {hashlib.md5(f"{table}&{name}".encode()).hexdigest() for table, name in found["parts"]}  # noqa: S324
    return {*found["services"], *digests}
