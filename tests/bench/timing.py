"""Whole processes, timed side by side: seconds, CPU and memory of each, and ratios of what ran in the same round."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL = 0.05


class BenchError(Exception):
    """Something that was to be measured did not do its work."""


@dataclass(frozen=True)
class Sample:
    """One run of one program."""

    seconds: float
    cpu: float
    """CPU seconds of the process and of what it waited for, user and system."""
    memory: int
    """Highest sum of the proportional set sizes of all its processes, bytes; 0 where it was not watched."""
    out: str
    status: int


@dataclass(frozen=True)
class Figure:
    """A median and how far the rounds lay apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Figure of one value per round."""
        return cls(statistics.median(values), min(values), max(values))


def run(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    statuses: Sequence[int] = (0,),
    watch: bool = False,
    timeout: float = 3600,
) -> Sample:
    """Run a program to its end.

    Args:
        argv: command line.
        environment: additional variables.
        directory: where it runs.
        statuses: exit statuses with which its work is done.
        watch: whether its memory is looked at while it runs; costs a few per cent of one core.
        timeout: seconds after which it and what it started are killed.

    Raises:
        BenchError: it ended otherwise; the message has the last lines that it printed.
    """
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=_surroundings() | dict(environment or {}),
            start_new_session=True,
        )
        killer = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
        killer.start()
        peak = _Peak(process.pid) if watch else None
        try:
            _, state, usage = os.wait4(process.pid, 0)
        except BaseException:  # the bench was asked to end, and its nodes will be removed
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            killer.cancel()
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(state)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if process.returncode not in statuses:
        raise BenchError(f"{' '.join(map(str, argv))}: status {process.returncode}\n{text[-3000:]}")
    memory = peak.stop() if peak else 0
    return Sample(seconds, usage.ru_utime + usage.ru_stime, memory, text, process.returncode)


def _surroundings() -> dict[str, str]:
    """Our environment, without the variable that makes Python compile our own modules again at every start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def interleaved(rounds: int, contenders: Mapping[str, Callable[[], Sample]]) -> dict[str, list[Sample]]:
    """Let the contenders run in turns, so that other work on the machine affects them equally.

    Every second round goes backwards, so that none is always the one that runs after another's dust.
    """
    taken: dict[str, list[Sample]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name in list(contenders) if turn % 2 == 0 else reversed(list(contenders)):
            taken[name].append(contenders[name]())
    return taken


def ratio(subject: Sequence[Sample], yardstick: Sequence[Sample]) -> Figure:
    """How many times as long as the yardstick the subject took, round by round."""
    return Figure.of([one.seconds / other.seconds for one, other in zip(subject, yardstick, strict=True)])


class _Peak:
    """Watches the processes of one session, in a thread."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._highest = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self._highest

    def _watch(self) -> None:
        while not self._over.wait(_POLL):
            self._highest = max(self._highest, sum(map(_proportional, _members(self._session))))


def _members(session: int) -> list[int]:
    """Processes whose session this is, and those that were begun by them in sessions of their own."""
    parents: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        parents[int(entry.name)] = (int(fields[1]), int(fields[3]))

    def ours(pid: int) -> bool:
        while pid in parents:
            parent, of_session = parents[pid]
            if session in {pid, of_session}:
                return True
            pid = parent
        return False

    return [pid for pid in parents if ours(pid)]


def _proportional(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended meanwhile
    return 0
