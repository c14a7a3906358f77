"""Signals as data: a run that is interrupted ends in an orderly way, with a message that says how to continue."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from fatecloud.errors import Interrupted

Handler = Callable[[int, FrameType | None], Any] | int | None
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Set by the first signal; the second one is left to Python, in case the orderly end hangs."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.name = ""

    def check(self) -> None:
        """Raise Interrupted when a signal came."""
        if self.event.is_set():
            raise Interrupted(
                f"interrupted by {self.name}; a task that a node had begun ends by itself, and no new task starts",
                remedy="run the same command again: it waits for such a task and goes on from here",
            )


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn SIGINT, SIGTERM and SIGHUP into an event while the body runs.

    A signal that this process was started to ignore stays ignored: nohup does that with SIGHUP, and a shell without
    job control does it with SIGINT for what it runs in the background.
    """
    interruption = Interruption()
    before: dict[signal.Signals, Handler] = {}

    def handle(number: int, _: FrameType | None) -> None:
        interruption.name = signal.Signals(number).name
        interruption.event.set()
        # A second Ctrl-C must work even if the orderly end hangs.
        signal.signal(number, before[signal.Signals(number)])

    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            continue
        before[number] = signal.signal(number, handle)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
