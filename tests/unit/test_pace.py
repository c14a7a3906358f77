"""A long step shows its count, the time so far, and how long it took the last time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fatecloud.model.event import Event
from fatecloud.report.pace import Pace
from fatecloud.state.durations import past_durations


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def building(seconds: float = 0.0) -> tuple[Clock, Pace]:
    clock = Clock()
    pace = Pace(clock)
    pace(Event("task", "Build", seconds=seconds))
    for node in ("n1", "n2"):
        pace(Event("begun", "Build", node=node))
    return clock, pace


def test_a_short_step_has_its_name_alone() -> None:
    clock, pace = building()
    clock.now += 1
    assert pace.text == "Build"
    assert pace.due() == ""


def test_nodes_that_are_done_are_counted() -> None:
    clock, pace = building()
    pace(Event("changed", "Build", node="n1"))
    clock.now += 90
    assert pace.text == "Build (1 of 2 nodes, 1 min 30 s)"


def test_the_last_time_says_how_much_is_left() -> None:
    clock, pace = building(seconds=360)
    clock.now += 60
    assert pace.text == "Build (0 of 2 nodes, 1 min, about 5 min left)"
    clock.now += 400
    assert pace.text == "Build (0 of 2 nodes, 7 min 40 s, 6 min the last time)"


def test_where_no_line_is_redrawn_there_is_one_every_thirty_seconds() -> None:
    clock, pace = building()
    lines = []
    for _ in range(75):
        clock.now += 1
        lines += [line] if (line := pace.due()) else []
    assert lines == ["still running: Build (0 of 2 nodes, 30 s)", "still running: Build (0 of 2 nodes, 1 min)"]


def test_the_next_step_starts_again_and_a_question_ends_all() -> None:
    clock, pace = building(seconds=360)
    clock.now += 60
    pace(Event("task", "Ship"))
    assert pace.text == "Ship"
    pace.clear()
    clock.now += 60
    assert (pace.text, pace.due()) == ("", "")


def a_run(state: Path, name: str, *events: tuple[float, str, str]) -> None:
    folder = state / "runs" / name
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [{"at": at, "kind": kind, "text": text} for at, kind, text in events]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"at": 9')


def test_the_newest_run_in_which_a_task_took_long_counts(tmp_path: Path) -> None:
    a_run(tmp_path, "1", (0, "task", "Build"), (500, "task", "Ship"), (600, "step", "Services"))
    a_run(tmp_path, "2", (0, "task", "Build"), (400, "task", "Ship"), (450, "failed", "Ship"), (460, "step", "End"))
    a_run(tmp_path, "3", (0, "task", "Build"), (1, "task", "Ship"))
    assert past_durations(tmp_path) == {"Build": 400, "Ship": 100}
    assert past_durations(tmp_path / "none") == {}


def test_a_long_step_is_reported_to_a_log_file_too() -> None:
    program = """
import time
from fatecloud.model.event import Event
from fatecloud.report import pace
pace.EVERY = 0.5
from fatecloud.report.console import Console
with Console() as console:
    console(Event("task", "Build"))
    time.sleep(3.5)
    console(Event("step", "over"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "still running: Build" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("over")
