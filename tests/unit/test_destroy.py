"""A destroy reports what it leaves on the nodes."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import STORE, healthy_documents, observed, the_desired
from preflight_world import CLUSTER_ID

from fatecloud.errors import Refused
from fatecloud.model.event import Event
from fatecloud.model.jobs import JobRunner
from fatecloud.workflow import destroy
from fatecloud.workflow.destroy import Left
from fatecloud.workflow.jobs import Answers
from fatecloud.workflow.options import Options


def test_everything_that_stays_is_named_and_nothing_else() -> None:
    passed: list[Event] = []
    left = Left(passed.append)
    answer = {
        "changed": True,
        "kept": ["/data/fate/data/x", "/data/fate/data/x/inner"],
        "left": {"packages": ["nginx-light"], "masked": ["nginx.service"], "users": []},
    }
    events = [
        Event("changed", "Place the files", node="n1", detail=json.dumps({"changed": True, "kept": 3})),
        Event("changed", "Clear the node", node="n1", detail=json.dumps(answer)),
        Event("ok", "Clear the node", node="n2"),
    ]
    for event in events:
        left(event)
    assert passed == events
    assert [line.split(": ", 1)[0] for line in left.lines] == ["n1", "n1", "n1"]
    assert [line.rsplit(": ", 1)[1] for line in left.lines] == ["/data/fate/data/x", "nginx-light", "nginx.service"]


class Asking:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, event: Event) -> None: ...

    def plan(self, plan: Any) -> None: ...

    def report(self, report: Any) -> None: ...

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask(self, question: str) -> str:
        self.said.append(question)
        return "another"


def test_what_the_inventory_has_no_longer_is_shown_and_asked_for_jobs_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    documents = healthy_documents()
    gone = {"home": "/old", "job_api": "http://127.0.0.1:8000"}
    documents["a1"]["manifest"]["services"]["10000/flow@a1"] = gone
    desired, asked = the_desired(), []

    def answer(_session: object, runners: tuple[JobRunner, ...], **_: object) -> Answers:
        asked.append([runner.id.key for runner in runners])
        return Answers((), (), ())

    session = SimpleNamespace(cluster=desired.cluster, desired=desired, state=tmp_path, seen=None)
    monkeypatch.setattr(destroy, "load_session", lambda _options: session)
    monkeypatch.setattr(destroy, "observe", lambda *_a, **_k: observed(documents))
    monkeypatch.setattr(destroy, "active_jobs", answer)
    monkeypatch.setattr(destroy, "refuse_or_wait", answer)
    ui = Asking()
    with pytest.raises(Refused, match="'another' is not the name"):
        destroy.destroy_cluster(
            Options(Path("inventory.yml")),
            ui,
            remove_data=False,
            interrupt_jobs=False,
            wait_jobs=None,
            name=None,
            argv=(),
        )
    lines = ui.said[0].splitlines()
    assert f"  {STORE}" in lines
    assert "  10000/flow@a1, no longer in the inventory" in lines
    assert asked == [["10000/flow@a1"], ["10000/flow@a1"]]


def test_a_second_name_of_a_machine_stops_a_destroy_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    documents = healthy_documents()
    documents["a1"]["manifest"] |= {"id": CLUSTER_ID, "cluster": "demo", "node": "a2"}
    desired = the_desired()
    session = SimpleNamespace(cluster=desired.cluster, desired=desired, state=tmp_path, seen=None)
    monkeypatch.setattr(destroy, "load_session", lambda _options: session)
    monkeypatch.setattr(destroy, "observe", lambda *_a, **_k: observed(documents))
    ui = Asking()
    with pytest.raises(Refused, match="a1: the machine is node a2, which the inventory has too"):
        destroy.destroy_cluster(
            Options(Path("inventory.yml")),
            ui,
            remove_data=False,
            interrupt_jobs=False,
            wait_jobs=None,
            name="demo",
            argv=(),
        )
    assert ui.said == []
