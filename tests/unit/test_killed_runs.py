"""What a killed run left is found, taken over and reported by the next one."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import healthy_documents, observed, the_desired
from sessions import patch_deploy, stand_in

from fatecloud.model.event import Event
from fatecloud.model.finding import Report
from fatecloud.model.plan import Plan
from fatecloud.runner.outcome import Outcome
from fatecloud.runner.scratch import clear_after, scratch_in
from fatecloud.state.killed import last_failure
from fatecloud.state.runs import RunLog
from fatecloud.workflow import ansible, deploy, needed_secrets
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.failure import failure
from fatecloud.workflow.options import Options

LEASE = {"run": "r0", "owner": "ops@here", "controller": "c1", "process": {}, "expires": 0}


def deployed(monkeypatch: pytest.MonkeyPatch, state: Path, lease: dict[str, Any] | None) -> tuple[list[str], list[str]]:
    """Deploy where everything is as it should be. The plays that ran, and the messages."""
    documents = healthy_documents()
    documents["a1"]["lease"] = lease
    plays: list[str] = []
    reported: list[str] = []

    @contextmanager
    def recorded(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(
            ansible=SimpleNamespace(play=lambda name, *_: plays.append(name)),
            events=lambda event: reported.append(event.text),
            interruption=SimpleNamespace(check=lambda: None),
        )

    desired = the_desired()
    session = stand_in(desired, state=state)
    monkeypatch.setattr(needed_secrets, "needed_secrets", lambda _desired: ())
    patch_deploy(
        monkeypatch,
        load_session=lambda *_a, **_k: session,
        observe=lambda *_a, **_k: observed(documents),
        departed_notes=lambda _: (),
        ask_moved=lambda *_a, **_k: None,
        judge_preflight=lambda *_: Report("demo", 0.0, 0.0, 1, (), ()),
        plan_from=lambda *_: Plan("demo", (), (), proof=()),
        wait_until_free=lambda *_: False,
        recorded=recorded,
    )
    ui: Any = type("Ui", (), {"__call__": lambda _self, _event: None, "plan": lambda _self, _plan: None})()
    assert deploy.deploy_cluster(Options(Path("inventory.yml")), DeployOptions(), ui, None) == 0
    return plays, reported


def test_a_run_that_was_killed_at_its_very_end_is_ended_by_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plays, reported = deployed(monkeypatch, tmp_path, LEASE)
    assert plays == ["lease.yml"]
    assert reported == ["no changes; released the node locks"]


def test_nothing_to_do_on_free_nodes_runs_no_ansible(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert deployed(monkeypatch, tmp_path, None) == ([], [])


def test_a_takeover_names_the_previous_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(_project: Path, _playbook: str, *, on_event: Any, **_: Any) -> Outcome:
        answer = {"changed": True, "taken_from": LEASE}
        on_event(Event("changed", "Take the lease", node="n1", detail=json.dumps(answer)))
        on_event(Event("changed", "Take the lease", node="n2", detail=json.dumps(answer | {"taken_from": None})))
        return Outcome("successful", 0, (), {}, {})

    reported: list[Event] = []
    monkeypatch.setattr(ansible, "project", lambda *_: None)
    monkeypatch.setattr(ansible, "run_playbook", play)
    session = stand_in(the_desired(), state=tmp_path)
    log: Any = SimpleNamespace(id="r1", directory=tmp_path, project=tmp_path / "project")
    interruption: Any = SimpleNamespace(event=threading.Event())
    with ansible.ansible_run(session, log, reported.append, interruption) as run:
        run.play("lease.yml", releases=True)
    notes = [(event.node, event.text) for event in reported if event.kind == "note"]
    assert notes == [("n1", "taken over from run r0 of ops@here, which never released it")]


@pytest.mark.parametrize(("number", "memory"), [(signal.SIGKILL, True), (signal.SIGSEGV, False)])
def test_an_ansible_that_was_ended_from_outside_is_reported(number: signal.Signals, memory: bool) -> None:  # noqa: FBT001
    error = failure(Outcome("failed", 128 + number, (), {}, {}))
    assert error.message.startswith(f"Ansible was ended by {number.name}, which fatecloud did not send")
    assert ("memory" in error.message) is memory
    assert "run the same command again" in error.remedy
    assert "ended with status failed (250)" in failure(Outcome("failed", 250, (), {}, {})).message
    assert "ended with status timeout (143)" in failure(Outcome("timeout", 143, (), {}, {})).message


def test_what_the_last_deploy_failed_of_is_known_until_one_succeeds(tmp_path: Path) -> None:
    def a_run(verb: str, outcome: str, *events: Event) -> str:
        log = RunLog(tmp_path, verb, (), str)
        for event in events:
            log.record(event)
        log.finish(outcome)
        return log.id

    assert last_failure(tmp_path, "deploy") is None
    failed = Event("failed", "a1: Build the environment: it asks for an executable stack")
    ours = a_run("deploy", "failed", Event("failed", "Build: no", node="a1"), failed)
    a_run("stop", "done")
    found = last_failure(tmp_path, "deploy")
    assert found is not None
    assert (found["run"], found["error"]) == (ours, failed.text)
    a_run("deploy", "killed", Event("task", "Ship artifacts"))
    killed = last_failure(tmp_path, "deploy")
    assert killed is not None
    assert killed["error"] == "it ended in: Ship artifacts"
    a_run("deploy", "done")
    assert last_failure(tmp_path, "deploy") is None


def test_the_temporary_files_of_a_killed_run_are_found_and_removed(tmp_path: Path) -> None:
    for artifacts in (tmp_path / "r0" / "ansible", tmp_path / "r1" / "ansible"):
        artifacts.mkdir(parents=True)
    with scratch_in(tmp_path / "r0" / "ansible") as dead, scratch_in(tmp_path / "r1" / "ansible") as alive:
        (dead / "bundle.tar").touch()
        clear_after(tmp_path / "r0" / "ansible")
        assert (dead.exists(), alive.exists()) == (False, True)
    assert not alive.exists()
    clear_after(tmp_path / "r1" / "ansible")
