"""New data are never made unless asked for: a data directory has a mark, and without it nothing starts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modules import module, take, utility

from fatecloud.collect.node import marks as collector
from fatecloud.model.layout import for_collector
from fatecloud.model.marks import data_state

data = module("fatecloud_data")
service = module("fatecloud_service")
cleanup = module("fatecloud_cleanup")
lease = module("fatecloud_lease")
marks = utility("fatecloud_marks")
node = utility("fatecloud_node")

KEY, STAMP = "9999/mysql@a1", "fatecloud cluster=demo owner=9999 service=mysql"
Asked = Callable[..., dict[str, Any]]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The data directory, which is not there yet."""
    return tmp_path / "disk" / "demo-9999-mysql"


@pytest.fixture
def asked(base: Path, place: Path) -> Asked:
    plain = {
        "base": str(base),
        "run": "r1",
        "service": KEY,
        "stamp": STAMP,
        "version": "1.0.0",
        "path": str(place),
        "copy_path": str(base.parent / "etc" / "data" / "demo-9999-mysql.json"),
        "signs": ["db/mysql"],
        "filled": str(place / "objects.applied"),
        "user": "root",
        "group": "root",
        "adopt": False,
        "new": False,
    }
    return lambda **changes: plain | changes


def recorded(base: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((base / ".fatecloud" / "manifest.json").read_text()).get("data", {})
    return found


def seen(asked: Asked) -> dict[str, Any]:
    """What the collector reads of the same directory."""
    wanted = asked()
    more = {name: wanted[name] for name in ("signs", "filled")}
    spec: dict[str, Any] = {"layout": for_collector("/nowhere")}
    spec["services"] = [{"key": KEY, "data": wanted["path"], "copy": wanted["copy_path"], **more}]
    return collector.data(spec)[KEY]


def fill(place: Path) -> None:
    (place / "db" / "mysql").mkdir(parents=True)


def take_away(place: Path) -> Path:
    """The disk is not mounted: the directory of its mount point is there and empty."""
    disk = place.parent
    disk.rename(disk.with_name("unplugged"))
    disk.mkdir()
    return disk.with_name("unplugged")


def destroy(asked: Asked, *, purge: bool) -> dict[str, Any]:
    """What the cluster's last run does on the node."""
    copies = str(Path(asked()["copy_path"]).parent)
    wanted = {"copies": copies, "label": "demo", "supervisor": "", "user": ""}
    return dict(cleanup.apply({"base": asked()["base"], "run": "r1", "purge": purge, **wanted}))


def bring_back(place: Path) -> None:
    place.parent.rmdir()
    place.parent.with_name("unplugged").rename(place.parent)


def test_the_first_claim_marks_the_directory_and_the_second_changes_nothing(
    base: Path, place: Path, asked: Asked
) -> None:
    assert data.claim(asked(), check=True) == {"changed": True, "done": "write"}
    assert not place.exists()
    assert data.claim(asked(), check=False)["done"] == "write"
    mark = json.loads((place / ".fatecloud-data.json").read_text())
    assert (mark["stamp"], mark["service"], mark["path"], mark["run"]) == (STAMP, KEY, str(place), "r1")
    assert recorded(base)[KEY] == mark
    assert (place / ".fatecloud-data.json").read_text() == Path(asked()["copy_path"]).read_text()
    assert data.claim(asked(), check=False) == {"changed": False, "done": "keep"}


def test_collector_and_module_read_the_same_of_one_directory(place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    fill(place)
    (place / "lost+found").mkdir()
    found = seen(asked)
    assert found["mark"] == found["copy"] == marks.read_mark(str(place))
    assert found["mount"] == marks.mount_of(str(place)) == found["mark"]["mount"]
    assert (found["names"], found["entries"]) == (marks.content(str(place)), 1)


def test_without_the_data_nothing_is_made_and_the_refusal_names_directory_and_mounts(place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    take_away(place)
    with pytest.raises(node.Refused, match="the data of 9999/mysql@a1 are not there") as refusal:
        data.claim(asked(), check=False)
    for said in (str(place), "mounted at", "now"):
        assert said in str(refusal.value)
    assert refusal.value.details == {"data_not_there": KEY}
    assert not place.exists()
    bring_back(place)
    assert data.claim(asked(), check=False)["done"] == "keep"


def test_data_on_a_missing_disk_below_the_mark_are_not_made_again(place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    assert data.claim(asked(), check=False)["done"] == "keep"
    (place / "objects.applied").touch()
    (place / "db" / "lost+found").mkdir(parents=True)
    with pytest.raises(node.Refused, match="but none of db/mysql; is a disk not mounted") as refusal:
        data.claim(asked(), check=False)
    assert refusal.value.details == {"data_not_there": KEY}
    state = data_state(seen(asked), seen(asked)["mark"], STAMP)
    assert (state.state, state.found) == (
        "gone",
        "a directory with db, objects.applied, without the data that belong there",
    )
    fill(place)
    assert data.claim(asked(), check=False)["done"] == "keep"
    assert data_state(seen(asked), seen(asked)["mark"], STAMP).state == "there"


def test_a_base_directory_on_the_missing_disk_is_not_built_again(base: Path, place: Path, asked: Asked) -> None:
    """The manifest is gone too: the copy of the mark, which is elsewhere, still names the data."""
    data.claim(asked(), check=False)
    take_away(place)
    base.rename(base.with_name("gone"))
    take(base)
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)


def test_no_service_is_started_without_its_data(place: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    data.claim(asked(), check=False)
    take_away(place)

    class Untouched:
        def state(self) -> str:
            return "stopped"

    monkeypatch.setattr(service, "supervised", lambda _params: Untouched())
    plain = {
        "unit_path": "/",
        "inputs": [],
        "leave": {},
        "started": "/nonexistent",
        "interrupt_jobs": True,
        "data_directory": "",
    }
    marked = {name: asked()[name] for name in ("path", "copy_path", "signs", "filled")}
    for state in ("started", "restarted"):
        with pytest.raises(node.Refused, match="are not there"):
            service.apply(asked(state=state, data=marked, **plain), check=False)


def test_the_mark_of_another_user_does_not_count(place: Path, asked: Asked) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a file away takes root")
    data.claim(asked(), check=False)
    os.chown(place / ".fatecloud-data.json", 65534, 65534)
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)
    assert seen(asked)["mark"] is None


@pytest.mark.parametrize("content", ["", "[]", "no json", "{", '{"id": "guessed"}'])
def test_a_damaged_mark_is_not_accepted(place: Path, asked: Asked, content: str) -> None:
    data.claim(asked(), check=False)
    (place / ".fatecloud-data.json").write_text(content)
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)


def test_restored_data_are_accepted_once_their_service_serves_them(base: Path, place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    before = recorded(base)[KEY]
    take_away(place)
    fill(place)
    assert data.claim(asked(adopt=True), check=False)["done"] == "adopt"
    assert recorded(base)[KEY] == before
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)
    assert data.accept(asked(), check=False) == {"changed": True, "done": "accept"}
    assert recorded(base)[KEY]["id"] != before["id"]
    assert "adopting" not in json.loads(Path(asked()["copy_path"]).read_text())
    assert data.claim(asked(), check=False)["done"] == "keep"
    assert data.accept(asked(), check=False)["changed"] is False


def test_an_older_copy_of_adopted_data_does_not_count_any_more(place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    fill(place)
    old = (place / ".fatecloud-data.json").read_text()
    data.claim(asked(adopt=True), check=False)
    data.accept(asked(), check=False)
    (place / ".fatecloud-data.json").write_text(old)
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)


@pytest.mark.parametrize("name", ["", "thesis.doc"])
def test_data_of_another_kind_are_not_adopted(place: Path, asked: Asked, name: str) -> None:
    place.mkdir(parents=True)
    if name:
        (place / name).touch()
    with pytest.raises(node.Refused, match="holds no data of 9999/mysql@a1: none of db/mysql is there"):
        data.claim(asked(adopt=True), check=False)


def test_new_data_start_empty_and_only_in_an_empty_directory(base: Path, place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    before = recorded(base)[KEY]
    fill(place)
    with pytest.raises(node.Refused, match=r"is not empty \(db\): move it away"):
        data.claim(asked(new=True), check=False)
    take_away(place)
    (place / "lost+found").mkdir(parents=True)
    assert data.claim(asked(new=True), check=False)["done"] == "write"
    assert recorded(base)[KEY]["id"] != before["id"]
    assert data.claim(asked(), check=False)["done"] == "keep"


def test_data_that_another_node_had_get_a_new_mark_here(base: Path, place: Path, asked: Asked) -> None:
    """Copied by hand with --leave-data: the mark came along."""
    data.claim(asked(service="9999/mysql@a2", path=str(place)), check=False)
    (base / ".fatecloud" / "manifest.json").unlink()
    Path(asked()["copy_path"]).unlink()
    assert data.claim(asked(), check=False)["done"] == "write"
    assert recorded(base)[KEY]["service"] == KEY


def test_the_data_of_other_services_are_refused_by_name(base: Path, place: Path, asked: Asked) -> None:
    data.claim(asked(stamp="fatecloud cluster=other"), check=False)
    (base / ".fatecloud" / "manifest.json").unlink()
    Path(asked()["copy_path"]).unlink()
    with pytest.raises(node.Refused, match="has the mark of other data: fatecloud cluster=other"):
        data.claim(asked(), check=False)


@pytest.mark.parametrize("purge", [False, True])
def test_the_mark_stays_with_the_data_and_goes_with_them(base: Path, place: Path, asked: Asked, *, purge: bool) -> None:
    data.claim(asked(), check=False)
    fill(place)
    with node.working(str(base), "r1") as manifest:
        manifest.note("directories", [str(place)])
    destroy(asked, purge=purge)
    assert place.exists() is not purge
    assert Path(asked()["copy_path"]).exists() is not purge
    take(base)
    assert data.claim(asked(), check=False)["done"] == ("write" if purge else "keep")


def test_a_data_directory_that_holds_nothing_goes_with_the_cluster(base: Path, place: Path, asked: Asked) -> None:
    data.claim(asked(), check=False)
    result = destroy(asked, purge=False)
    assert (result["kept"], place.exists(), Path(asked()["copy_path"]).parent.exists()) == ([], False, False)


@pytest.mark.parametrize("purge", [False, True])
@pytest.mark.parametrize("instead", ["nothing", "empty", "other"])
def test_data_that_are_not_in_place_stay_expected_after_a_destroy(
    base: Path, place: Path, asked: Asked, instead: str, *, purge: bool
) -> None:
    data.claim(asked(), check=False)
    fill(place)
    take_away(place)
    if instead != "nothing":
        place.mkdir()
    if instead == "other":
        (place / "thesis.doc").touch()
    result = destroy(asked, purge=purge)
    assert result["left"]["away"] == [f"{KEY} (was in {place})"]
    assert (place / "thesis.doc").exists() is (instead == "other")
    take(base)
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)
    if instead == "other":
        (place / "thesis.doc").unlink()
    if place.exists():
        place.rmdir()
    bring_back(place)
    assert data.claim(asked(), check=False)["done"] == "keep"
    assert destroy(asked, purge=True)["left"]["away"] == []
    assert (place.exists(), Path(asked()["copy_path"]).exists(), base.exists()) == (False, False, False)


@pytest.mark.parametrize("key", [KEY, "9999/../mysql@a1", "mysql"])
def test_a_destroy_removes_no_file_that_only_the_manifest_names(
    base: Path, place: Path, asked: Asked, key: str
) -> None:
    """The service user owns the base directory and can put another manifest there."""
    data.claim(asked(), check=False)
    victim, elsewhere = base.parent / "victim", base.parent / "elsewhere"
    victim.touch()
    elsewhere.mkdir()
    marks.write_mark({"id": "x", "path": str(elsewhere)}, str(elsewhere), str(base.parent / "copies" / "data" / "x"))
    with node.working(str(base), "r1") as manifest:
        manifest.data["data"] = {key: {"id": "x", "path": str(elsewhere), "copy": str(victim)}}
    destroy(asked, purge=True)
    assert victim.exists()
    if key == KEY:
        assert (elsewhere / ".fatecloud-data.json").exists()


def test_our_copy_of_a_mark_is_believed_before_the_manifest(base: Path, place: Path, asked: Asked) -> None:
    """With root, only root can write the copy."""
    data.claim(asked(), check=False)
    take_away(place)
    place.mkdir()
    marks.write_mark({"id": "forged", "path": str(place)}, str(place), str(base.parent / "copies" / "data" / "x"))
    with node.working(str(base), "r1") as manifest:
        manifest.data["data"][KEY] = {"id": "forged", "path": str(place)}
    with pytest.raises(node.Refused, match="are not there"):
        data.claim(asked(), check=False)
    state = data_state(seen(asked), recorded(base)[KEY], STAMP)
    assert (state.state, state.blocks) == ("gone", True)


def test_a_base_directory_that_is_a_fresh_mount_is_empty(tmp_path: Path) -> None:
    (tmp_path / "fresh" / "lost+found").mkdir(parents=True)
    take(tmp_path / "fresh")
    (tmp_path / "used" / "thesis").mkdir(parents=True)
    with pytest.raises(node.Refused, match="was not made by fatecloud"):
        take(tmp_path / "used")
