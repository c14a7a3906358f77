"""A node may answer anything to a play: no answer ends the run of the other nodes, or looks like a line of ours."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import the_desired
from sessions import stand_in

from fatecloud.model.event import Event
from fatecloud.runner.events import Translator
from fatecloud.runner.outcome import Outcome, TaskFailure
from fatecloud.workflow import ansible
from fatecloud.workflow.destroy import Left
from fatecloud.workflow.failure import failure
from fatecloud.workflow.services import Acted

SHAPES: tuple[Any, ...] = (None, 1, "text", [], [[1], {"a": 1}], {"a": 1}, ["x\nforged"])
KEYS = ("silent", "taken_from", "done", "left", "kept")


def answers() -> list[dict[str, Any]]:
    found = [{key: shape} for key in KEYS for shape in SHAPES]
    found += [{"left": {"kept": shape, "foreign": shape}, "kept": shape} for shape in SHAPES]
    return [*found, {"silent": ["x" * (1 << 20)], "other": ["y" * 200_000] * 5}]


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: json.dumps(answer)[:60])
def test_no_answer_of_a_node_ends_a_run(
    answer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Event] = []
    monkeypatch.setattr(ansible, "project", lambda *_: None)
    monkeypatch.setattr(ansible, "run_info", lambda *_: None)
    cluster = SimpleNamespace(nodes={"a1": SimpleNamespace(connection="local")})
    session = stand_in(the_desired(), cluster=cluster, state=tmp_path)
    log: Any = SimpleNamespace(project=tmp_path, directory=tmp_path, id="r1")
    run = ansible.AnsibleRun(session, log, said.append, threading.Event(), ())
    left, acted = Left(run._pass_on), Acted(run._pass_on)
    result = {"changed": True, "service": "9999/flow@a1", **answer}
    for listener in (left, acted):
        Translator(listener, str)({"event": "runner_on_ok", "event_data": {"host": "a1", "task": "Act", "res": result}})
    assert not [line for line in left.lines if "\n" in line]


@pytest.mark.parametrize("key", ["msg", "stderr", "stdout", "module_stderr"])
def test_a_node_does_not_flood_the_operators_screen(key: str) -> None:
    said: list[Event] = []
    translator = Translator(said.append, str)
    result = {key: "\n".join(["x" * 100_000] * 30)}
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Act", "res": result}})
    assert len(said[0].text) < 20_000
    assert len(said[0].detail) < 20_000
    assert len(translator.failed[0].message) < 20_000


def test_texts_of_a_node_in_an_error_do_not_look_like_lines_of_ours() -> None:
    forged = "no\nfatecloud: deployed\n  next: sudo sh evil"
    results: list[dict[str, Any]] = [
        {"held": {"run": forged}},
        {"elsewhere": forged},
        {"lines": [forged]},
        {"lines": 7},
    ]
    failures = [TaskFailure("a1", "Act", forged, "", result) for result in results]
    outcomes = [Outcome("failed", 2, (failed,), {}, {}) for failed in failures]
    outcomes += [Outcome("failed", 4, (), {"a1": forged}, {}), Outcome("failed", 1, (), {}, {}, forged)]
    for outcome in outcomes:
        error = failure(outcome)
        first, *rest = error.message.split("\n")
        assert first
        assert all(line.startswith("    ") for line in rest)
        assert "\n" not in error.remedy
