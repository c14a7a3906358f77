"""The program in surroundings of every kind: terminals of any width, pipes, closed streams.

To start an interpreter costs ten times what most verbs do. So there is one per kind of surroundings, started with the
environment and the kinds of streams that it is about; it forks for every verb, and the fork gets streams of its own.
"""

from __future__ import annotations

import json
import os
import pty
import selectors
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SERVER = """
import fcntl, json, os, socket, sys, termios
control = socket.socket(fileno=int(sys.argv[1]))
from fatecloud.cli.main import main
from fatecloud.cli import verbs
from fatecloud.report import console, document, envelope, look, preflight, secrets, status, table
from fatecloud.workflow import check, deploy, destroy, explain, init, inventory, load, logs, plan, preflight_session
from fatecloud.workflow import prove, quickstart, release, render, sandbox, secrets, services, status
control.send(b"ready")
while True:
    message, given, _, _ = socket.recv_fds(control, 1 << 16, 3)
    if not message:
        os._exit(0)
    job = json.loads(message)
    child = os.fork()
    if not child:
        break
    for number in given:
        os.close(number)
    control.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
control.close()
os.setsid()
for number in (0, 1, 2):
    if number in job["streams"]:
        os.dup2(given[job["streams"].index(number)], number)
for number in given:
    os.close(number)
if job["terminal"]:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.chdir(job["directory"].encode())
sys.argv = ["fatecloud", *(os.fsdecode(word.encode()) for word in job["words"])]
main()
"""
PATIENCE = 60
"""Seconds; a verb that takes longer waits for something that never happens."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the program runs."""

    environment: Mapping[str, str] = field(default_factory=dict)
    columns: int = 0
    """Of a terminal that is all three streams; 0 for none."""
    stdin: str = os.devnull
    stdout: str = "pipe"
    """A file, `pipe` for one that is read to its end, `head` for a reader of one line; for both streams: `closed`."""
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a verb did."""

    status: int
    out: str
    """On a terminal, everything."""
    err: str = ""

    @property
    def text(self) -> str:
        """Everything."""
        return self.out + self.err


@dataclass(slots=True)
class _Streams:
    """What a program gets as its streams, by number, and our ends of them."""

    given: dict[int, int] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    terminal: int | None = None


class Program:
    """The program in surroundings, ready to run verbs. Close it in the end."""

    def __init__(self, surroundings: Surroundings, environment: Mapping[str, str]) -> None:
        self.surroundings = surroundings
        self._control, theirs = socket.socketpair()
        self._control.settimeout(PATIENCE)
        with self._streams(reader=False) as streams:
            closed = " ".join(f"{number}>&-" for number in range(3) if number not in streams.given)
            command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", _SERVER, str(theirs.fileno())]
            names = ("stdin", "stdout", "stderr")
            kept: Any = {names[number]: descriptor for number, descriptor in streams.given.items()}
            self._process = subprocess.Popen(
                command, env={**environment, **surroundings.environment}, pass_fds=(theirs.fileno(),), **kept
            )
            theirs.close()
            assert self._control.recv(10) == b"ready"

    def close(self) -> None:
        """End the interpreter."""
        self._control.close()
        assert self._process.wait(PATIENCE) == 0

    def run(self, words: Sequence[str], directory: Path, answers: str = "") -> Shown:
        """Run a verb.

        Args:
            words: its command line.
            directory: where it runs.
            answers: what is typed on the terminal; then its input ends.
        """
        with self._streams() as streams:
            numbers = list(streams.given)
            job = {
                "words": list(words),
                "directory": str(directory),
                "streams": numbers,
                "terminal": streams.terminal is not None,
            }
            socket.send_fds(self._control, [json.dumps(job).encode()], [streams.given[number] for number in numbers])
            for number in numbers:
                os.close(streams.given.pop(number))
            if streams.terminal is not None:
                os.write(streams.terminal, answers.encode() + b"\x04\x04")
            written = _read(streams.read)
            status = int(self._control.recv(10))
        texts = {name: data.decode(self.surroundings.encoding).replace("\r\n", "\n") for name, data in written.items()}
        return Shown(status, texts.get("out", ""), texts.get("err", ""))

    @contextmanager
    def _streams(self, *, reader: bool = True) -> Iterator[_Streams]:
        streams = _Streams()
        where = self.surroundings
        with ExitStack() as open_ends:
            if where.columns:
                master, slave = pty.openpty()
                termios.tcsetwinsize(slave, (24, where.columns))
                streams.terminal, streams.read["out"] = master, master
                streams.given = {0: slave, 1: os.dup(slave), 2: os.dup(slave)}
                open_ends.callback(os.close, master)
            else:
                if where.stdin != "closed":
                    streams.given[0] = os.open(where.stdin, os.O_RDONLY)
                if where.stdout in ("pipe", "head"):
                    streams.read["out"], streams.given[1] = os.pipe()
                elif where.stdout != "closed":
                    streams.given[1] = os.open(where.stdout, os.O_WRONLY)
                streams.read["err"], streams.given[2] = os.pipe()
                if where.stdout == "head" and reader:
                    pipe = streams.read["out"]
                    streams.read["out"], writer = os.pipe()
                    open_ends.enter_context(subprocess.Popen(["head", "-1"], stdin=pipe, stdout=writer))
                    os.close(writer)
                    os.close(pipe)
                for end in streams.read.values():
                    open_ends.callback(os.close, end)
            try:
                yield streams
            finally:
                for end in streams.given.values():
                    os.close(end)


def _read(ends: Mapping[str, int]) -> dict[str, bytes]:
    """Everything that comes out of these, to their ends."""
    written = dict.fromkeys(ends, b"")
    with selectors.DefaultSelector() as selector:
        for name, end in ends.items():
            selector.register(end, selectors.EVENT_READ, name)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            assert ready, f"the program hangs, having written {written}"
            for key, _ in ready:
                try:
                    part = os.read(key.fd, 1 << 16)
                except OSError:  # Linux says EIO when a terminal's last user is gone
                    part = b""
                written[key.data] += part
                if not part:
                    selector.unregister(key.fd)
    return written
