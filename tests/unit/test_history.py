"""The history of runs: read without writing, with what each run changed and how it ended."""

import base64
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_state import KILLED

from fatecloud.errors import RunError
from fatecloud.model.event import Event
from fatecloud.report.runs import cluster_entry, clusters_table, run_document, run_log, run_text, runs_table
from fatecloud.state.clusters import known_clusters, note_cluster
from fatecloud.state.database import execute
from fatecloud.state.history import events_of, past_runs
from fatecloud.state.runs import RunLog
from fatecloud.vault.redaction import redactor


def recorded(directory: Path) -> RunLog:
    log = RunLog(directory, "deploy", ["fatecloud", "deploy", "--yes"], str)
    log.record(Event("task", "Ship artifacts"))
    log.record(Event("changed", "Place the files of the service", node="a1", service="9999/flow@a1"))
    log.record(Event("failed", "Wait until it answers: no answer", node="a1"))
    log.finish("failed")
    return log


def test_a_run_names_its_operator_its_place_and_its_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mira")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.5 22")
    log = recorded(tmp_path)
    (run,) = past_runs(tmp_path)
    assert (run.id, run.verb, run.who, run.outcome, run.changed) == (log.id, "deploy", "mira", "failed", 1)
    assert run.origin.endswith("(from 192.0.2.7)")
    assert run.argv == ("fatecloud", "deploy", "--yes")
    assert run.ended is not None
    assert run.ended >= run.started


def test_the_newest_run_comes_first_and_a_living_one_is_running(tmp_path: Path) -> None:
    first = recorded(tmp_path)
    living = RunLog(tmp_path, "stop", [], str)
    assert [(run.id, run.outcome) for run in past_runs(tmp_path)] == [(living.id, "running"), (first.id, "failed")]
    living.finish("done")


def test_a_killed_run_is_shown_as_killed_before_the_next_one_records_it(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    before = (tmp_path / "state.db").read_bytes()
    (run,) = past_runs(tmp_path)
    assert (run.outcome, run.ended) == ("killed", None)
    assert (tmp_path / "state.db").read_bytes() == before, "reading the history must not write it"


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    log = recorded(tmp_path)
    with (log.directory / "events.jsonl").open("a") as file:
        file.write('{"at": 12.5, "kind": "ta')
    assert len(list(events_of(tmp_path, log.id))) == 3


def test_a_history_that_is_damaged_is_an_error_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, and long enough to be read as one" * 30)
    with pytest.raises(RunError, match=r"state\.db cannot be read"):
        past_runs(tmp_path)


def test_a_damaged_history_hides_no_other_cluster(tmp_path: Path) -> None:
    for cluster in ("aaaa", "bbbb", "cccc"):
        (tmp_path / cluster).mkdir()
        note_cluster(tmp_path / cluster, cluster, tmp_path / "inventory.yml")
        recorded(tmp_path / cluster)
    (tmp_path / "bbbb" / "state.db").write_bytes(b"not a database, and long enough to be read as one" * 30)
    execute(tmp_path / "cccc", ("update runs set argv='[half'", ()))
    well, *damaged = sorted(known_clusters(tmp_path), key=lambda one: one.id)
    assert (well.runs, well.error) == (1, "")
    assert [(one.id, one.last, "state.db" in one.error) for one in damaged] == [
        ("bbbb", None, True),
        ("cccc", None, True),
    ]
    shown = clusters_table((well, *damaged), 200)
    assert f"bbbb: {damaged[0].error}" in shown
    assert cluster_entry(damaged[0])["error"] == damaged[0].error


def test_what_a_node_wrote_cannot_drive_the_terminal_that_shows_a_run(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "deploy", [], str)
    log.record(Event("failed", "no\x1b[2J answer\n\x1b]0;title\x07 last line", node="a1"))
    log.finish("failed")
    (run,) = past_runs(tmp_path)
    events = tuple(events_of(tmp_path, log.id))
    for text in (run_text(run, events, 100), "\n".join(run_log(events))):
        assert "\x1b" not in text
        assert "\\x1b[2J answer" in text
        assert "last line" in text


def test_a_text_of_several_lines_cannot_forge_an_event_of_the_log(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "deploy", [], str)
    log.record(
        Event("failed", "no\n2026-11-28 12:00:00 ok          a2: deployed", node="a1", service="x\n2026-11-28 y")
    )
    log.finish("failed")
    lines = [line for text in run_log(events_of(tmp_path, log.id)) for line in text.split("\n")]
    assert len([line for line in lines if line.startswith("20")]) == 1


def test_a_secret_in_base64_after_a_line_break_leaves_the_line_readable(tmp_path: Path) -> None:
    secret = "hunter2-hunter2-hunter2"
    log = RunLog(tmp_path, "deploy", ["--set", secret], redactor(frozenset({secret})))
    log.record(Event("failed", "basic\n" + base64.b64encode(f"flow:{secret}".encode()).decode()))
    log.finish("failed")
    (logged,) = events_of(tmp_path, log.id)
    assert logged.event.text.startswith("basic\n")
    assert logged.event.text.endswith("***")
    assert past_runs(tmp_path)[0].argv == ("--set", "***")


def test_what_is_shown_of_a_run(tmp_path: Path) -> None:
    recorded(tmp_path)
    (run,) = past_runs(tmp_path)
    events = tuple(events_of(tmp_path, run.id))
    text = run_text(run, events, 100)
    assert "fatecloud deploy --yes" in text
    assert "9999/flow@a1: Place the files of the service" in text
    assert "a1: Wait until it answers: no answer" in text
    assert [line.split()[2] for line in run_log(events)] == ["task", "changed", "failed"]
    document = run_document(run, events)
    assert document["started"].endswith("Z")
    assert [event["kind"] for event in document["events"]] == ["task", "changed", "failed"]
    assert run.id in runs_table((run,), 100)


def test_an_empty_history_names_the_verb_that_fills_it(tmp_path: Path) -> None:
    assert past_runs(tmp_path) == ()
    assert "fatecloud deploy" in runs_table((), 100)


def test_clusters_of_one_name_are_two(tmp_path: Path) -> None:
    for cluster, inventory in (("aaaa", "old/inventory.yml"), ("bbbb", "new/inventory.yml")):
        (tmp_path / cluster).mkdir()
        note_cluster(tmp_path / cluster, "demo", tmp_path / "moved.yml")
        note_cluster(tmp_path / cluster, "demo", tmp_path / inventory)
        recorded(tmp_path / cluster)
    one, other = known_clusters(tmp_path)
    assert (one.id, other.id, one.name, other.name) == ("aaaa", "bbbb", "demo", "demo")
    assert one.inventory == str(tmp_path / "old/inventory.yml")
    assert (one.runs, one.last and one.last.outcome) == (1, "failed")
    assert "aaaa" in clusters_table((one, other), 120)


def test_a_controller_without_history_knows_no_clusters(tmp_path: Path) -> None:
    assert known_clusters(tmp_path / "absent") == ()
    assert "fatecloud init" in clusters_table((), 100)
