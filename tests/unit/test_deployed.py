"""A verb that finds nothing deployed says so, changes nothing and names the next step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from check_world import ENGINE, FRONT, STORE, Documents, healthy_documents, observed, the_desired

from fatecloud.errors import NotDeployed, RunError
from fatecloud.model.event import Event
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.selection import Selection
from fatecloud.workflow import deployed, destroy, leases, proving, services
from fatecloud.workflow.deployed import deployed_of, nothing_deployed, require_deployed
from fatecloud.workflow.options import Options
from fatecloud.workflow.session import Session

ALL = (ENGINE, FRONT, STORE)


def cleared(*nodes: str) -> Documents:
    """Documents of nodes from which the cluster was removed."""
    documents = healthy_documents()
    for name in nodes:
        states = documents[name]["services"]
        documents[name] |= {"manifest": None, "services": {key: {"state": "absent"} for key in states}}
    return documents


def test_services_are_there_by_their_record_or_by_their_unit() -> None:
    notes: list[Event] = []
    assert deployed_of(the_desired(), observed(healthy_documents()), ALL, notes.append) == ALL
    without_record = healthy_documents()
    without_record["a1"]["manifest"] = None
    assert deployed_of(the_desired(), observed(without_record), ALL, notes.append) == ALL
    assert notes == []


def test_what_is_not_deployed_is_named_and_left_out() -> None:
    notes: list[Event] = []
    assert deployed_of(the_desired(), observed(cleared("a2")), ALL, notes.append) == (ENGINE, FRONT)
    assert [event.text for event in notes] == [f"not deployed: {STORE}; run fatecloud deploy"]


@pytest.mark.parametrize(("keys", "message"), [(ALL, "nothing is deployed here"), ((STORE,), f"not deployed: {STORE}")])
def test_where_nothing_is_deployed_that_is_the_answer(keys: tuple[str, ...], message: str) -> None:
    with pytest.raises(NotDeployed, match=message) as refusal:
        deployed_of(the_desired(), observed(cleared("a1", "a2")), keys, lambda _: None)
    assert (refusal.value.remedy, refusal.value.exit_status) == ("fatecloud deploy", 3)


def test_every_node_that_cannot_be_read_is_named() -> None:
    lost = {name: Unreachable(name, "NODE_UNREACHABLE", "is not reached") for name in ("a1", "a2")}
    with pytest.raises(RunError, match="a1: is not reached\na2: is not reached"):
        deployed_of(the_desired(), observed({}, lost), ALL, lambda _: None)
    assert not nothing_deployed(the_desired(), observed({}, lost))


class Ui:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: Event) -> None:
        self.lines.append(event.text)

    def plan(self, plan: Any) -> None: ...

    def report(self, report: Any) -> None: ...

    def say(self, text: str) -> None:
        self.lines.append(text)

    def ask(self, question: str) -> str:
        raise AssertionError(question)


class World:
    """A cluster, and what a run reports of its services."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: Any, documents: Documents) -> None:
        self.ui, self.plays = Ui(), list[str]()
        self.changes: dict[str, list[str]] = {}
        desired = the_desired()
        self.session = SimpleNamespace(cluster=desired.cluster, desired=desired, resolved=desired, state=tmp_path)
        monkeypatch.setattr(module, "load_session", lambda *_a, **_k: self.session)
        monkeypatch.setattr(module, "observe", lambda *_a, **_k: observed(documents))
        monkeypatch.setattr(module, "refuse_strangers", lambda *_: None, raising=False)
        monkeypatch.setattr(module, "refuse_or_wait", lambda *_a, **_k: None, raising=False)
        monkeypatch.setattr(module, "recorded", self.recorded, raising=False)

    @contextmanager
    def recorded(self, _session: Any, _verb: str, _argv: Any, listener: Any, *_: Any) -> Iterator[Any]:
        def play(name: str, *_: Any, **__: Any) -> None:
            self.plays.append(name)
            for key, done in self.changes.items():
                kind: Any = "changed" if done else "ok"
                listener(Event(kind, "Bring it up", "a1", key, json.dumps({"done": done}) if done else ""))

        yield SimpleNamespace(ansible=SimpleNamespace(play=play), events=listener)


def act(world: World, verb: str, **times: Any) -> None:
    services.act_on_services(
        Options(Path("inventory.yml")),
        verb,
        Selection(),
        world.ui,
        confirm=None,
        interrupt_jobs=False,
        wait_jobs=None,
        argv=(),
        **times,
    )


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
def test_no_play_runs_where_nothing_is_deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str) -> None:
    world = World(monkeypatch, tmp_path, services, cleared("a1", "a2"))
    with pytest.raises(NotDeployed):
        act(world, verb)
    assert world.plays == []


