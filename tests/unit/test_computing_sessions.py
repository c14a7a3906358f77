"""`session list` and `session kill`, and what they ask on the nodes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from component_world import GOLDEN, service
from typer.testing import CliRunner

from fatecloud.cli.verbs import app
from fatecloud.components.clustermanager import manage_sessions
from fatecloud.components.clustermanager.session_api import EggrollSessions
from fatecloud.errors import FatecloudError, Refused, RunError, UsageError
from fatecloud.model.computing import ComputingSession
from fatecloud.workflow.service_commands import ServiceCommands

JOB = "202611261932145550830"
ROW = {"id": f"{JOB}_toy_0_guest_9999", "status": "ACTIVE", "total": 2, "active": 1, "age": 70, "changed": 60}
Said = dict[str, Any]


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Said, list[tuple[str, ...]]]:
    """What the script on each party's node prints, and how it was called; two parties in the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copy(GOLDEN / "eggroll.yml", "inventory.yml")
    said: Said = {"9999": {"ok": True, "sessions": [ROW]}, "10000": {"ok": True, "sessions": []}}
    asked: list[tuple[str, ...]] = []

    def of(_self: ServiceCommands, asked_service: Any) -> Callable[..., bytes]:
        def run(argv: tuple[str, ...], _stdin: bytes, _seconds: float) -> bytes:
            asked.append((asked_service.id.owner, *argv[3:]))
            return json.dumps(said[asked_service.id.owner]).encode()

        return run

    monkeypatch.setattr(ServiceCommands, "of", of)
    return said, asked


def run(words: str) -> Any:
    return CliRunner().invoke(app, ["session", *words.split()], standalone_mode=False, env={"COLUMNS": "200"})


def test_each_party_is_asked_for_its_open_sessions(nodes: tuple[Said, list[tuple[str, ...]]]) -> None:
    _, asked = nodes
    done = run("list")
    assert (done.return_value, ROW["id"] in done.output, "1 of 2" in done.output) == (0, True, True)
    assert {owner for owner, *_ in asked} == {"9999", "10000"}
    assert "no open sessions" in run("list --owner 10000").output
    (item,) = json.loads(run("list -o json").output)["items"]
    assert item == {"id": ROW["id"], "party": "9999", "status": "ACTIVE", "workers": 2, "started": 1, "age": 70.0}


def test_who_gives_no_answer_is_said(nodes: tuple[Said, list[tuple[str, ...]]]) -> None:
    nodes[0]["9999"] = {"ok": False, "kind": "auth", "error": "access denied"}
    done = run("list")
    assert (done.return_value, "access denied" in done.output) == (3, True)


def test_a_session_is_ended_at_its_party(nodes: tuple[Said, list[tuple[str, ...]]]) -> None:
    done = run(f"kill {ROW['id']} --yes")
    assert done.exception is None, done.exception
    own = str(service("9999/clustermanager@a1", "eggroll").facts["own"]).split(":")
    assert nodes[1][-1] == ("9999", "end", *own, ROW["id"])


def test_an_unknown_session_is_refused_and_nothing_is_ended(nodes: tuple[Said, list[tuple[str, ...]]]) -> None:
    assert isinstance(run("kill 1 --yes").exception, UsageError)
    assert isinstance(run(f"kill {ROW['id']} --owner 10000 --yes").exception, UsageError)
    assert "end" not in {words[1] for words in nodes[1]}


def test_the_question_names_the_job_that_fails(
    nodes: tuple[Said, list[tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def confirm(_self: object, text: str) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr("fatecloud.report.console.Console.confirm", confirm)
    assert isinstance(run(f"kill {ROW['id']}").exception, Refused)
    assert f"job {JOB}" in asked[0]
    nodes[0]["9999"]["sessions"] = [ROW | {"id": "x"}]
    assert isinstance(run("kill x").exception, Refused)
    assert "job" not in asked[1]


def test_what_is_not_ended_is_an_error(nodes: tuple[Said, list[tuple[str, ...]]]) -> None:
    def once_listed(*_: Any) -> Any:
        raise FatecloudError("no answer")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EggrollSessions, "end", once_listed)
        assert isinstance(run(f"kill {ROW['id']} --yes").exception, RunError)


@pytest.mark.parametrize("answer", [None, [], {"ok": True, "sessions": [5]}, {"ok": True, "sessions": [{"id": "x"}]}])
def test_an_answer_of_another_form_is_an_error(answer: object) -> None:
    api = EggrollSessions(service("9999/clustermanager@a1", "eggroll"), lambda *_: json.dumps(answer).encode())
    with pytest.raises(FatecloudError):
        api.sessions()


def test_only_open_sessions_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [ROW, ROW | {"status": "KILLED"}]
    monkeypatch.setattr(manage_sessions, "judge", lambda _: {"ok": True, "sessions": rows})
    assert manage_sessions.listed("conf") == {"ok": True, "sessions": [ROW]}
    monkeypatch.setattr(manage_sessions, "judge", lambda _: {"ok": False, "kind": "auth", "error": "no"})
    assert not manage_sessions.listed("conf")["ok"]


def test_a_session_has_its_workers_and_its_age() -> None:
    said = json.dumps({"ok": True, "sessions": [ROW]}).encode()
    api = EggrollSessions(service("9999/clustermanager@a1", "eggroll"), lambda *_: said)
    assert api.sessions() == (ComputingSession(str(ROW["id"]), "ACTIVE", 2, 1, 70.0),)
