"""A cluster is known by a random id: `init` writes it, and a copied inventory gets another one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from inventory_fakes import GOOD
from preflight_world import CLUSTER_ID

from fatecloud.errors import InventoryError, Refused, UsageError
from fatecloud.inventory import load
from fatecloud.inventory.cluster_id import CLUSTER_ID as KIND
from fatecloud.inventory.cluster_id import is_example, name_from, new_id
from fatecloud.inventory.starter import Answers, starter_text, templates, with_new_id
from fatecloud.inventory.words import CLUSTER_NAME
from fatecloud.model.identity import ServiceId
from fatecloud.state.directory import cluster_directory
from fatecloud.state.nodes import PastNode, remember
from fatecloud.workflow.init import file_of, init_cluster
from fatecloud.workflow.new_id import give_new_id


def test_ids_are_random_valid_and_never_an_examples() -> None:
    made = {new_id() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(KIND.pattern, one) and not is_example(one) for one in made)


@pytest.mark.parametrize("template", templates())
def test_two_inventories_from_one_template_are_two_clusters(template: str, tmp_path: Path) -> None:
    one, other = (tmp_path / name / "demo" for name in ("one", "other"))
    for directory in (one, other):
        init_cluster(directory, template)
    first, second = load(one / "inventory.yml"), load(other / "inventory.yml")
    assert first.name == second.name == "demo"
    assert first.id != second.id
    assert not is_example(first.id)
    units = {ServiceId(cluster.label, "9999", "flow", "a1").unit for cluster in (first, second)}
    assert len(units) == 2


def test_the_name_comes_from_the_option_or_the_directory(tmp_path: Path) -> None:
    init_cluster(tmp_path / "Bank Süd_2", "all-in-one")
    init_cluster(tmp_path / "x", "all-in-one", cluster="bank")
    assert load(tmp_path / "Bank Süd_2" / "inventory.yml").name == "bank-s-d-2"
    assert load(tmp_path / "x" / "inventory.yml").name == "bank"
    with pytest.raises(UsageError, match="the cluster name 'My Bank' cannot be used") as refusal:
        init_cluster(tmp_path / "y", "all-in-one", cluster="My Bank")
    assert refusal.value.remedy == "for example --cluster my-bank"
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("words", ["", "...", "2026", "机构", "a" * 99, "x" * 31 + "-y", "-Fate 2-"])
def test_any_directory_gives_a_valid_name(words: str) -> None:
    assert re.fullmatch(CLUSTER_NAME.pattern, name_from(words))


def test_login_and_key_are_written(tmp_path: Path) -> None:
    init_cluster(tmp_path / "a", "two-party", ["a1=10.0.0.5"], user="deploy", key="~/.ssh/fate key")
    node = load(tmp_path / "a" / "inventory.yml").nodes["a1"]
    assert (node.address, node.ssh.user) == ("10.0.0.5", "deploy")
    assert (node.ssh.key or "").endswith("/.ssh/fate key")
    assert "user: ops, key: /k" in starter_text("multi-node", Answers("x", key="/k"))
    with pytest.raises(UsageError, match="template all-in-one has no nodes with SSH"):
        starter_text("all-in-one", Answers("x", user="ops"))


@pytest.mark.parametrize(
    ("given", "exists", "file"),
    [
        (None, False, "out/inventory.yml"),
        ("demo/inventory.yml", False, "demo/inventory.yml"),
        ("demo", False, "demo/inventory.yml"),
        ("copy.yml", True, "copy.yml"),
        ("copy", True, "copy"),
    ],
)
def test_the_file_may_be_named_as_for_every_verb(given: str | None, exists: bool, file: str) -> None:  # noqa: FBT001
    assert file_of(Path("out"), Path(given) if given else None, exists=exists) == Path(file)
    with pytest.raises(UsageError, match=r"init writes a file called inventory\.yml"):
        file_of(Path("out"), Path("other.yml"), exists=False)


LINE = "id: c3f9a2b1d4e5f607"


@pytest.mark.parametrize(
    "text",
    [GOOD, GOOD.replace(LINE, f"{LINE}  # ours"), GOOD.replace(LINE, ""), GOOD.replace(LINE, "id:"), "id: [1]\n# x"],
    ids=["plain", "comment", "missing", "nothing", "wrong"],
)
def test_a_new_id_changes_nothing_else(text: str) -> None:
    after = with_new_id(text, "i.yml")
    (line,) = [line for line in after.splitlines() if line.startswith("id:")]
    assert re.fullmatch(rf"id: {KIND.pattern}(  # ours)?", line)
    assert LINE not in after
    assert ("# ours" in after) == ("# ours" in text)
    kept = [line for line in text.splitlines() if line and not line.startswith("id:")]
    assert [line for line in after.splitlines() if line and not line.startswith("id:")] == kept


def test_an_inventory_without_lines_of_its_own_is_refused() -> None:
    with pytest.raises(
        InventoryError, match=r"i\.yml:1:1: the keys of the inventory are not at the beginning of lines"
    ):
        with_new_id("{cluster: x, id: y}", "i.yml")


def test_a_copy_gets_an_id_of_its_own_and_keeps_its_mode(tmp_path: Path) -> None:
    init_cluster(tmp_path / "a", "two-party")
    inventory = tmp_path / "a" / "inventory.yml"
    before = load(inventory)
    inventory.chmod(0o640)
    done = give_new_id(inventory, tmp_path / "state")
    assert load(inventory).id == done.id != before.id
    assert done.shares_secrets
    assert inventory.stat().st_mode & 0o777 == 0o640


def test_a_cluster_that_is_deployed_keeps_its_id(tmp_path: Path) -> None:
    init_cluster(tmp_path / "a", "two-party")
    inventory, state = tmp_path / "a" / "inventory.yml", tmp_path / "state"
    cluster = load(inventory)
    node = cluster.nodes["a1"]
    there = PastNode(node.address, 22, node.paths.base, "a1", "m1", ("9999/flow@a1",))
    remember(cluster_directory(cluster.id, state), [there], [])
    with pytest.raises(Refused, match="cluster a is deployed on a1 with this id; nothing was changed"):
        give_new_id(inventory, state)
    assert load(inventory).id == cluster.id


def test_names_on_a_node_stay_within_systemds_limit() -> None:
    longest = ServiceId(f"{'c' * 32}-{CLUSTER_ID[:6]}", "9" * 9, "serving-server", "n" * 63)
    assert len(longest.unit) < 100
    assert ServiceId("demo-c3f9a2", "9999", "flow", "a1").unit == "fatecloud-demo-c3f9a2-9999-flow.service"
    assert "cluster=demo-c3f9a2" in ServiceId("demo-c3f9a2", "9999", "flow", "a1").stamp