@pytest.mark.parametrize(
    ("verb", "before", "now"), [("start", "already running", "started"), ("stop", "already stopped", "stopped")]
)
def test_what_was_as_wanted_before_is_kept_apart_from_what_was_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str, before: str, now: str
) -> None:
    world = World(monkeypatch, tmp_path, services, healthy_documents())
    world.changes = {ENGINE: [verb], FRONT: [], STORE: ["enable"]}
    act(world, verb)
    assert world.plays == [f"{verb}.yml"]
    assert world.ui.lines[-2:] == [f"{now}: {ENGINE}", f"{before}: {FRONT}, {STORE}"]


def test_what_a_new_supervisord_started_by_itself_was_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    documents = healthy_documents()
    documents["a1"]["services"][ENGINE]["state"] = "absent"
    documents["a1"]["services"][FRONT]["state"] = "stopped"
    world = World(monkeypatch, tmp_path, services, documents)
    world.changes = {ENGINE: ["supervisord", "reload"], FRONT: [], STORE: ["reload"]}
    act(world, "start")
    assert world.ui.lines[-2:] == [f"started: {ENGINE}, {FRONT}", f"already running: {STORE}"]


def waited(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    """A run holds a node at the first reading; when it has ended, nothing is deployed any more."""
    held = healthy_documents()
    lease = {
        "run": "r1",
        "owner": "eve",
        "controller": "c2",
        "process": {},
        "expires": held["a2"]["clock"]["epoch"] + 90,
    }
    held["a2"]["lease"] = lease
    readings = [observed(held), observed(cleared("a1", "a2"))]
    monkeypatch.setattr(module, "observe", lambda *_a, **_k: readings.pop(0))
    monkeypatch.setattr(leases, "observe", lambda *_a, **_k: observed(cleared("a1", "a2")))
    monkeypatch.setattr(leases, "POLL", 0)


def test_the_nodes_have_as_long_to_answer_as_the_operator_gave(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[float] = []

    def observe(*_: Any, deadline: float, **__: Any) -> Observed:
        asked.append(deadline)
        return observed(cleared("a1", "a2"))

    for module in (services, destroy):
        world = World(monkeypatch, tmp_path, module, {})
        monkeypatch.setattr(module, "observe", observe)
        if module is destroy:
            destroyed(world, deadline=7.0)
        else:
            with pytest.raises(NotDeployed):
                act(world, "stop", deadline=7.0)
    monkeypatch.setattr(deployed, "observe", observe)
    with pytest.raises(NotDeployed):
        require_deployed(cast("Session", world.session), ALL, 7.0)
    assert asked == [7.0, 7.0, 7.0]


def test_a_verb_that_waited_acts_on_what_the_other_run_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path, services, {})
    waited(monkeypatch, services)
    with pytest.raises(NotDeployed):
        act(world, "stop", wait_lock="1m")
    world = World(monkeypatch, tmp_path, destroy, {})
    waited(monkeypatch, destroy)
    assert destroyed(world, wait_lock="1m") == 0
    assert world.ui.lines[-1] == "nothing is deployed here, so there is nothing to remove"
    assert world.plays == []


def test_a_test_job_is_not_started_where_nothing_is_deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path, proving, cleared("a1", "a2"))
    options = Options(Path("inventory.yml"))
    with pytest.raises(NotDeployed, match="nothing is deployed here"):
        proving.prove_cluster(options, "toy", None, None, deadline=60, wait_lock=None, ui=world.ui, argv=())


def destroyed(world: World, **times: Any) -> int:
    return destroy.destroy_cluster(
        Options(Path("inventory.yml")),
        world.ui,
        remove_data=False,
        interrupt_jobs=False,
        wait_jobs=None,
        name="demo",
        argv=(),
        **times,
    )


def test_a_second_destroy_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path, destroy, cleared("a1", "a2"))
    assert destroyed(world) == 0
    assert (world.plays, world.ui.lines) == ([], ["nothing is deployed here, so there is nothing to remove"])


def test_data_that_were_kept_can_still_be_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    documents = cleared("a1", "a2")
    documents["a2"]["manifest"] = {"layout": 2, "directories": ["/data/fate/data"], "services": {}}
    world = World(monkeypatch, tmp_path, destroy, documents)
    monkeypatch.setattr(destroy, "blast_radius", lambda *_a, **_k: "")
    monkeypatch.setattr(destroy, "forget_cluster", lambda *_: None)
    assert destroyed(world) == 0
    assert world.plays == ["destroy.yml"]
