"""The file of mutes beside the inventory: `inventory.mutes.yml`. Operators share it as they share the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from fatecloud.atomic import write_private
from fatecloud.errors import InputError
from fatecloud.model.api import API_VERSION
from fatecloud.model.mute import Mute

_TEXTS = ("finding", "severity", "reason", "by")
_NEEDED = (*_TEXTS, "until", "at")
_SIZE_LIMIT = 1 << 20
"""Bytes."""
_HEAD = "# Findings that do not count for some time: fatecloud mute add|list|remove. Share it with the inventory.\n"


def mutes_file(inventory: Path) -> Path:
    """The file that belongs to an inventory."""
    return inventory.with_name(f"{inventory.stem}.mutes.yml")


def load_mutes(inventory: Path) -> tuple[Mute, ...]:
    """All mutes, also expired ones; empty if there is no file.

    Args:
        inventory: the inventory's file.

    Raises:
        InputError: the file cannot be read, or has another form.
    """
    file = mutes_file(inventory)
    try:
        with file.open("rb") as stream:
            content = stream.read(_SIZE_LIMIT + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
    if len(content) > _SIZE_LIMIT:
        raise InputError(f"{file}: is larger than {_SIZE_LIMIT} bytes")
    try:
        document = yaml.safe_load(content)
        entries = document["mutes"] if document else []
        return tuple(_mute(file, number, entry) for number, entry in enumerate(entries or (), 1))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{file}:{line}: is not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, RecursionError):
        raise InputError(f"{file}: expected apiVersion and a list `mutes`, as fatecloud mute add writes it") from None


def save_mutes(inventory: Path, mutes: Iterable[Mute]) -> None:
    """Write all mutes, with the permissions of the inventory. Raises InputError."""
    entries = [_entry(mute) for mute in sorted(mutes, key=lambda one: one.finding)]
    text = yaml.safe_dump({"apiVersion": API_VERSION, "mutes": entries}, sort_keys=False, width=120)
    mode = inventory.stat().st_mode & 0o777
    write_private(mutes_file(inventory), (_HEAD + text).encode(), replace=True, mode=mode)


def _mute(file: Path, number: int, entry: Any) -> Mute:
    where = f"{file}: mute {number}"
    if not isinstance(entry, Mapping):
        raise InputError(f"{where}: expected finding, severity, reason, until, by and at")
    for name in _NEEDED:
        if not entry.get(name):
            raise InputError(f"{where}: `{name}` is missing")
    about, explained = entry.get("about") or [], entry.get("explained") or {}
    if not isinstance(about, list) or not isinstance(explained, Mapping):
        raise InputError(f"{where}: expected a list `about` and a mapping `explained`")
    # Nothing but texts: a few lines of YAML can name a structure whose text would fill the memory.
    texts = [entry[name] for name in _TEXTS] + [*about, *explained, *explained.values()]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"{where}: expected texts, in quotes where they look like numbers")
    return Mute(
        finding=entry["finding"],
        severity=entry["severity"],
        reason=entry["reason"],
        until=_seconds(where, "until", entry["until"]),
        by=entry["by"],
        at=_seconds(where, "at", entry["at"]),
        about=tuple(about),
        explained=dict(explained),
    )


def _seconds(where: str, name: str, value: object) -> float:
    try:
        # YAML itself makes a time of what looks like one and has no quotes.
        text = value.isoformat() if isinstance(value, date) else value
        found = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise InputError(f"{where}: `{name}` is not a time such as 2026-12-01T08:00:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _entry(mute: Mute) -> dict[str, object]:
    entry: dict[str, object] = {
        "finding": mute.finding,
        "severity": mute.severity,
        "reason": mute.reason,
        "until": _moment(mute.until),
        "by": mute.by,
        "at": _moment(mute.at),
    }
    more = {"about": list(mute.about), "explained": dict(mute.explained)}
    return entry | {name: value for name, value in more.items() if value}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
