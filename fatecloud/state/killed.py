"""Runs that ended without recording it, because their process was killed or their machine lost power."""

from __future__ import annotations

import fcntl
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fatecloud.state.database import execute, select

EVENTS = "events.jsonl"


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed."""

    id: str
    verb: str
    who: str
    at: float
    """Epoch of its last sign of life."""
    doing: str
    """The last step that it had begun; empty if it had not begun any."""


def hold(events: IO[str]) -> None:
    """Lock a run's events for as long as its process lives."""
    with suppress(OSError):  # a file system without locks: there, no run will be taken for killed
        fcntl.flock(events, fcntl.LOCK_EX | fcntl.LOCK_NB)


def bury(state: Path) -> tuple[Killed, ...]:
    """Record which runs were killed, and return them.

    Args:
        state: the cluster's state directory.

    Raises:
        RunError: the history cannot be read or written.
    """
    living = "select id, verb, who, started from runs where ended is null"
    free = {run for run, *_ in execute(state, (living, ())) if not is_alive(state, run)}
    found = []
    # Read once more, because a run may have ended normally meanwhile: it records its end before it releases its lock.
    for run, verb, who, started in execute(state, (living, ())) if free else ():
        if run in free:
            at, doing = _last_sign(_events(state, run))
            found.append(Killed(run, verb, who, at or float(started), doing))
    execute(state, *(("update runs set ended=?, outcome='killed' where id=?", (run.at, run.id)) for run in found))
    return tuple(found)


def last_failure(state: Path, verb: str) -> dict[str, Any] | None:
    """The newest finished run of a verb, if it ended with an error or was killed: run, who, at (epoch), error.

    Args:
        state: the cluster's state directory.
        verb: `deploy`, ...

    Raises:
        RunError: the history cannot be read.
    """
    newest = "select id, verb, who, ended, outcome from runs where ended is not null order by started desc"
    for run, what, who, ended, outcome in select(state, "runs", newest):
        if what == verb:
            failed = outcome in ("failed", "killed", "interrupted")
            return {"run": run, "who": who, "at": ended, "error": _error(_events(state, run))} if failed else None
    return None


def _error(events: Path) -> str:
    """The text of the error that ended a run; for a killed one, the step that it had begun."""
    message = ""
    with suppress(OSError):
        for line in events.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, KeyError, TypeError):
                event = json.loads(line)
                message = event["text"] if event["kind"] == "failed" and not event["node"] else message
    return message or f"it ended in: {_last_sign(events)[1] or 'no step'}"


def _events(state: Path, run: str) -> Path:
    return state / "runs" / run / EVENTS


def is_alive(state: Path, run: str) -> bool:
    """Whether a run that has not ended is, or may be, alive: a living run holds a lock on its events.

    Args:
        state: the cluster's state directory.
        run: its id.
    """
    try:
        with _events(state, run).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _last_sign(events: Path) -> tuple[float, str]:
    """When a run last wrote, and what it had begun by then. (0, "") for one that wrote nothing."""
    at, doing = 0.0, ""
    with suppress(OSError):
        for line in events.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, KeyError, TypeError):  # the last line may be incomplete
                event = json.loads(line)
                at, doing = float(event["at"]), event["text"] if event["kind"] in ("step", "task") else doing
    return at, doing
