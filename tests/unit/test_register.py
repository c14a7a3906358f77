"""A node's register of clusters, as our modules keep it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from modules import CLUSTER_ID, NOTHING, module, take, utility

from fatecloud.model.layout import LAYOUT

node = utility("fatecloud_node")
register = utility("fatecloud_register")
lease = module("fatecloud_lease")
cleanup = module("fatecloud_cleanup")
OTHER_ID = "d3f9a2b1d4e5f607"


@pytest.fixture
def folder() -> Path:
    """The register of the machine."""
    return Path(register.folder())


def deploy(base: Path, run: str = "r1", **owner: str) -> None:
    """What a run does about whose a node is: the lease, and with it the record and the register."""
    wanted = {"cluster": "demo", "id": CLUSTER_ID, "node": "n1"} | owner
    lease.acquire(asked(base, run, **wanted))
    lease.release({"base": str(base), "run": run, "wait": 0, "scratch": ""})


NO_WAIT = {"takeover": "", "shown": {}, "wait": 0, "scratch": ""}


def asked(base: Path, run: str, **changes: Any) -> dict[str, Any]:
    plain = {"cluster": "demo", "id": CLUSTER_ID, "node": "n1", "owner": "me", "controller": "c", "process": {}}
    plain |= {"deploys": []}
    return {"base": str(base), "run": run, "layout": LAYOUT, **NO_WAIT} | plain | changes


def destroy(base: Path) -> None:
    take(base, "r9")
    cleanup.apply({"base": str(base), "run": "r9", "purge": True, **NOTHING})


def test_a_deploy_enters_and_a_destroy_leaves(tmp_path: Path, folder: Path) -> None:
    deploy(tmp_path / "fate")
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644
    known = {"cluster": "demo", "id": CLUSTER_ID, "node": "n1", "base": str(tmp_path / "fate")}
    assert json.loads(file.read_text()) == known
    destroy(tmp_path / "fate")
    assert not folder.parent.exists()


def test_two_clusters_of_one_name_live_side_by_side(tmp_path: Path, folder: Path) -> None:
    deploy(tmp_path / "one")
    deploy(tmp_path / "two", id=OTHER_ID)
    assert len(list(folder.iterdir())) == 2
    destroy(tmp_path / "one")
    (left,) = folder.iterdir()
    assert json.loads(left.read_text())["id"] == OTHER_ID


REFUSED = {
    "a base of another id": ("fate", {"id": OTHER_ID}, "foreign", r"belongs to cluster demo \(id c3f9a2"),
    "a base within": ("fate/x", {"id": OTHER_ID, "cluster": "bank"}, "foreign", "overlap: one is inside the other"),
    "the same names": ("other", {"id": CLUSTER_ID[:6] + "0" * 10}, "alike", "has the same names"),
    "the base moved": ("other", {}, "elsewhere", "is on the machine already, as node n1 in"),
    "a second name in another base": ("other", {"node": "n2"}, "elsewhere", "as node n1"),
    "a second name": ("fate", {"node": "n2"}, "twice", "is node n1's"),
    "another name": ("fate", {"cluster": "bank"}, "renamed", "under the name demo"),
}


@pytest.mark.parametrize(("base", "owner", "detail", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_meet_a_cluster_that_is_there_is_refused(
    tmp_path: Path, folder: Path, base: str, owner: dict[str, str], detail: str, message: str
) -> None:
    deploy(tmp_path / "fate")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(node.Refused, match=message) as refusal:
        lease.acquire(asked(tmp_path / base, "r2", **owner))
    assert list(refusal.value.details) == [detail]
    assert sorted(path.name for path in folder.iterdir()) == before
    assert not (tmp_path / base / ".fatecloud" / "lease.json").exists()


def test_a_base_that_was_removed_by_hand_blocks_no_deploy(tmp_path: Path, folder: Path) -> None:
    deploy(tmp_path / "old")
    (tmp_path / "old" / ".fatecloud" / "manifest.json").unlink()
    (folder / "damaged.json").write_text("{")
    deploy(tmp_path / "new")
    assert json.loads((folder / f"{CLUSTER_ID}.json").read_text())["base"] == str(tmp_path / "new")


def test_a_register_that_was_removed_comes_back_with_the_next_run(tmp_path: Path, folder: Path) -> None:
    deploy(tmp_path / "fate")
    (folder / f"{CLUSTER_ID}.json").unlink()
    take(tmp_path / "fate", "r2")
    assert (folder / f"{CLUSTER_ID}.json").exists()


def test_a_node_is_registered_before_anything_takes_long(tmp_path: Path, folder: Path) -> None:
    """Also where the base directory was made by hand, for example as a mount point."""
    for base in (tmp_path / "new", tmp_path / "mounted"):
        if base.name == "mounted":
            base.mkdir()
        lease.acquire(asked(base, "r1", id=CLUSTER_ID if base.name == "new" else OTHER_ID))
    assert sorted(path.name for path in folder.iterdir()) == sorted([f"{CLUSTER_ID}.json", f"{OTHER_ID}.json"])
    with pytest.raises(node.Refused, match="is on the machine already"):
        lease.acquire(asked(tmp_path / "third", "r2"))


def test_after_a_destroy_that_keeps_data_the_node_may_have_another_name(tmp_path: Path) -> None:
    deploy(tmp_path / "fate")
    data = tmp_path / "fate" / "data"
    take(tmp_path / "fate", "r2")
    with node.working(str(tmp_path / "fate"), "r2") as manifest:
        data.mkdir()
        (data / "rows").touch()
        manifest.note("directories", [str(data)])
    cleanup.apply({"base": str(tmp_path / "fate"), "run": "r2", "purge": False, **NOTHING})
    deploy(tmp_path / "fate", "r3", node="n2")
    with pytest.raises(node.Refused, match="belongs to cluster demo"):
        lease.acquire(asked(tmp_path / "fate", "r4", id=OTHER_ID))
