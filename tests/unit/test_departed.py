"""A node that left the inventory is told about, as long as its services may be there, and decides nothing."""

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

from fatecloud.errors import RunError, UsageError
from fatecloud.model.desired import Desired
from fatecloud.model.event import Event
from fatecloud.model.observed import Unreachable
from fatecloud.state.directory import cluster_directory
from fatecloud.workflow.departed import departed_notes, forget_cluster, forget_emptied, forget_node, remember_nodes

EVERYWHERE = observed(healthy_documents())


class World:
    """A controller with a history, and inventories that it is used with."""

    def __init__(self, root: Path) -> None:
        self.root, self.state = root, cluster_directory(CLUSTER_ID, root)

    def session(self, desired: Desired) -> Any:
        options = SimpleNamespace(inventory=Path("i.yml"))
        return SimpleNamespace(cluster=desired.cluster, desired=desired, state=self.state, options=options)

    def notes(self, desired: Desired) -> tuple[str, ...]:
        return departed_notes(self.session(desired))


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


def test_a_node_that_left_is_told_with_what_it_has_and_what_to_do(world: World) -> None:
    assert world.notes(the_desired()) == ()
    (note,) = world.notes(without(the_desired(), "a2"))
    assert note.startswith("node a2 (10.0.0.2, /data/fate) got services from an earlier deploy")
    assert STORE in note
    assert ENGINE not in note
    assert "fatecloud deploy;" in note
    assert "fatecloud inventory forget a2" in note


def test_a_base_directory_that_changed_is_a_place_that_was_left(world: World) -> None:
    elsewhere = replace(a_node("a2").paths, base="/srv/fate")
    (note,) = world.notes(moved(the_desired(), paths=elsewhere))
    assert "node a2 (10.0.0.2, /data/fate)" in note


def test_a_machine_with_a_new_name_or_address_is_known_again_after_a_deploy(world: World) -> None:
    renumbered = moved(the_desired(), address="10.9.9.9")
    assert len(world.notes(renumbered)) == 1
    remember_nodes(world.session(renumbered), EVERYWHERE)
    assert world.notes(renumbered) == ()


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


def test_a_machine_that_is_gone_is_forgotten_when_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left = without(the_desired(), "a1")
    monkeypatch.setattr("fatecloud.inventory.load", lambda _path: left.cluster)
    with pytest.raises(UsageError, match="a2 is no node that left") as refusal:
        forget_node(Path("i.yml"), world.root, "a2")
    assert refusal.value.remedy == "remembered are: a1"
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
    told: list[Event] = []
    forget_cluster(world.session(the_desired()), told.append)
    assert "cannot be written" in told[0].text
    with pytest.raises(RunError, match="cannot be written"):
        remember_nodes(world.session(the_desired()), EVERYWHERE)
