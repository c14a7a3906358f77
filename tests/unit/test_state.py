"""What a controller keeps about a cluster, and what it reports when it cannot."""

import errno
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from fatecloud.errors import RunError
from fatecloud.model.event import Event
from fatecloud.state import killed, runs
from fatecloud.state.directory import cluster_directory, controller_id
from fatecloud.state.runs import RunLog
from fatecloud.workflow import recorded as recording

NAMED = {"cluster": SimpleNamespace(name="demo"), "options": SimpleNamespace(inventory=Path("inventory.yml"))}
"""What a run notes of its cluster."""


def test_a_controller_keeps_its_id_and_shares_it_with_no_other(tmp_path: Path) -> None:
    one, other = (cluster_directory("demo", tmp_path / name) for name in ("one", "other"))
    assert controller_id(one) == controller_id(one) != controller_id(other)
    assert (one / "controller").stat().st_mode & 0o777 == 0o600


def test_a_run_is_recorded_without_secrets(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "deploy", ["fatecloud", "hunter2"], lambda text: text.replace("hunter2", "***"))
    log.record(Event("ok", "it is hunter2"))
    log.finish("done")
    kept = (log.directory / "events.jsonl").read_bytes() + (tmp_path / "state.db").read_bytes()
    assert b"***" in kept
    assert b"hunter2" not in kept


def outcomes(directory: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(directory / "state.db")) as connection:
        return dict(connection.execute("select id, outcome from runs"))


KILLED = """\
import os, signal, sys
from pathlib import Path
from fatecloud.model.event import Event
from fatecloud.state.runs import RunLog
log = RunLog(Path(sys.argv[1]), "deploy", [], str)
log.record(Event("task", "Ship artifacts"))
log.record(Event("ok", "Ship artifacts", node="n1"))
print(log.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_run_says_which_one_was_killed_and_where(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    run = done.stdout.strip()
    living = RunLog(tmp_path, "restart", [], str)
    (found,) = living.killed
    assert (found.id, found.verb, found.doing) == (run, "deploy", "Ship artifacts")
    assert abs(found.at - time.time()) < 60
    assert outcomes(tmp_path) == {run: "killed", living.id: None}
    other = RunLog(tmp_path, "deploy", [], str)
    assert other.killed == ()
    living.finish("done")
    other.finish("done")


def test_a_run_that_ends_while_another_looks_for_the_killed_is_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = RunLog(tmp_path, "deploy", [], str)
    is_alive = killed.is_alive

    def ends_meanwhile(state: Path, run: str) -> bool:
        ending.finish("done")
        return is_alive(state, run)

    monkeypatch.setattr(killed, "is_alive", ends_meanwhile)
    assert killed.bury(tmp_path) == ()
    assert outcomes(tmp_path) == {ending.id: "done"}


def test_a_run_keeps_its_lock_until_its_end_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = RunLog(tmp_path, "deploy", [], str)
    seen = []

    def execute(*_: object) -> list[tuple[str]]:
        seen.append(killed.is_alive(tmp_path, ending.id))
        return []

    monkeypatch.setattr(runs, "execute", execute)
    ending.finish("done")
    assert seen == [True]
    assert not killed.is_alive(tmp_path, ending.id)


def test_a_run_that_another_one_finds_killed_is_shown_and_so_is_the_cause_of_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], capture_output=True, check=False)
    monkeypatch.setattr(recording, "ansible_run", no_nodes)
    session = SimpleNamespace(state=tmp_path, **NAMED, redact=lambda text: text.replace("hunter2", "***"))
    reported: list[str] = []
    failing = recording.recorded(session, "deploy", [], lambda event: reported.append(event.text))  # type: ignore[arg-type]
    with pytest.raises(RunError), failing:
        raise RunError("n1: it is hunter2")
    (text,) = reported
    assert re.search(r"run \S+ \(deploy, by \S+\) was killed at [-0-9]+ [:0-9]+, in: Ship artifacts$", text)
    newest = max((tmp_path / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
    assert "n1: it is ***" in (newest / "events.jsonl").read_text().splitlines()[-1]
    assert sorted(outcomes(tmp_path).values(), key=str) == ["failed", "killed"]


def test_a_broken_history_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database " * 100)
    with pytest.raises(RunError, match="history"):
        RunLog(tmp_path, "deploy", [], str)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        RunLog(tmp_path / "file", "deploy", [], str)


def a_run(directory: Path, number: int) -> RunLog:
    log = RunLog(directory, "deploy", [], str)
    # Runs of one second are in no order; these are.
    log.directory.rename(log.directory.with_name(f"run-{number}"))
    with closing(sqlite3.connect(directory / "state.db")) as connection, connection:
        connection.execute("update runs set id=? where id=?", (f"run-{number}", log.id))
    log.id = f"run-{number}"
    log.directory = log.directory.with_name(log.id)
    (log.directory / "project").mkdir()
    return log


def test_projects_are_kept_of_the_newest_runs_and_events_of_all(tmp_path: Path) -> None:
    going_on = a_run(tmp_path, 0)
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection, connection:
        connection.execute("update runs set started=1 where id=?", (going_on.id,))
    dead = a_run(tmp_path, 1)
    dead._events.close()
    for number in range(2, 9):
        a_run(tmp_path, number).finish("done")
    assert sorted(path.parent.name for path in tmp_path.glob("runs/*/project")) == [
        f"run-{number}" for number in (0, 4, 5, 6, 7, 8)
    ]
    assert len(list(tmp_path.glob("runs/*/events.jsonl"))) == 9
    for log in (going_on, dead):
        log.finish("interrupted")


@contextmanager
def no_nodes(*_: object) -> Iterator[None]:
    yield


def test_a_full_disk_under_the_history_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recording, "ansible_run", no_nodes)
    session = SimpleNamespace(state=tmp_path, **NAMED, redact=str)
    reported: list[str] = []
    with recording.recorded(session, "deploy", [], lambda event: reported.append(event.text)) as run:  # type: ignore[arg-type]
        monkeypatch.setattr(RunLog, "record", full)
        run.events(Event("ok", "one"))
        run.events(Event("ok", "two"))
        (tmp_path / "state.db").write_text("no database " * 100)
    assert reported[:3] == ["the log of this run is incomplete: cannot write it: No space left on device", "one", "two"]
    assert "history" in reported[3]
