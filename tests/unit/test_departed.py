"""A node that left the inventory is reported as long as its services may be there, and decides nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, STORE, healthy_documents, observed, the_desired
from preflight_world import CLUSTER_ID, a_node

from fatecloud.errors import Refused, RunError, UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.event import Event
from fatecloud.model.node import Ssh
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.state.directory import cluster_directory
from fatecloud.state.nodes import past_nodes
from fatecloud.workflow.departed import departed_notes, forget_cluster, forget_emptied, forget_node, remember_nodes
from fatecloud.workflow.moved import ask_moved, refuse_example

EVERYWHERE = observed(healthy_documents())


class World:
    """A controller with a history, and inventories that it is used with."""

    def __init__(self, root: Path) -> None:
        self.root, self.state = root, cluster_directory(CLUSTER_ID, root)

    def session(self, desired: Desired, seen: Observed | None = None) -> Any:
        return SimpleNamespace(cluster=desired.cluster, desired=desired, state=self.state, seen=seen)

    def notes(self, desired: Desired, seen: Observed | None = None) -> tuple[str, ...]:
        return departed_notes(self.session(desired, seen))


def without(desired: Desired, *nodes: str) -> Desired:
    """The same without these nodes and what is on them."""
    left = {name: node for name, node in desired.cluster.nodes.items() if name not in nodes}
    services = {key: service for key, service in desired.services.items() if service.id.node not in nodes}
    return replace(desired, cluster=replace(desired.cluster, nodes=left), services=services)


def moved(desired: Desired, **changes: Any) -> Desired:
    """The same with a2 changed."""
    nodes = {**desired.cluster.nodes, "a2": a_node("a2", **changes)}
    return replace(desired, cluster=replace(desired.cluster, nodes=nodes))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    remember_nodes(made.session(the_desired()), EVERYWHERE)
    return made


def test_a_node_that_left_is_noted_and_its_removal_is_not_recommended(world: World) -> None:
    assert world.notes(the_desired()) == ()
    (note,) = world.notes(without(the_desired(), "a2"))
    assert note.startswith("node a2 (10.0.0.2, /data/fate) is no longer in the inventory; an earlier deploy put ")
    assert STORE in note
    assert ENGINE not in note
    assert note.endswith("if the machine is gone or was cleared, run fatecloud inventory forget a2")
    assert "put the node back into the inventory;" in note
    assert not any(word in note for word in ("remove", "destroy", "without services"))


def test_a_base_directory_that_changed_is_a_place_that_was_left(world: World) -> None:
    elsewhere = replace(a_node("a2").paths, base="/srv/fate")
    (note,) = world.notes(moved(the_desired(), paths=elsewhere), EVERYWHERE)
    assert "node a2 (10.0.0.2, /data/fate)" in note


NEW_WAYS = {
    "address": {"address": "10.9.9.9"},
    "port": {"ssh": Ssh("ops", port=2222)},
    "name": {"name": "b7"},
    "all of it": {"name": "b7", "address": "gate.example", "ssh": Ssh("ops", port=40022)},
}


@pytest.mark.parametrize("changes", NEW_WAYS.values(), ids=NEW_WAYS.keys())
def test_a_live_node_with_another_address_port_or_name_has_not_left(world: World, changes: dict[str, Any]) -> None:
    desired = the_desired()
    node = replace(desired.node("a2"), **changes)
    nodes = {"a1": desired.node("a1"), node.name: node}
    renumbered = replace(desired, cluster=replace(desired.cluster, nodes=nodes))
    documents = healthy_documents()
    documents[node.name] = documents.pop("a2")
    assert world.notes(renumbered, observed(documents)) == ()
    remember_nodes(world.session(renumbered), observed(documents))
    assert world.notes(renumbered, observed(documents)) == ()


def test_a_node_that_cannot_be_read_is_taken_for_the_one_of_its_name(world: World) -> None:
    lost = observed(healthy_documents(), {"a2": Unreachable("a2", "NODE_UNREACHABLE", "no")})
    assert world.notes(moved(the_desired(), address="10.9.9.9"), lost) == ()


def test_another_machine_at_another_address_is_another_node(world: World) -> None:
    documents = healthy_documents()
    documents["a2"] |= {"identity": {"machine_id": "another"}, "manifest": None}
    (note,) = world.notes(moved(the_desired(), address="10.9.9.9"), observed(documents))
    assert "node a2 (10.0.0.2, /data/fate)" in note
    assert world.notes(the_desired(), observed(documents)) == (), "reinstalled at its address"


def test_machines_with_a_cloned_id_are_two_nodes_also_after_one_has_left(tmp_path: Path) -> None:
    documents = healthy_documents()
    for document in documents.values():
        document["identity"]["machine_id"] = "cloned"
    clones, world = observed(documents), World(tmp_path)
    for _ in range(2):
        remember_nodes(world.session(the_desired()), clones)
    assert [node.name for node in past_nodes(world.state)] == ["a1", "a2"]
    assert world.notes(moved(the_desired(), address="10.9.9.9"), clones) == ()
    left = without(the_desired(), "a1")
    (note,) = world.notes(left, clones)
    assert note.startswith("node a1 ")
    remember_nodes(world.session(left), clones)
    assert world.notes(left, clones) == (note,)


MOVED = {
    "other machines at other addresses": ("10.9.9.", "another", None, True),
    "other machines at the same addresses": ("10.0.0.", "another", None, False),
    "the same machines at other addresses": ("10.9.9.", "", None, False),
    "other machines that have this cluster's record": ("10.9.9.", "another", CLUSTER_ID, False),
    "other machines of another cluster": ("10.9.9.", "another", "d" * 16, True),
}


@pytest.mark.parametrize(("network", "machine", "record", "asks"), MOVED.values(), ids=MOVED.keys())
def test_an_inventory_without_a_known_machine_asks_once(
    world: World, network: str, machine: str, record: str | None, *, asks: bool
) -> None:
    documents = healthy_documents()
    for name, document in documents.items():
        document["identity"]["machine_id"] = f"{machine}-{name}" if machine else document["identity"]["machine_id"]
        document["manifest"] = {"id": record, "cluster": "demo"} if record else None
    desired = the_desired()
    nodes = {name: replace(node, address=network + name[-1]) for name, node in desired.cluster.nodes.items()}
    session = world.session(replace(desired, cluster=replace(desired.cluster, nodes=nodes)))
    seen = observed(documents)
    questions: list[str] = []

    def yes(question: str) -> bool:
        questions.append(question)
        return True

    ask_moved(session, seen, yes, moved=False)
    assert len(questions) == asks
    if not asks:
        return
    assert "cluster demo (id c3f9a2b1d4e5f607) was deployed on a1 (10.0.0.1, /data/fate), a2" in questions[0]
    ask_moved(session, seen, None, moved=True)
    with pytest.raises(Refused, match="nothing was done") as refusal:
        ask_moved(session, seen, lambda _: False, moved=False)
    assert "fatecloud init --new-id" in refusal.value.remedy
    with pytest.raises(Refused, match="none of these machines is in this inventory") as refusal:
        ask_moved(session, seen, None, moved=False)
    assert "fatecloud deploy --moved" in refusal.value.remedy
    remember_nodes(session, seen)
    ask_moved(session, seen, None, moved=False)


def test_a_first_deploy_asks_nothing_and_an_examples_id_is_refused(tmp_path: Path) -> None:
    session = World(tmp_path).session(the_desired())
    ask_moved(session, EVERYWHERE, None, moved=False)
    refuse_example(session)
    example = replace(the_desired().cluster, id="eeeeee0000000001")
    with pytest.raises(Refused, match="the one of a shipped example") as refusal:
        refuse_example(World(tmp_path).session(replace(the_desired(), cluster=example)))
    assert refusal.value.remedy == "fatecloud init --new-id writes a random one"


def test_what_was_emptied_or_destroyed_is_forgotten(world: World) -> None:
    emptied = replace(the_desired(), services={})
    forget_emptied(
        world.session(replace(the_desired(), services=without(the_desired(), "a2").services)), EVERYWHERE, print
    )
    assert world.notes(without(emptied, "a2")) == ()
    assert [note.split()[1] for note in world.notes(without(emptied, "a1", "a2"))] == ["a1"]
    forget_cluster(world.session(the_desired()), print)
    assert world.notes(without(emptied, "a1", "a2")) == ()


def test_only_nodes_that_answered_and_have_services_are_remembered(tmp_path: Path) -> None:
    world = World(tmp_path)
    documents = healthy_documents()
    documents.pop("a1")
    seen = observed(documents, {"a1": Unreachable("a1", "NODE_UNREACHABLE", "no")})
    remember_nodes(world.session(the_desired()), seen)
    assert [note.split()[1] for note in world.notes(without(the_desired(), "a1", "a2"))] == ["a2"]
    bare = replace(the_desired(), services={})
    other = World(tmp_path / "other")
    remember_nodes(other.session(bare), EVERYWHERE)
    assert other.notes(without(bare, "a1", "a2")) == ()


def test_a_machine_that_is_gone_is_forgotten_on_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left = without(the_desired(), "a1")
    monkeypatch.setattr("fatecloud.inventory.load", lambda _path: left.cluster)
    with pytest.raises(UsageError, match="a2 is not a node that left") as refusal:
        forget_node(Path("i.yml"), world.root, "a2")
    assert refusal.value.remedy == "remembered: a1"
    assert forget_node(Path("i.yml"), world.root, "10.0.0.1") == "forgotten: a1 (10.0.0.1, /data/fate)"
    assert world.notes(left) == ()
    assert FRONT not in str(world.notes(without(the_desired(), "a2")))


def test_reading_makes_no_history_and_a_broken_one_ends_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.notes(the_desired()) == ()
    assert list(world.state.iterdir()) == []
    with closing(sqlite3.connect(world.state / "state.db")) as connection:
        connection.execute("create table other (x)")
    assert world.notes(the_desired()) == ()
    (world.state / "state.db").write_text("no database " * 100)
    (note,) = world.notes(the_desired())
    assert "cannot be read" in note
    reported: list[Event] = []
    forget_cluster(world.session(the_desired()), reported.append)
    assert "cannot be read" in reported[0].text
    with pytest.raises(RunError, match="cannot be read"):
        remember_nodes(world.session(the_desired()), EVERYWHERE)
