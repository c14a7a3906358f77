"""A run that was started to survive the end of its terminal survives it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_RUN = """
import os, signal
from fatecloud.workflow.interrupt import interruptible

with interruptible() as interruption:
    os.kill(os.getpid(), signal.{name})
    print("interrupted" if interruption.event.wait(0.2) else "goes on", flush=True)
"""


@pytest.mark.parametrize(
    ("start", "name", "end"),
    [
        (("nohup",), "SIGHUP", "goes on"),
        (("env", "--default-signal=HUP"), "SIGHUP", "interrupted"),
        (("env", "--default-signal=TERM", "nohup"), "SIGTERM", "interrupted"),
        (("env", "--ignore-signal=INT"), "SIGINT", "goes on"),
    ],
)
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(start: tuple[str, ...], name: str, end: str) -> None:
    done = subprocess.run(
        [*start, sys.executable, "-c", _RUN.format(name=name)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, end), done.stderr
