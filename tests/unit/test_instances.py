"""Several instances of one component of an owner: their settings, their addresses, and which of them is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from group_world import ALONE, NODES, loaded, planted, resolved

from fatecloud.errors import InventoryError
from fatecloud.inventory.show import document, show
from fatecloud.model.owner import Placed
from fatecloud.model.selection import Selection, select

OWN = "{node: n2, config: {size: 7, ports: {client: 2182}}}"
VARIED = ALONE.replace("[n1, n2, n3]", f"[n1, {OWN}, n3]").replace("cache: n1", "cache: n1, reader: n3")
KEEPERS = ("serving/keeper@n1", "serving/keeper@n2", "serving/keeper@n3")


@pytest.fixture(autouse=True)
def _planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with planted(tmp_path / "planted", monkeypatch):
        yield


def test_an_instance_has_what_is_set_for_it_and_else_what_is_set_for_all(tmp_path: Path) -> None:
    text = VARIED.replace("reader: n3}", "reader: n3}\n    config: {keeper: {size: 6}}")
    group = loaded(tmp_path, text).groups["serving"]
    assert group.instances("keeper")[1] == Placed("n2", {"size": 7, "ports.client": 2182})
    assert [group.settings("keeper", node)["size"] for node in ("n1", "n2", "n3")] == [6, 7, 6]
    services = resolved(tmp_path, text).services
    assert [services[key].process.environment["size"] for key in KEEPERS] == ["6", "7", "6"]
    assert [services[key].ports[0].number for key in KEEPERS] == [2181, 2182, 2181]


def test_endpoints_are_those_of_every_instance(tmp_path: Path) -> None:
    reader = resolved(tmp_path, VARIED).services["serving/reader@n3"]
    assert reader.process.environment["keepers"] == "10.0.0.1:2181,10.0.0.2:2182,127.0.0.1:2181"


@pytest.mark.parametrize(
    ("rule", "targets"), [("all", KEEPERS), ("first", KEEPERS[:1]), ("same-node-first", KEEPERS[2:])]
)
def test_edges_lead_where_the_rule_says(tmp_path: Path, rule: str, targets: tuple[str, ...]) -> None:
    text = VARIED.replace("reader: n3}", f"reader: n3}}\n    config: {{reader: {{choose: {rule}}}}}")
    edges = resolved(tmp_path, text).services["serving/reader@n3"].edges
    assert tuple(edge.target for edge in edges if edge.kind == "keeper") == targets


def test_instances_know_each_other_and_listen_for_each_other(tmp_path: Path) -> None:
    services = resolved(tmp_path, ALONE).services
    for number, key in enumerate(KEEPERS, 1):
        peers = [edge.target for edge in services[key].edges if edge.kind == "peer"]
        assert peers == [other for other in KEEPERS if other != key]
        binds = {port.name: port.bind for port in services[key].ports}
        # No reader is anywhere, so no one on another node is a client.
        assert binds == {"client": "127.0.0.1", "peer": f"10.0.0.{number}"}


def test_what_is_shown_has_the_settings_of_instances_and_loads_again(tmp_path: Path) -> None:
    cluster = loaded(tmp_path, VARIED)
    assert f"keeper: [n1, {OWN}, n3]" in show(cluster, full=False)
    assert document(cluster)["groups"]["serving"]["services"]["keeper"] == [
        "n1",
        {"node": "n2", "config": {"size": 7, "ports": {"client": 2182}}},
        "n3",
    ]
    again = loaded(tmp_path, show(cluster, full=True))
    assert replace(again, origins={}) == replace(cluster, origins={})
    assert cluster.origins["groups.serving.services.keeper.n2.config.size"].source == "inventory.yml:13:49"


def test_one_instance_is_selected_by_its_node(tmp_path: Path) -> None:
    desired = resolved(tmp_path, VARIED)
    assert select(desired, Selection(("serving/keeper",))) == KEEPERS
    assert select(desired, Selection(("keeper@n2",))) == KEEPERS[1:2]


MISTAKES = {
    "a setting that is none": (
        VARIED.replace("size: 7", "sice: 7"),
        ":13:49: unknown key 'sice', expected size, bind or ports; did you mean 'size'?",
    ),
    "a setting out of range": (VARIED.replace("size: 7", "size: 700"), "size is '700', expected a whole number from 1"),
    "no node": (
        VARIED.replace("node: n2, ", ""),
        ":13:29: keeper has no node, expected a node, {node: ..., config: ...}, a list of nodes or {group: NAME}",
    ),
    "an unknown node": (
        VARIED.replace("node: n2", "node: n9"),
        ":13:29: keeper is on the unknown node 'n9', expected n1, n2, n3, f1 or f2",
    ),
    "a node twice": (
        VARIED.replace("node: n2", "node: n1"),
        ":13:24: keeper names a node twice, expected each node once",
    ),
    "one port for two": (
        VARIED.replace("client: 2182", "client: 2888"),
        "port 2888 of n2 is wanted by serving/keeper (client) and serving/keeper (peer), expected another one",
    ),
    "loopback for all": (
        VARIED.replace("size: 7, ports: {client: 2182}", "bind: 127.0.0.1"),
        ":13:49: serving/keeper@n2 listens on 127.0.0.1, and services on other nodes use it, expected an address of n2",
    ),
    "several of one that is alone": (
        ALONE.replace("cache: n1", "cache: [n1, n2]"),
        "cache is on 2 nodes, expected one node: a group has one cache",
    ),
    "neither node nor group": (
        ALONE.replace("cache: n1", "cache: {}"),
        ":13:45: cache has no node, expected a node, {node: ..., config: ...} or {group: NAME}",
    ),
}


@pytest.mark.parametrize(("text", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_at_an_instance_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    assert text != ALONE
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, text)
    assert words in caught.value.message, caught.value.message


def test_an_alone_instance_may_have_settings_at_its_place(tmp_path: Path) -> None:
    text = NODES + "groups:\n  s: {release: serving-9.9.9, services: {keeper: {node: n1, config: {size: 9}}}}\n"
    assert loaded(tmp_path, text).groups["s"].settings("keeper", "n1")["size"] == 9
