"""A directory that changes its owner takes along what is in it, and nothing that only seems to be."""

import os
from pathlib import Path
from typing import Any

import pytest
from modules import module, utility

handover = utility("fatecloud_handover")
files = module("fatecloud_files")
Refused = utility("fatecloud_node").Refused

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
OLD, NEW, OTHER = 54321, 54322, 54323


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory of the old account's, with a file, a directory, a link, a pipe and a file of another user."""
    top = tmp_path / "data"
    (top / "db" / "deep").mkdir(parents=True)
    (tmp_path / "shadow").write_text("secret")
    (top / "db" / "deep" / "table").write_text("rows")
    (top / "foreign").write_text("not the service's")
    (top / "link").symlink_to(tmp_path / "shadow")
    os.mkfifo(top / "pipe")
    for path in [top, *top.rglob("*")]:
        os.chown(path, OLD, OLD, follow_symlinks=False)
    os.chown(top / "foreign", OTHER, OTHER)
    return top


def owners(top: Path) -> dict[str, int]:
    return {str(path.relative_to(top)): path.lstat().st_uid for path in [top, *top.rglob("*")]}


def test_what_belongs_to_the_owner_of_the_directory_is_given(place: Path) -> None:
    assert handover.hand_over(str(place), NEW, NEW)
    given = dict.fromkeys((".", "db", "db/deep", "db/deep/table", "pipe"), NEW)
    assert owners(place) == {**given, "link": OLD, "foreign": OTHER}
    assert (place.parent / "shadow").stat().st_uid == 0
    assert not handover.hand_over(str(place), NEW, NEW)
    assert not handover.hand_over(str(place / "none"), NEW, NEW)


def test_a_second_name_of_a_foreign_file_is_left_alone_and_of_an_own_one_named(place: Path) -> None:
    os.link(place.parent / "shadow", place / "db" / "mine")
    assert handover.hand_over(str(place), NEW, NEW)
    assert (place.parent / "shadow").stat().st_uid == 0
    os.link(place / "db" / "deep" / "table", place / "db" / "twin")
    with pytest.raises(Refused, match=r"db/(deep/table|twin)"):
        handover.hand_over(str(place), OTHER, OTHER)
    assert place.stat().st_uid == NEW


def test_a_link_in_place_of_the_directory_is_not_followed(place: Path) -> None:
    (place / "run").symlink_to("/etc")
    with pytest.raises(Refused, match="is a link"):
        handover.hand_over(str(place / "run"), NEW, NEW)
    assert Path("/etc").stat().st_uid == 0


def test_directories_without_end_are_refused(place: Path) -> None:
    deep = place.joinpath(*["d"] * (handover.DEEPEST + 1))
    deep.mkdir(parents=True)
    with pytest.raises(Refused, match="directories below each other"):
        handover.hand_over(str(place), NEW, NEW)


def test_of_what_was_roots_the_mark_and_lost_found_stay_roots(tmp_path: Path) -> None:
    for name in ("table", ".fatecloud-data.json", "lost+found"):
        (tmp_path / name).write_text("")
    assert handover.hand_over(str(tmp_path), NEW, NEW)
    assert owners(tmp_path) == {".": NEW, "table": NEW, ".fatecloud-data.json": 0, "lost+found": 0}


def test_a_process_of_the_old_account_counts_as_one_to_be_restarted(place: Path) -> None:
    run = place / "run"
    run.mkdir()
    (run / "started").write_text("x")
    os.chown(run, OLD, OLD)
    params: dict[str, Any] = {"directories": {str(run): "0750", str(place / "none"): "0750"}}
    assert files._give(params, (NEW, NEW)) == [str(run)]
    assert not (run / "started").exists()
