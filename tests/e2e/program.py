"""Runs the real program as an operator does: as a process, with its exit status and its output."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from raised import RAISED

from fatecloud.model.check import OVERLOADED

PROGRAM = str(Path(sys.executable).with_name("fatecloud"))
_NO_INVENTORY = frozenset({"clusters", "completion", "explain", "help", "release", "sandbox", "version"})
_GROUPS = frozenset(
    {"inventory", "job", "key", "model", "mute", "objects", "route", "runs", "secrets", "serving", "session"}
)
_NO_STATE = frozenset({"inventory", "key", "objects", "route", "secrets"})
_SPEAKS_OF_CODES = frozenset({"explain", "logs"})
"""Verbs whose output may name a code that nothing has raised."""
BETWEEN_CHECKS = 3.0
"""Seconds between two checks of who waits for something: each takes 2 s of the processors that are waited for."""
LOADED_SECONDS = 600.0
"""How long a wait goes on where the machine of the tests has more work than it can do."""
DEFECT = 70
"""Exit status of a verb that met an error which it does not know."""


Out = tuple[int | IO[str], int | IO[str]]
PIPES: Out = (subprocess.PIPE, subprocess.PIPE)


@dataclass
class Done:
    """A finished run."""

    status: int
    out: str
    err: str
    seconds: float

    def ensure_no_defect(self) -> None:
        """It ended with an answer, good or bad."""
        ensure_no_defect(self.status, str(self))

    def __str__(self) -> str:
        return f"exit {self.status} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


def ensure_no_defect(status: int, text: str) -> None:
    """No verb ended with an error that it does not know, and no interpreter printed where.

    A traceback of ours begins its line; what a service has logged, and what a node says, comes after something else.
    """
    assert status != DEFECT, text
    assert not re.search(r"^Traceback", text, re.MULTILINE), text


@dataclass
class Program:
    """fatecloud with one inventory and one state directory."""

    inventory: Path
    state: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    """Everything that was ever printed, for the search for planted secrets."""
    command: tuple[str, ...] = (PROGRAM,)
    """How it is started."""

    def argv(self, *words: str) -> list[str]:
        """Command line of a verb on the inventory."""
        if words[0] in _NO_INVENTORY or words[:2] == ("inventory", "schema"):
            return [*self.command, *words]
        split = 2 if words[0] in _GROUPS else 1
        stateless = words[0] in _NO_STATE or words[:2] in (("mute", "list"), ("mute", "remove"))
        options = [] if stateless else ["--state-dir", str(self.state)]
        return [*self.command, *words[:split], "-i", str(self.inventory), *options, *words[split:]]

    def start(self, *words: str, stdin: int = subprocess.DEVNULL, out: Out = PIPES) -> subprocess.Popen[str]:
        """Start a verb in a session of its own, so that it can be killed with or without what it started."""
        return subprocess.Popen(
            self.argv(*words),
            stdin=stdin,
            stdout=out[0],
            stderr=out[1],
            text=True,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )

    @contextmanager
    def asked(self, *words: str, timeout: float = 300) -> Iterator[Callable[[], Done]]:
        """Start a verb on a terminal and wait until it asks. The value answers yes and waits for the end."""
        began = time.monotonic()
        controller, terminal = pty.openpty()
        # Files, because an unread pipe stops the verb once it is full.
        with ExitStack() as stack:
            stack.callback(os.close, controller)
            out, err = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2))
            process = self.start(*words, stdin=terminal, out=(out, err))
            stack.callback(_end, process)
            os.close(terminal)
            while not _content(err).endswith("[y/N] "):
                assert process.poll() is None, f"it ended without a question: {_content(err)}"
                assert time.monotonic() - began < timeout, f"it never asked: {_content(err)}"
                time.sleep(0.05)

            def answer() -> Done:
                os.write(controller, b"y\n")
                process.wait(timeout)
                self.hear(words, _content(out), _content(err))
                return Done(process.returncode, _content(out), _content(err), time.monotonic() - began)

            yield answer

    def run(self, *words: str, timeout: float = 600) -> Done:
        """Run a verb to its end."""
        began = time.monotonic()
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"{' '.join(words)} hung for {timeout} s:\n{out}\n{err}") from None
        self.hear(words, out, err)
        return Done(process.returncode, out, err, time.monotonic() - began)

    def ok(self, *words: str, timeout: float = 600) -> Done:
        """Run a verb that has to succeed."""
        done = self.run(*words, timeout=timeout)
        assert done.status == 0, f"{' '.join(words)}: {done}"
        return done

    def events(self) -> list[dict[str, Any]]:
        """Events of the newest run."""
        runs = sorted(path.parent.name for path in self.state.glob("*/runs/*/events.jsonl"))
        return self.events_of(runs[-1]) if runs else []

    def events_of(self, run: str) -> list[dict[str, Any]]:
        """Events of a run, by its id."""
        (log,) = self.state.glob(f"*/runs/{run}/events.jsonl")
        lines = log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def kill_at(self, reached: Callable[[list[dict[str, Any]]], bool], *words: str, timeout: float = 600) -> bool:
        """Start a verb and SIGKILL the controller alone as soon as its events say so.

        Returns:
            Whether it was killed; False when it ended before.
        """
        before = set(self.state.glob("*/runs/*"))
        process = self.start(*words)
        deadline = time.monotonic() + timeout
        while process.poll() is None:
            assert time.monotonic() < deadline, "the point to kill at was never reached"
            if set(self.state.glob("*/runs/*")) - before and reached(self.events()):
                process.kill()
                break
            time.sleep(0.02)
        self.hear(words, *process.communicate())
        return process.returncode == -signal.SIGKILL

    def hear(self, words: Sequence[str], out: str, err: str) -> None:
        """Keep what a verb has printed, and note the codes in it."""
        self.said += [out, err]
        if words[0] not in _SPEAKS_OF_CODES:
            for text in (out, err):
                RAISED.hear(" ".join(words), text)

    def report(self, *options: str) -> dict[str, Any]:
        """What `check` finds, as data."""
        done = self.run("check", "-o", "json", *options)
        try:
            report: dict[str, Any] = json.loads(done.out)
        except ValueError:
            raise AssertionError(f"check printed no JSON: {done}") from None
        report["status"] = done.status
        return report

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = 90) -> dict[str, Any]:
        """Check until the report is as wanted, or give the last one.

        Args:
            wanted: whether it is.
            timeout: seconds, and as many again after each report that a node was too loaded to be judged.
        """
        began = time.monotonic()
        deadline, longest = began + timeout, began + max(timeout, LOADED_SECONDS)
        while True:
            report = self.report()
            if OVERLOADED in roots(report):
                deadline = min(time.monotonic() + timeout, longest)
            if wanted(report) or time.monotonic() > deadline:
                return report
            time.sleep(BETWEEN_CHECKS)


def roots(report: dict[str, Any]) -> set[str]:
    """Codes of the findings that nothing else explains."""
    return {finding["code"] for finding in report["findings"] if not finding["caused_by"]}


def _content(file: IO[str]) -> str:
    """All of it, without moving the offset at which the other process writes."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
