"""What an older release left on the nodes is removed after the new one's smoke test, and never makes a deploy fail."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import Documents, healthy_documents, observed, the_desired
from preflight_world import PYTHON
from sessions import stand_in

from fatecloud.errors import RunError, Unverified
from fatecloud.model.event import Event
from fatecloud.model.plan import Plan
from fatecloud.plan.stores import outdated_stores
from fatecloud.workflow import verify
from fatecloud.workflow.deploy_options import DeployOptions
from fatecloud.workflow.phases import finish
from fatecloud.workflow.phases.state import Deploy

DESIRED = the_desired()
NOW, INTERPRETER = PYTHON.digest[:16], PYTHON.interpreter.sha256[:16]


def holding(a1: dict[str, list[str]], a2: dict[str, list[str]]) -> Documents:
    documents = healthy_documents()
    documents["a1"]["store"] = {"artifacts": {}, "made": dict(a1)}
    documents["a2"]["store"] = {"artifacts": {}, "made": dict(a2)}
    return documents


NOTHING: dict[str, list[str]] = {"venv": [], "python": []}
WANTED = {"venv": [NOW], "python": [INTERPRETER]}


@pytest.mark.parametrize(
    ("a1", "a2", "outdated"),
    [
        (WANTED, NOTHING, ()),
        (NOTHING, NOTHING, ()),
        ({"venv": ["older", NOW], "python": [INTERPRETER]}, NOTHING, ("a1",)),
        ({"venv": ["older"], "python": ["older"]}, NOTHING, ("a1",)),
        (WANTED, {"venv": [], "python": [INTERPRETER]}, ("a2",)),
    ],
)
def test_a_store_is_outdated_when_it_holds_more_than_its_release(a1: Any, a2: Any, outdated: tuple[str, ...]) -> None:
    assert outdated_stores(DESIRED, observed(holding(a1, a2))) == outdated


def test_a_node_that_was_not_read_is_left_alone() -> None:
    documents = holding({"venv": ["older"], "python": []}, NOTHING)
    documents.pop("a1")
    assert outdated_stores(DESIRED, observed(documents)) == ()
    assert outdated_stores(replace(DESIRED, services={}), observed(documents, absent={"store": "no"})) == ()


class Run:
    """A run whose plays succeed or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.played: list[Any] = []
        self.reported: list[str] = []
        self.error: RunError | None = None
        self.ansible = SimpleNamespace(play=self.play)
        self.interruption = SimpleNamespace(check=lambda: None)
        self.outcome = ""
        monkeypatch.setattr(verify, "verify", lambda *_: None)

    def events(self, event: Event) -> None:
        self.reported.append(event.text)

    def play(self, name: str, *, limit: Any) -> None:
        self.played.append((name, limit))
        if self.error:
            raise self.error

    def deploy(self, *outdated: str) -> None:
        documents = holding(WANTED, WANTED)
        for name, document in documents.items():
            document["store"]["made"]["venv"] = ["older"] if name in outdated else []
        session = stand_in(replace(DESIRED, services={}))
        documents["a1"]["store"]["made"]["python"] = documents["a2"]["store"]["made"]["python"] = []
        state = Deploy(session, DeployOptions(), ui=self, confirm=None, until=0)  # type: ignore[arg-type]
        state.observed, state.plan = observed(documents), Plan("demo", (), (), ())
        state.begin(self)  # type: ignore[arg-type]
        for phase in (finish.verify_cluster, finish.clear_stores):
            phase(state)


def test_only_outdated_nodes_are_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)
    run.deploy()
    assert run.played == []
    run.deploy("a1", "a2")
    assert run.played == [("prune.yml", ("a1", "a2"))]


def test_what_cannot_be_cleared_is_reported_and_fails_no_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)
    run.error = RunError("a1: read-only")
    run.deploy("a1")
    assert run.reported == ["could not remove what an older release left: a1: read-only"]


def test_nothing_is_cleared_before_the_new_release_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch)

    def fail(*_: object) -> None:
        raise Unverified("no")

    monkeypatch.setattr(verify, "verify", fail)
    with pytest.raises(Unverified):
        run.deploy("a1")
    assert run.played == []
