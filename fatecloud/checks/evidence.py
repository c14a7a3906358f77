"""What a service itself says of its end: how its process ended, and its last error lines, with their age."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.model.check import ServiceView
from fatecloud.model.duration import duration_text

OLD_SECONDS = 60.0
"""A line that is older says its age."""
_LINES = 2
_WORDS = 4
"""Lines that a process printed last."""
_BEFORE_END = 60.0
"""How long before its end a process may write why."""
_SIGNALS = ("signal", "core-dump")


@dataclass(frozen=True, slots=True)
class _Line:
    file: str
    text: str
    written: float | None
    """None where no time is known."""


def how_it_ended(state: Mapping[str, Any]) -> str:
    """The end of a service's last process in words, by the name of its signal where there was one."""
    if state.get("ended"):
        return str(state["ended"]["how"])
    number, result = state["exit"], state["result"]
    if result == "oom-kill":
        return "killed by the kernel, which had no memory left for it"
    if result in _SIGNALS and number:
        return f"killed by signal {number} ({_name(number)})"
    return f"exit status {number}" if number is not None else str(result)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def last_errors(view: ServiceView) -> tuple[str, ...]:
    """The service's own last error lines, as evidence; empty where its logs could not be read.

    Lines of the present run stand for themselves, and say their age once they are old. Those of an earlier one are
    shown only where this one wrote none, and say so: what they tell of may have been repaired long ago.
    """
    clock: Mapping[str, Any] = view.facts.fact("clock").value or {}
    now, begun = clock.get("epoch"), _begun(view)
    lines = list(_lines(view))
    earlier = [line for line in lines if begun is not None and line.written is not None and line.written < begun]
    shown = [line for line in lines if line not in earlier] or earlier
    return tuple(f"{line.file}{_age(line, now, earlier)}: {line.text}" for line in shown) or last_words(view)


def last_words(view: ServiceView) -> tuple[str, ...]:
    """What a process that ended printed last; empty for one that runs, or printed nothing."""
    states: Mapping[str, Any] = view.facts.fact("services").value or {}
    said = (states.get(view.service.id.key) or {}).get("said", ())
    return tuple(f"printed: {line}" for line in said[-_WORDS:])


def _begun(view: ServiceView) -> float | None:
    """When the run began that a reader wants to know about: the present one, or the one that ended."""
    states: Mapping[str, Any] = view.facts.fact("services").value or {}
    state = states.get(view.service.id.key) or {}
    started = state.get("since") or state.get("last_start")
    ended = state.get("ended")
    if ended:
        last = float(ended["at"]) - _BEFORE_END
        return last if started is None else min(last, started)
    return started


def _lines(view: ServiceView) -> Iterator[_Line]:
    logs: Mapping[str, Any] = view.facts.fact("logs").value or {}
    paths = {log.path for log in view.service.logs} | {view.service.process.console}
    for path, log in sorted(logs.items()):
        if log and any(path == ours or _under_glob(path, ours) for ours in paths if ours):
            errors = log.get("errors", ())[-_LINES:]
            stamps = log.get("stamps", ())[-_LINES:]
            for number, text in enumerate(errors):
                written = stamps[number] if len(stamps) == len(errors) else None
                # A file is not younger than its last line: its time bounds those that have none.
                yield _Line(path.rsplit("/", 1)[-1], text, log.get("mtime") if written is None else written)


def _age(line: _Line, now: float | None, earlier: list[_Line]) -> str:
    if now is None or line.written is None or (now - line.written <= OLD_SECONDS and line not in earlier):
        return ""
    return f", {duration_text(max(0.0, now - line.written))} old" + (", of an earlier run" if line in earlier else "")


def _under_glob(path: str, pattern: str) -> bool:
    return "*" in pattern and path.startswith(pattern.partition("*")[0])
