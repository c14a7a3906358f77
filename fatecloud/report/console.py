"""Progress for people: redrawn in place on a terminal, one line per event elsewhere. Everything goes to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from types import TracebackType
from typing import Self

from fatecloud.errors import Refused
from fatecloud.model.event import Event
from fatecloud.model.finding import Report
from fatecloud.model.plan import Plan
from fatecloud.plain import plain, plain_lines
from fatecloud.report.commands import typed
from fatecloud.report.look import look_of
from fatecloud.report.pace import Pace
from fatecloud.report.plan import plan_text
from fatecloud.report.screen import LiveLine, drawing
from fatecloud.report.table import table

_MARKS = {"ok": "ok", "changed": "ok", "failed": "FAILED", "unreachable": "UNREACHABLE"}


class Console:
    """Shows events and results. Use as a context manager, so that a live line is always removed at the end."""

    def __init__(self) -> None:
        self._err = drawing()
        self._line = LiveLine(self._err)
        self._began = time.monotonic()
        self._pace = Pace()
        self._lock = threading.RLock()
        """Held while writing, because a second thread shows the progress of long steps."""
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._ticker.join()
        self._stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        with self._lock:
            self._pace(event)
            # These only change the live line: a deploy has hundreds of them.
            if event.kind in ("task", "wait", "begun") or (event.kind == "ok" and event.node):
                self._live(typed(self._pace.text))
                return
            self._stop()
            self._print(event)

    def _print(self, event: Event) -> None:
        where = event.service or event.node
        # The output of a failed task comes from a node, so it must not control the terminal.
        text = plain_lines(f"{where}: {event.text}" if where else event.text)
        # It may have several lines, which must not look like lines of ours.
        text = typed(text.replace("\n", "\n          "))
        mark = _MARKS.get(event.kind, "")
        self._err.print(f"{self._elapsed} {mark + ' ' if mark else ''}{text}")
        if event.kind in ("failed", "unreachable") and event.detail:
            self._err.print("\n".join(f"          {line}" for line in plain_lines(event.detail).split("\n")))

    def plan(self, plan: Plan) -> None:
        """Show a plan. Commands in it are not rewritten, because it contains the text of files."""
        self.write(plan_text(plan, look_of(sys.stdout, os.environ)))

    def report(self, report: Report) -> None:
        """Show findings."""
        self.write(table(report, look_of(sys.stdout, os.environ)))

    def say(self, text: str) -> None:
        """Print a result to stdout, without control characters."""
        self.write(typed(plain_lines(text)))

    def write(self, text: str) -> None:
        """Print text to stdout as it is."""
        with self._lock:
            self._quiet()
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def confirm(self, question: str) -> bool:
        """Ask yes or no.

        Raises:
            Refused: there is no terminal to ask on.
        """
        return self._answer(question, "[y/N] ", "use --yes").lower() in ("y", "yes")

    def ask(self, question: str) -> str:
        """Ask for a word.

        Raises:
            Refused: there is no terminal to ask on.
        """
        return self._answer(question, "", "pass it as an option")

    def _answer(self, question: str, choice: str, otherwise: str) -> str:
        with self._lock:
            self._quiet()
        if not sys.stdin or not sys.stdin.isatty():
            raise Refused(f"{question} There is no terminal to ask on.", remedy=otherwise)
        # On stderr, so that stdout has the result alone.
        sys.stderr.write(f"{plain_lines(question)} {choice}")
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def _quiet(self) -> None:
        """Stop the live line until the next event."""
        self._pace.clear()
        self._stop()

    def _tick(self) -> None:
        while not self._over.wait(1.0):
            with self._lock, contextlib.suppress(OSError):  # the reader of stderr is gone
                if self._redraws:
                    if text := self._pace.text:
                        self._live(typed(text))
                elif line := self._pace.due():
                    self._err.print(f"{self._elapsed} {typed(plain(line))}")

    @property
    def _elapsed(self) -> str:
        return f"[{time.monotonic() - self._began:5.0f} s]"

    @property
    def _redraws(self) -> bool:
        # Redrawing a line needs escape sequences. NO_COLOR is understood to forbid them, as it forbids colours.
        return self._err.is_terminal and not self._err.is_dumb_terminal and not self._err.no_color

    def _live(self, text: str) -> None:
        if self._redraws:
            self._line.show(text)

    def _stop(self) -> None:
        self._line.remove()
