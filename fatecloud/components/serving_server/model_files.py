"""Runs on the node of a server: the files of its models, and a note of what service ids led to before."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

MOST = 64 << 20
"""Bytes of a file, and of what it becomes in the one form."""
NOTE, NOTE_MOST = "fatecloud-former.json", 1 << 20
"""Beside its models, where every operator of the server finds it."""


def place_of(data: str, table: str, namespace: str) -> Path:
    """Where a server keeps a model: both generations use the same name."""
    return Path(data, ".fate", f"model_{table}_{namespace}_cache")


def document(path: Path) -> bytes:
    """The model in one form: a server orders it in its own way, and flow in another.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a model.
    """
    with path.open("rb") as file:
        text = file.read(MOST + 1)
    if len(text) > MOST:
        raise ValueError(f"it has more than {MOST} bytes")
    found = json.loads(text.decode())
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("it is not a model of Serving's")
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


def digest(octets: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()


def former(data: str) -> dict[str, Any]:
    """The note: service id -> table and namespace. Empty where there is none, or none that can be read."""
    try:
        with Path(data, NOTE).open("rb") as file:
            found = json.loads(file.read(NOTE_MOST).decode())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def note(data: str, service: str, name: list[str] | None) -> None:
    """Note what a service id led to before. Raises OSError.

    Args:
        data: the server's home.
        service: the id.
        name: table and namespace; None for nothing.
    """
    known = former(data)
    noted = {**known, service: name} if name else {key: known[key] for key in known if key != service}
    if noted == known:
        return
    text = json.dumps(noted, sort_keys=True)
    part = Path(data, f".{NOTE}.{os.getpid()}")
    try:
        part.write_text(text)
        part.replace(Path(data, NOTE))
    finally:
        if part.exists():
            part.unlink()
