"""Another run's lease is found before anything is shown, waited for on request, and recorded as what it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import healthy_documents, observed
from preflight_world import NOW
from typer.main import get_group

from fatecloud.cli.verbs import app
from fatecloud.errors import Locked
from fatecloud.model.event import Event
from fatecloud.model.finding import Fix
from fatecloud.model.observed import Observed
from fatecloud.model.selection import Selection
from fatecloud.render.holder import asking, dead
from fatecloud.state.database import select
from fatecloud.state.directory import controller_id
from fatecloud.workflow import leases, preflight_session
from fatecloud.workflow.leases import held_nodes, read_when_free, recording_locked, wait_until_free
from fatecloud.workflow.options import Options


def nodes(**lease: Any) -> Observed:
    documents = healthy_documents()
    plain = {"run": "r1", "owner": "eve@there", "controller": "c2", "process": {}, "expires": NOW + 90}
    documents["a2"]["lease"] = plain | lease if lease.pop("held", True) else None
    return observed(documents)


def test_a_living_run_holds_its_node() -> None:
    (held,) = held_nodes(nodes())
    assert str(held) == "a2: run r1 of eve@there holds this node, for 1 min 30 s unless it is renewed"


def test_a_lease_that_ran_out_or_whose_run_was_killed_holds_nothing() -> None:
    assert held_nodes(nodes(expires=NOW - 1)) == ()
    assert held_nodes(nodes(killed=True)) == ()
    assert held_nodes(nodes(held=False)) == ()


def test_a_lease_of_a_node_without_a_clock_is_compared_with_the_controllers() -> None:
    seen = nodes()
    a2 = seen.reached("a2")
    assert a2
    blind = {name: fact for name, fact in a2.facts.items() if name != "clock"}
    (held,) = held_nodes(replace(seen, nodes={"a2": replace(a2, facts=blind)}))
    assert held.left == NOW + 90 - seen.taken


def session(state: Path) -> Any:
    cluster, options = SimpleNamespace(name="demo"), SimpleNamespace(inventory=state / "inventory.yml")
    return SimpleNamespace(state=state, redact=str, cluster=cluster, options=options)


def test_without_waiting_the_holder_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Locked, match="a2: run r1 of eve@there holds this node") as refusal:
        wait_until_free(session(tmp_path), nodes(), (), 0, lambda _: None)
    assert "--wait-lock" in refusal.value.remedy
    assert not wait_until_free(session(tmp_path), nodes(held=False), (), 0, lambda _: None)


def test_a_run_that_ends_in_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [nodes(), nodes(held=False)]
    events: list[Event] = []
    monkeypatch.setattr(leases, "POLL", 0)
    monkeypatch.setattr(leases, "observe", lambda *_a, **_k: looks.pop(0))
    assert wait_until_free(session(tmp_path), nodes(), (), 60, events.append)
    assert [event.kind for event in events] == ["note", "wait", "wait"]
    assert "run r1 of eve@there" in events[0].text


def test_a_run_that_found_a_lease_is_recorded_as_locked(tmp_path: Path) -> None:
    with pytest.raises(Locked), recording_locked(session(tmp_path), "deploy", (), lambda _: None):
        wait_until_free(session(tmp_path), nodes(), (), 0, lambda _: None)
    assert select(tmp_path, "runs", "select verb, outcome from runs") == [("deploy", "locked")]
    assert controller_id(tmp_path)


def test_after_a_wait_the_nodes_are_read_again_until_no_run_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = [nodes(), nodes(run="r2"), nodes(held=False)]
    last = readings[-1]
    monkeypatch.setattr(leases, "POLL", 0)
    monkeypatch.setattr(leases, "observe", lambda *_a, **_k: nodes(held=False))
    found = read_when_free(session(tmp_path), lambda: readings.pop(0), (), 60, lambda _: None, verb="stop", argv=())
    assert found is last
    readings = [nodes(held=False), nodes()]
    read_when_free(session(tmp_path), lambda: readings.pop(0), (), 60, lambda _: None, verb="stop", argv=())
    assert len(readings) == 1, "without a wait they are read once"


def verbs_with(option: str, group: Any, path: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    for name in group.commands:
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            found |= verbs_with(option, command, (*path, name))
        elif any(option in parameter.opts for parameter in command.params):
            found.add(" ".join((*path, name)))
    return found


def test_each_verb_that_may_find_a_lease_can_wait_for_it() -> None:
    takes_leases = {"deploy", "start", "stop", "restart", "destroy", "preflight", "quickstart", "route undo", "test"}
    serving = {f"serving {verb}" for verb in ("bind", "cache", "publish", "smoke", "unpublish")}
    models = {"model import", "model back"}
    assert verbs_with("--wait-lock", get_group(app)) == takes_leases | serving | models


def test_repairs_wait_for_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plays: list[str] = []
    waits: list[tuple[Any, float]] = []

    @contextmanager
    def recorded(*_: Any) -> Iterator[Any]:
        play = SimpleNamespace(play=lambda name, *_a, **_k: plays.append(name))
        yield SimpleNamespace(ansible=play, interruption=SimpleNamespace(check=lambda: None))

    def preflight(*_: Any, repair: Any, **__: Any) -> None:
        repair((Fix("sysctl", "a2", {}),))

    def read(_session: Any, _read: Any, names: Any, wait: float, *_: Any, **__: Any) -> None:
        assert not plays
        waits.append((list(names), wait))

    found = session(tmp_path)
    found.desired = None
    monkeypatch.setattr(preflight_session, "load_session", lambda *_a, **_k: found)
    found.resolved, found.store = SimpleNamespace(releases={}), SimpleNamespace()
    monkeypatch.setattr(preflight_session, "select_nodes", lambda *_: ())
    monkeypatch.setattr(preflight_session, "preflight", preflight)
    monkeypatch.setattr(preflight_session, "read_when_free", read)
    monkeypatch.setattr(preflight_session, "recorded", recorded)
    options = Options(tmp_path / "inventory.yml")
    asked: dict[str, Any] = {"selection": Selection(), "limit": (), "deadline": 5.0, "fix": True, "confirm": None}
    preflight_session.preflight_cluster(options, lambda _: None, wait_lock="30m", **asked)
    assert (waits, plays) == ([(["a2"], 1800.0)], ["lease.yml", "fix.yml"])


@pytest.mark.parametrize("pid", [None, "1", [1], "../../etc/passwd"])
def test_a_process_that_is_not_a_number_is_not_known_to_be_dead(pid: Any) -> None:
    assert not dead({**asking(os.getpid()), "pid": pid, "boot": "another"})
