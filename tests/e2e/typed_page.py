"""Types the commands of a page into a shell on a terminal, as its reader does, and answers what the program asks."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_MARK = "@@ended"


def commands_of(page: Path) -> list[str]:
    """The commands of a page, in order: every line that is indented by four columns."""
    return re.findall(r"^    (\S.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


class Reader:
    """A shell on a terminal.

    Args:
        directory: where it starts.
        environment: its whole environment.
        answers: what a question ends with -> what is typed then.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str], answers: Mapping[str, str]) -> None:
        self._answers = answers
        self._master, slave = pty.openpty()
        self._shell = subprocess.Popen(
            ["sh"],
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,
        )
        self._terminal = os.ttyname(slave)
        os.close(slave)

    def type(self, command: str, timeout: float) -> tuple[int, str]:
        """Run a command to its end; its exit status and what it printed."""
        assert self._shell.stdin
        # The shell reads its commands from a pipe; each has the terminal for its questions.
        self._shell.stdin.write(f"{command} <{self._terminal}\necho {_MARK} $?\n".encode())
        self._shell.stdin.flush()
        text, asked = "", 0
        for text in self._read(timeout):
            if ended := re.search(rf"{_MARK} (\d+)", text):
                return int(ended[1]), text[: ended.start()]
            for question, answer in self._answers.items():
                if text.rstrip().endswith(question) and len(text) > asked:
                    asked = len(text)
                    os.write(self._master, f"{answer}\n".encode())
        raise AssertionError(f"`{command}` did not end within {timeout} s:\n{text}")

    def close(self) -> None:
        """End the shell and what it started."""
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        if self._shell.stdin:
            self._shell.stdin.close()
        os.close(self._master)

    def _read(self, timeout: float) -> Iterator[str]:
        text, deadline = "", time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._master], [], [], min(left, 1))[0]:
                text += os.read(self._master, 65536).decode(errors="replace").replace("\r\n", "\n")
                yield text
