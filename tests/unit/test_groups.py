"""Services that belong to no single party: their group in the inventory, its release, and who uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from group_world import ALONE, BESIDE, GROUP, NODES, PARTIES, loaded, planted, resolved

from fatecloud.errors import InventoryError, NoMatch
from fatecloud.inventory.show import document, show
from fatecloud.model.accounts import LONGEST, own_name
from fatecloud.model.identity import ServiceId
from fatecloud.model.owner import FromGroup
from fatecloud.model.selection import Selection, select
from fatecloud.vault.changes import needs

KEEPER = "serving/keeper@n1"


@pytest.fixture(autouse=True)
def _planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with planted(tmp_path / "planted", monkeypatch):
        yield


def test_a_group_has_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    cluster = loaded(tmp_path, BESIDE)
    (group,) = cluster.groups.values()
    assert (group.id, group.kind, group.release, group.architecture) == ("serving", "group", "serving-9.9.9", None)
    assert {name: [one.node for one in group.instances(name)] for name in group.placement} == {
        "cache": ["n1"],
        "keeper": ["n1", "n2", "n3"],
    }
    assert list(cluster.owners) == ["9999", "10000", "serving"]
    assert set(cluster.parties["9999"].placement) == {"flow", "mysql", "nginx", "rabbitmq"}


def test_each_owner_has_its_own_release(tmp_path: Path) -> None:
    desired = resolved(tmp_path, BESIDE)
    assert {name: release.name for name, release in desired.releases.items()} == {
        "9999": "fate-2.2.0",
        "10000": "fate-2.2.0",
        "serving": "serving-9.9.9",
    }
    assert desired.services[KEEPER].version == "3.8.1"
    assert desired.services["9999/flow@f1"].version == "2.2.0"
    assert desired.release_of(desired.services[KEEPER].id).name == "serving-9.9.9"


def test_the_names_on_a_node_carry_the_group() -> None:
    service = ServiceId("demo-eeeeee", "serving", "serving-server", "n1")
    assert (service.key, service.slug) == ("serving/serving-server@n1", "demo-eeeeee-serving-serving-server")
    assert service.unit == "fatecloud-demo-eeeeee-serving-serving-server.service"
    assert service.stamp == "fatecloud cluster=demo-eeeeee owner=serving service=serving-server"
    assert len(own_name(service)) <= LONGEST
    assert own_name(replace(service, owner="a" * 16)) != own_name(replace(service, owner="a" * 15 + "b"))


def test_the_secrets_of_a_group_are_its_own(tmp_path: Path) -> None:
    generated = needs(loaded(tmp_path, BESIDE)).generated
    assert "serving.cache.password" in generated
    assert not any(name.startswith(("9999.cache", "10000.cache")) for name in generated)


def test_a_cluster_may_have_groups_only(tmp_path: Path) -> None:
    cluster = loaded(tmp_path, ALONE)
    assert (cluster.parties, cluster.architecture, cluster.releases) == ({}, None, ("serving-9.9.9",))
    assert KEEPER in resolved(tmp_path, ALONE).services


@pytest.mark.parametrize("text", [ALONE, BESIDE], ids=["groups only", "beside parties"])
@pytest.mark.parametrize("full", [True, False])
def test_what_is_shown_loads_to_the_same_cluster(tmp_path: Path, text: str, full: bool) -> None:  # noqa: FBT001
    cluster = loaded(tmp_path, text)
    again = loaded(tmp_path, show(cluster, full=full))
    assert replace(again, origins={}) == replace(cluster, origins={})
    said = document(cluster)
    assert said["groups"]["serving"]["services"]["keeper"] == ["n1", "n2", "n3"]
    assert json.dumps(said)


def test_origins_name_the_place_in_the_group(tmp_path: Path) -> None:
    origins = loaded(tmp_path, ALONE).origins
    assert origins["groups.serving.services.keeper"].source.startswith("inventory.yml:")
    assert origins["groups.serving.config.keeper.size"].source == "built in"


LENT = PARTIES.replace("flow: f1}", "flow: f1, mysql: {group: shared}}").replace(
    "flow: f2}", "flow: f2, mysql: {group: shared}}"
)
SHARED = "groups:\n  shared: {release: fate-2.2.0, services: {mysql: n1}}\n"


def test_parties_may_share_the_database_of_a_group(tmp_path: Path) -> None:
    desired = resolved(tmp_path, NODES + LENT + SHARED)
    assert desired.cluster.parties["9999"].placement["mysql"] == FromGroup("shared")
    server = "shared/mysql@n1"
    assert [key for key in desired.services if "/mysql@" in key] == [server]
    for flow in ("9999/flow@f1", "10000/flow@f2"):
        (edge,) = [edge for edge in desired.services[flow].edges if edge.kind == "database"]
        assert (edge.target, str(edge.endpoint)) == (server, "10.0.0.1:3306")
    assert [port.bind for port in desired.services[server].ports] == ["10.0.0.1"]
    names = {one.contribution.name for one in desired.given}
    assert names == {"fate_flow_9999", "fate_flow_10000"}
    assert {one.giver for one in desired.given} == {server}


def test_a_group_may_take_a_component_from_another_one(tmp_path: Path) -> None:
    other = (
        "  other: {release: serving-9.9.9, services: {reader: n2, keeper: {group: serving}, cache: {group: serving}}}\n"
    )
    desired = resolved(tmp_path, ALONE + other)
    reader = desired.services["other/reader@n2"]
    assert [edge.target for edge in reader.edges] == [
        "serving/keeper@n1",
        "serving/keeper@n2",
        "serving/keeper@n3",
        "serving/cache@n1",
    ]
    assert reader.process.environment["password"] == "serving.cache.password"
    # Its clients are on another node of another owner, so the cache leaves loopback.
    assert [port.bind for port in desired.services["serving/cache@n1"].ports] == ["10.0.0.1"]


def test_selectors_and_filters_take_a_group_like_a_party(tmp_path: Path) -> None:
    desired = resolved(tmp_path, BESIDE)
    every = select(desired, Selection(("serving/",)))
    assert every == ("serving/cache@n1", "serving/keeper@n1", "serving/keeper@n2", "serving/keeper@n3")
    assert select(desired, Selection(owners=("serving",), components=("cache",))) == ("serving/cache@n1",)
    with pytest.raises(NoMatch, match=r"no party or group 'servin' in this inventory; did you mean 'serving/'\?"):
        select(desired, Selection(("servin/",)))


MISTAKES = {
    "nothing at all": (NODES, ":1:1: the file has neither parties nor groups, expected parties, groups, or both"),
    "no release for parties": (
        NODES + PARTIES.replace("release: fate-2.2.0\n", ""),
        ":1:1: the file has no release, expected the name of a release: fate-2.2.0",
    ),
    "no architecture for parties": (
        NODES + PARTIES.replace("architecture: rabbitmq\n", ""),
        ":1:1: the file has no architecture, expected standalone, eggroll or rabbitmq",
    ),
    "a release of no party": (
        NODES + "release: fate-2.2.0\n" + GROUP,
        ":10:1: release is that of the parties, and there are none, expected no such line: each group has its own",
    ),
    "an architecture of no party": (
        NODES + "architecture: rabbitmq\n" + GROUP,
        ":10:1: architecture is that of the parties, and there are none, expected no such line",
    ),
    "no release for a group": (
        ALONE.replace("    release: serving-9.9.9\n", ""),
        ":11:3: groups.serving has no release, expected the name of a release",
    ),
    "an unknown release for a group": (
        ALONE.replace("serving-9.9.9", "servin-9.9.9"),
        ":12:5: unknown release 'servin-9.9.9', expected fate-1.11.4, ",
    ),
    "a group without services": (
        ALONE.replace("    services: {keeper: [n1, n2, n3], cache: n1}\n", ""),
        ":11:3: groups.serving has no services, expected a mapping from component to node",
    ),
    "what belongs to a party": (
        ALONE.replace("cache: n1", "flow: n1"),
        ":13:38: unknown key 'flow', expected cache, keeper, mysql, osx, reader",
    ),
    "what the release does not have": (
        ALONE.replace("cache: n1", "mysql: n1"),
        ":13:38: the release serving-9.9.9 has no mysql, expected cache, keeper or reader",
    ),
    "a name like a party": (
        ALONE.replace("  serving:", '  "17":'),
        ":11:3: the name '17' cannot be used, expected the name of a group: lower-case letters and digits",
    ),
    "a name with a dash": (ALONE.replace("  serving:", "  my-group:"), ":11:3: the name 'my-group' cannot be used"),
    "a name that means more among secrets": (
        ALONE.replace("  serving:", "  cluster:"),
        ":11:3: the name 'cluster' cannot be used",
    ),
    "an unknown group": (
        NODES + LENT.replace("group: shared", "group: share") + SHARED,
        ":13:41: there is no group 'share' with a mysql of its own, expected shared; did you mean 'shared'?",
    ),
    "a group that has none": (
        NODES + LENT.replace("group: shared", "group: serving") + SHARED + GROUP.removeprefix("groups:\n"),
        ":13:41: there is no group 'serving' with a mysql of its own, expected shared",
    ),
    "a component of its own": (
        NODES + PARTIES.replace("flow: f1}", "flow: f1, nginx: {group: serving}}") + GROUP,
        ":13:41: nginx cannot be taken from a group, expected a node: each party has its own nginx",
    ),
    "settings of what a group has": (
        NODES
        + LENT.replace("{group: shared}}", "{group: shared}}, config: {mysql: {max_connections: 99}}", 1)
        + SHARED,
        ":13:67: mysql of party 9999 is that of group shared, so others set it, expected no such section",
    ),
    "one port for two owners": (
        BESIDE.replace("cache: n1}", "cache: n1}\n    config: {cache: {ports: {data: 9360}}}").replace(
            "cache: n1}", "cache: f1}"
        ),
        (
            "port 9360 of f1 is wanted by 9999/flow (grpc) and serving/cache (data), expected another one, for example "
            "groups: {serving: {config: {cache: {ports: {data: 9370}}}}}"
        ),
    ),
    "a cluster name with two dashes in a row": (
        ALONE.replace("cluster: demo", "cluster: de--mo"),
        ":2:10: cluster is 'de--mo', expected lower-case letters, digits and '-' (not two in a row)",
    ),
}


@pytest.mark.parametrize(("text", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, text)
    assert words in caught.value.message, caught.value.message


def test_a_database_listens_for_those_that_have_one_in_it(tmp_path: Path) -> None:
    text = NODES + PARTIES.replace("flow: f1}", "flow: f1, nginx: n1, rabbitmq: n1}")
    services = resolved(tmp_path, text.replace("nginx: n1", "nginx: n1, mysql: f1")).services
    assert [port.bind for port in services["9999/mysql@f1"].ports] == ["127.0.0.1"]
    services = resolved(tmp_path, text.replace("nginx: n1", "nginx: n1, mysql: n1")).services
    assert [port.bind for port in services["9999/mysql@n1"].ports] == ["10.0.0.1"]


def test_parties_need_no_architecture_where_their_release_has_none(tmp_path: Path) -> None:
    parties = 'release: serving-9.9.9\nparties:\n  "9999": {services: {cache: n1}}\n'
    cluster = loaded(tmp_path, NODES + parties)
    assert (cluster.parties["9999"].architecture, cluster.architecture) == (None, None)
    assert list(resolved(tmp_path, NODES + parties).services) == ["9999/cache@n1"]
    assert "architecture" not in show(cluster, full=True)
    with pytest.raises(InventoryError, match=r":10:1: the release serving-9\.9\.9 has no architecture rabbitmq"):
        loaded(tmp_path, NODES + "architecture: rabbitmq\n" + parties)
