"""Progress for people: redrawn in place on a terminal, one line per event elsewhere. Everything goes to stderr."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.status import Status

from fatecloud.errors import Refused
from fatecloud.model.event import Event
from fatecloud.model.finding import Report
from fatecloud.model.plan import Plan
from fatecloud.report.commands import typed
from fatecloud.report.look import look_of
from fatecloud.report.plan import plan_text
from fatecloud.report.table import table

_MARKS = {"ok": "ok", "changed": "ok", "failed": "FAILED", "unreachable": "UNREACHABLE"}


class Console:
    """Shows events and results. Use as a context manager, so that a live line never outlives the verb."""

    def __init__(self) -> None:
        self._err = RichConsole(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._status: Status | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        where = event.service or event.node
        text = typed(f"{where}: {event.text}" if where else event.text)
        if event.kind in ("task", "wait") or (event.kind == "ok" and event.node):
            self._live(text)
            return
        self._stop()
        elapsed = f"[{time.monotonic() - self._began:5.0f} s]"
        mark = _MARKS.get(event.kind, "")
        self._err.print(f"{elapsed} {mark + ' ' if mark else ''}{text}")
        if event.kind in ("failed", "unreachable") and event.detail:
            self._err.print("\n".join(f"          {line}" for line in event.detail.splitlines()))

    def plan(self, plan: Plan) -> None:
        """Show a plan. The text of files is not touched."""
        self.write(plan_text(plan, look_of(sys.stdout, os.environ)))

    def report(self, report: Report) -> None:
        """Show findings."""
        self.write(table(report, look_of(sys.stdout, os.environ)))

    def say(self, text: str) -> None:
        """Print a result to stdout."""
        self.write(typed(text))

    def write(self, text: str) -> None:
        """Print text to stdout as it is."""
        self._stop()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def confirm(self, question: str) -> bool:
        """Ask yes or no.

        Raises:
            Refused: there is no terminal to ask on.
        """
        self._stop()
        if not sys.stdin or not sys.stdin.isatty():
            raise Refused(f"{question} There is no terminal to ask on.", remedy="say --yes")
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def ask(self, question: str) -> str:
        """Ask for a word.

        Raises:
            Refused: there is no terminal to ask on.
        """
        self._stop()
        if not sys.stdin or not sys.stdin.isatty():
            raise Refused(f"{question} There is no terminal to ask on.", remedy="give it as an option")
        sys.stderr.write(f"{question} ")
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def _live(self, text: str) -> None:
        # To redraw a line takes escape sequences, which NO_COLOR is taken to forbid like colours.
        if not self._err.is_terminal or self._err.is_dumb_terminal or self._err.no_color:
            return
        if self._status is None:
            self._status = self._err.status(text)
            self._status.start()
        self._status.update(text)

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
