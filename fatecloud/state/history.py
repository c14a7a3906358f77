"""Reads the history of runs. It writes nothing, so that reading is always safe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fatecloud.errors import RunError
from fatecloud.model.event import Event
from fatecloud.model.history import KILLED, RUNNING, Logged, PastRun
from fatecloud.state.database import FILE, REMEDY, select
from fatecloud.state.killed import EVENTS, is_alive

_ALL = "select id, verb, who, origin, argv, started, ended, outcome from runs order by started desc, id desc"


def past_runs(directory: Path) -> tuple[PastRun, ...]:
    """All recorded runs, the newest first.

    Args:
        directory: the cluster's state directory.

    Raises:
        RunError: the history cannot be read.
    """
    rows = select(directory, "runs", _ALL)
    try:
        return tuple(_past(directory, row) for row in rows)
    except (ValueError, TypeError) as error:  # a page of the file was overwritten, and SQLite does not notice it
        raise RunError(f"the history {directory / FILE} is damaged: {error}", remedy=REMEDY) from error


def events_of(directory: Path, run: str) -> Iterator[Logged]:
    """The events of a run in order; a line that was cut short by a crash is left out.

    Args:
        directory: the cluster's state directory.
        run: id of a recorded run.

    Raises:
        RunError: they cannot be read.
    """
    file = directory / "runs" / run / EVENTS
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from error
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):
            found = json.loads(line)
            yield Logged(float(found.pop("at")), Event(**found))


def _past(directory: Path, row: tuple[Any, ...]) -> PastRun:
    run, verb, who, origin, argv, started, ended, outcome = row
    if ended is None:
        # Only the next run records that this one was killed. Until then the missing lock shows it.
        outcome = RUNNING if is_alive(directory, run) else KILLED
    changed = sum(logged.event.kind == "changed" for logged in events_of(directory, run))
    return PastRun(run, verb, who, origin, tuple(json.loads(argv)), started, ended, outcome, changed)
