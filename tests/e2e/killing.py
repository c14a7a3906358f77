"""Deploys that are killed: at which points, in which ways, and what they were doing then."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from program import Done, Program
from raised import RAISED

from fatecloud.runner.launcher import descendants, parents
from fatecloud.sandbox.nodes import Sandbox

PLAYBOOK, LAUNCHER = b"ansible-playbook", b"launcher.py"
PATIENCE = 600.0
"""Seconds that a deploy may take to be killed, or to end when something of it was."""


class Way(StrEnum):
    """What is killed."""

    CONTROLLER = "controller alone"
    EVERYTHING = "controller and its group"
    """On one half of the points its process group, on the other also what has left that for a session of its own."""
    ANSIBLE = "only ansible-playbook"
    NODE = "power cut of a node"


@dataclass(frozen=True)
class Point:
    """One kill: what of a deploy, in which work, and where in its course."""

    number: int
    way: Way
    work: str
    event: int
    """Number of events of the deploy after which it comes."""
    delay: float
    """Seconds after that event."""
    node: int
    """Which of the nodes, where one is meant."""

    def __str__(self) -> str:
        which = {Way.EVERYTHING: (" alone", " and the rest")[self.node], Way.NODE: f" {self.node}"}.get(self.way, "")
        return f"{self.number}: {self.way}{which}, {self.work}, event {self.event} + {self.delay} s"


def points(dice: random.Random, count: int, courses: dict[str, tuple[tuple[int, int], float]]) -> list[Point]:
    """Points to kill at. All ways are among four, all works among five, every pair of them among twenty.

    Args:
        dice: they give the same points again if they fall the same.
        count: how many.
        courses: work -> the first and the last event after which it may be killed, and seconds that may pass then.
    """
    ways, works = list(Way), list(courses)
    dice.shuffle(ways)
    dice.shuffle(works)
    # Spread over the whole course, so that a few points are not all at its beginning.
    shares = [(number + dice.random()) / count for number in range(count)]
    dice.shuffle(shares)
    # So late a run holds its nodes: the next one has to take them over.
    alone, last = ways.index(Way.CONTROLLER), shares.index(max(shares))
    shares[alone], shares[last] = shares[last], shares[alone]
    found = []
    for number, share in enumerate(shares):
        work = works[number % len(works)]
        (first, last), delay = courses[work]
        event, wait = first + int(share * (last - first + 1)), round(dice.uniform(0, delay), 1)
        found.append(Point(number, ways[number % len(ways)], work, event, wait, dice.randrange(2)))
    return found


@dataclass(frozen=True)
class Killed:
    """A deploy that something was killed of."""

    run: str
    """Its id."""
    done: Done
    doing: str
    """What it had begun last."""


def killed(program: Program, sandbox: Sandbox, point: Point) -> Killed:
    """Start a deploy, kill at the point, and wait until the controller has ended."""
    before, began = set(_runs(program)), time.monotonic()
    process = program.start("deploy", "--yes")
    strike, which = _STRIKES[point.way], point.node
    while not (new := set(_runs(program)) - before) or len(program.events_of(*new)) < point.event:
        _ensure_alive(process, began, point)
        time.sleep(0.02)
    time.sleep(point.delay)
    _ensure_alive(process, began, point)
    while not strike(process, sandbox, which):
        _ensure_alive(process, began, point)
        time.sleep(0.02)
    (run,) = new
    events = program.events_of(run)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"{point}: the deploy hung:\n{out}\n{err}") from None
    # When it fails, it reports the state in the middle of its work, and any finding is possible there.
    with RAISED.anything() if process.returncode else nullcontext():
        program.hear(("deploy",), out, err)
    done = Done(process.returncode, out, err, time.monotonic() - began)
    begun = [event["text"] for event in events if event["kind"] in ("step", "task")]
    return Killed(run, done, begun[-1] if begun else "")


def _runs(program: Program) -> list[str]:
    return [path.parent.name for path in program.state.glob("*/runs/*/events.jsonl")]


def _ensure_alive(process: subprocess.Popen[str], began: float, point: Point) -> None:
    if process.poll() is not None:
        out, err = process.communicate()
        raise AssertionError(f"{point}: the deploy ended with {process.returncode} before that:\n{out}\n{err}")
    assert time.monotonic() - began < PATIENCE, f"{point}: never reached"


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill_controller(process: subprocess.Popen[str], _sandbox: Sandbox, _which: int) -> bool:
    _kill(process.pid)
    return True


def _kill_everything(process: subprocess.Popen[str], _sandbox: Sandbox, which: int) -> bool:
    rest = descendants(process.pid) if which else ()
    os.killpg(process.pid, signal.SIGKILL)
    for pid in rest:
        _kill(pid)
    return True


def _kill_ansible(process: subprocess.Popen[str], _sandbox: Sandbox, _which: int) -> bool:
    """There may be none at this moment; then the next one."""
    above = parents()
    for pid in descendants(process.pid):
        command, asked_by = _command(pid), _command(above.get(pid, 0))
        if PLAYBOOK in command and LAUNCHER in asked_by and LAUNCHER not in command:
            _kill(pid)
            return True
    return False


def _cut_power(_process: subprocess.Popen[str], sandbox: Sandbox, which: int) -> bool:
    sandbox.restart(sandbox.nodes[which], power_cut=True)
    return True


_STRIKES: dict[Way, Callable[[subprocess.Popen[str], Sandbox, int], bool]] = {
    Way.CONTROLLER: _kill_controller,
    Way.EVERYTHING: _kill_everything,
    Way.ANSIBLE: _kill_ansible,
    Way.NODE: _cut_power,
}
