"""How long the tasks of earlier runs took, to estimate how much of a long task is left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fatecloud.state.killed import EVENTS

LONG = 20.0
"""Seconds. For shorter tasks an estimate is not useful."""
_RUNS = 10
"""How many of the newest runs are read."""


def past_durations(state: Path) -> Mapping[str, float]:
    """Task -> seconds that it took in the newest run in which it took long.

    Args:
        state: the cluster's state directory.
    """
    found: dict[str, float] = {}
    for events in sorted(state.glob(f"runs/*/{EVENTS}"), reverse=True)[:_RUNS]:
        # Newer runs come first, so what is known already wins.
        found = _of(events) | found
    return found


def _of(events: Path) -> dict[str, float]:
    """A task lasts until the next task or step begins; a task that failed has no length."""
    found: dict[str, float] = {}
    task, began = "", 0.0
    with suppress(OSError):
        for line in events.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, KeyError, TypeError):  # the last line may be incomplete
                event = json.loads(line)
                if event["kind"] in ("task", "step"):
                    if task and event["at"] - began >= LONG:
                        found[task] = float(event["at"] - began)
                    task, began = event["text"] if event["kind"] == "task" else "", float(event["at"])
                elif event["kind"] in ("failed", "unreachable"):
                    task = ""
    return found
