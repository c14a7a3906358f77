"""Files reach a node whole, and what is not ours stays as it is."""

import base64
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from modules import module, take, utility

files = module("fatecloud_files")
cleanup = module("fatecloud_cleanup")
copies = utility("fatecloud_copies")
node = utility("fatecloud_node")
placing = utility("fatecloud_placing")
SERVICE = "9999/flow@a1"


def archive(texts: Mapping[str, str] | list[str]) -> str:
    members = texts if isinstance(texts, Mapping) else {str(number): text for number, text in enumerate(texts)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return base64.b64encode(buffer.getvalue()).decode()


def asked(base: Path, texts: dict[str, str], **changes: Any) -> dict[str, Any]:
    entries = [
        {"path": path, "mode": "0640", "owner": "service", "digest": "d", "restarts": True} for path in sorted(texts)
    ]
    plain = {
        "base": str(base),
        "run": "r1",
        "service": SERVICE,
        "files": entries,
        "archive": archive([texts[path] for path in sorted(texts)]),
        "places": {},
        "directories": {},
        "user": "root",
        "group": "root",
        "overwrite_drift": False,
        "prepared": "",
        "machine": {},
        "label": "",
    }
    return plain | changes


def manifest(base: Path) -> dict[str, Any]:
    return dict(json.loads((base / ".fatecloud" / "manifest.json").read_text()))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path)
    return tmp_path


def test_what_a_power_cut_left_half_written_is_met_again_and_goes(base: Path) -> None:
    (base / ".a.fatecloud").write_text("ha")
    node.replace(f"{base}/a", b"whole", 0o640)
    assert (base / "a").read_text() == "whole"
    assert sorted(path.name for path in base.iterdir()) == [".fatecloud", "a"]


@pytest.mark.parametrize("more", [(), ("override.conf",)], ids=["its own", "an administrator's"])
def test_the_directory_of_a_units_parts_goes_with_the_last_of_them(base: Path, more: tuple[str, ...]) -> None:
    parts = base / "system" / "x.service.d"
    files.place(asked(base, {f"{parts}/networks.conf": "one"}), check=False)
    for name in more:
        (parts / name).write_text("two")
    files.place(asked(base, {}), check=False)
    assert sorted(path.name for path in base.glob("system/x.service.d/*")) == list(more)
    assert parts.exists() is bool(more)


def test_a_file_is_written_recorded_and_then_left_alone(base: Path) -> None:
    path = f"{base}/home/conf/a"
    first = files.place(asked(base, {path: "one\n"}), check=False)
    assert first["paths"] == [path]
    assert Path(path).read_text() == "one\n"
    assert Path(path).stat().st_mode & 0o7777 == 0o640
    entry = manifest(base)["files"][path]
    assert entry["sha256"] == hashlib.sha256(b"one\n").hexdigest()
    assert (entry["service"], entry["digest"], entry["mode"]) == (SERVICE, "d", "0640")
    assert (base / ".fatecloud" / "manifest.json").stat().st_mode & 0o777 == 0o600
    before = Path(path).stat()
    again = files.place(asked(base, {path: "one\n"}), check=False)
    assert not again["changed"]
    assert Path(path).stat().st_ino == before.st_ino


def test_a_changed_file_is_a_new_one_so_that_readers_keep_the_old(base: Path) -> None:
    path = f"{base}/a"
    files.place(asked(base, {path: "one\n"}), check=False)
    with Path(path).open() as reader:
        files.place(asked(base, {path: "two, and longer\n"}), check=False)
        assert reader.read() == "one\n"
    assert Path(path).read_text() == "two, and longer\n"
    assert [p.name for p in base.iterdir() if "fatecloud" in p.name] == [".fatecloud"]


def test_what_a_file_says_is_kept_without_its_secrets_until_it_is_replaced(base: Path) -> None:
    path, rendered = f"{base}/a", base / ".fatecloud" / "rendered"
    entry = {"path": path, "mode": "0640", "owner": "service", "restarts": True}
    for digest, free in (("d1", "password @@one@@"), ("d2", "password @@two@@")):
        sent = archive({"0": "password hunter2", "0.text": free})
        files.place(asked(base, {}, files=[dict(entry, digest=digest)], archive=sent), check=False)
        assert Path(path).read_text() == "password hunter2"
        assert {kept.name: kept.read_text() for kept in rendered.iterdir()} == {digest: free}
    assert rendered.stat().st_mode & 0o777 == 0o700


def test_a_mode_is_repaired_in_a_new_file_for_someone_may_have_opened_the_old_one(base: Path) -> None:
    path = f"{base}/a"
    files.place(asked(base, {path: "one\n"}), check=False)
    Path(path).chmod(0o666)
    inode = Path(path).stat().st_ino
    assert files.place(asked(base, {path: "one\n"}), check=False)["paths"] == [path]
    assert Path(path).stat().st_mode & 0o7777 == 0o640
    assert Path(path).stat().st_ino != inode


@pytest.mark.parametrize("known", [True, False], ids=["edited by hand", "not ours"])
def test_files_of_others_are_refused_and_left_untouched(base: Path, *, known: bool) -> None:
    path, other = f"{base}/a", f"{base}/b"
    if known:
        files.place(asked(base, {path: "one\n"}), check=False)
    Path(path).write_text("theirs\n")
    with pytest.raises(node.Refused, match=path) as refusal:
        files.place(asked(base, {path: "two\n", other: "x\n"}), check=False)
    assert refusal.value.details["drifted"] == [path]
    assert Path(path).read_text() == "theirs\n"
    assert not Path(other).exists()


def test_overwriting_on_request_keeps_a_copy(base: Path) -> None:
    path = f"{base}/a"
    Path(path).write_text("theirs\n")
    files.place(asked(base, {path: "ours\n"}, overwrite_drift=True), check=False)
    assert Path(path).read_text() == "ours\n"
    assert Path(f"{path}.r1.bak").read_text() == "theirs\n"
    assert list(manifest(base)["copies"]) == [f"{path}.r1.bak"]


def test_a_copy_has_the_mode_of_our_file_from_its_first_byte(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{base}/a"
    Path(path).write_text("password: theirs\n")
    Path(path).chmod(0o666)
    modes = []
    rename = os.rename

    def seen(old: str, new: str, **folders: int) -> None:
        modes.append((new, os.stat(old, dir_fd=folders["src_dir_fd"]).st_mode & 0o7777))
        rename(old, new, **folders)

    monkeypatch.setattr(node.os, "rename", seen)
    files.place(asked(base, {path: "ours\n"}, overwrite_drift=True), check=False)
    assert ("a.r1.bak", 0o640) in modes
    assert Path(f"{path}.r1.bak").stat().st_mode & 0o7777 == 0o640


def test_a_copy_of_an_edited_file_that_goes_has_the_mode_that_was_recorded(base: Path) -> None:
    path = f"{base}/a"
    files.place(asked(base, {path: "one\n"}), check=False)
    Path(path).write_text("edited\n")
    Path(path).chmod(0o644)
    files.place(asked(base, {}, overwrite_drift=True), check=False)
    copy = Path(f"{path}.r1.bak")
    assert (copy.read_text(), copy.stat().st_mode & 0o7777) == ("edited\n", 0o640)


def test_a_link_in_the_place_of_a_file_is_kept_as_a_link(base: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path, shadow = f"{base}/a", tmp_path_factory.mktemp("etc") / "shadow"
    shadow.write_text("root's\n")
    Path(path).symlink_to(shadow)
    files.place(asked(base, {path: "ours\n"}, overwrite_drift=True), check=False)
    assert Path(path).read_text() == "ours\n"
    assert Path(f"{path}.r1.bak").readlink() == shadow
    assert shadow.read_text() == "root's\n"


@pytest.mark.parametrize("kind", ["fifo", "huge", "second name", "directory"])
def test_what_cannot_be_copied_is_refused_by_name(base: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = base / "a"
    monkeypatch.setattr(copies, "LIMIT", 10)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_text("x" * 11)
    if kind == "second name":
        (base / "b").hardlink_to(path)
    with node.working(str(base), "r1") as manifest, pytest.raises(node.Refused, match=str(path)):
        copies.keep(manifest, str(path), "r1", 0o640, (-1, -1))
    assert not (base / "a.r1.bak").exists()


def test_a_copy_behind_a_link_of_a_service_is_neither_made_nor_removed(base: Path) -> None:
    theirs, run = base / "theirs", base / "run"
    theirs.mkdir()
    for name in ("a", "a.r1.bak"):
        (theirs / name).write_text("root's\n")
    run.mkdir(mode=0o777)
    run.chmod(0o777)
    (run / "way").symlink_to(theirs)
    with node.working(str(base), "r1") as manifest:
        with pytest.raises(node.Refused, match="is a link"):
            copies.keep(manifest, f"{run}/way/a", "r2", 0o640, (-1, -1))
        manifest.data["copies"] = {f"{run}/way/a.r1.bak": 0}
        assert copies.remove(manifest) == []
        assert list(manifest.data["copies"]) == [f"{run}/way/a.r1.bak"]
    assert sorted(path.name for path in theirs.iterdir()) == ["a", "a.r1.bak"]


def test_copies_go_after_30_days_with_any_run_and_at_once_with_the_cluster(base: Path) -> None:
    old, new = f"{base}/old", f"{base}/new"
    for path in (old, new):
        Path(path).write_text("theirs\n")
    files.place(asked(base, {old: "1", new: "2"}, overwrite_drift=True), check=False)
    with node.working(str(base), "r1") as manifest:
        manifest.data["copies"][f"{old}.r1.bak"] -= copies.DAYS * 86400
    take(base)
    assert not Path(f"{old}.r1.bak").exists()
    assert Path(f"{new}.r1.bak").exists()
    with node.working(str(base), "r1") as manifest:
        assert list(manifest.data["copies"]) == [f"{new}.r1.bak"]
        cleanup.clear(str(base), manifest, purge=False, away=[])
    assert not Path(f"{new}.r1.bak").exists()


def test_the_same_bytes_from_anywhere_are_adopted(base: Path) -> None:
    path = f"{base}/a"
    Path(path).write_text("ours\n")
    Path(path).chmod(0o640)
    assert not files.place(asked(base, {path: "ours\n"}), check=False)["changed"]
    assert path in manifest(base)["files"]


def test_only_the_services_own_old_files_are_removed(base: Path) -> None:
    mine, old, others = f"{base}/mine", f"{base}/old", f"{base}/others"
    files.place(asked(base, {mine: "1", old: "2"}), check=False)
    files.place(asked(base, {others: "3"}, service="9999/mysql@a1"), check=False)
    result = files.place(asked(base, {mine: "1"}), check=False)
    assert result["removed"] == [old]
    assert not Path(old).exists()
    assert Path(others).exists()
    assert set(manifest(base)["files"]) == {mine, others}


def test_after_a_death_between_file_and_manifest_it_goes_on(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = f"{base}/a", f"{base}/b"
    files.place(asked(base, {path: "one\n", other: "one\n"}), check=False)

    def dies(target: str, *rest: Any) -> None:
        node.replace(target, *rest)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(placing, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            files.place(asked(base, {path: "two\n", other: "two\n"}), check=False)
    assert (Path(path).read_text(), Path(other).read_text()) == ("two\n", "one\n")
    files.place(asked(base, {path: "three\n", other: "three\n"}), check=False)
    assert Path(path).read_text() == Path(other).read_text() == "three\n"


def test_directories_that_serve_the_whole_node_are_ours_only_when_we_made_them(base: Path) -> None:
    (base / "old").mkdir()
    folders = {f"{base}/old": "0755", f"{base}/new": "0755"}
    files.place(asked(base, {}, service="node", places=folders), check=False)
    files.place(asked(base, {}, directories={f"{base}/new/x": "0750"}), check=False)
    known = manifest(base)
    assert known["shared"] == [f"{base}/new"]
    assert known["directories"] == [f"{base}/new/x"]
    assert (base / "new" / "x").stat().st_mode & 0o777 == 0o750


def test_a_project_that_does_not_know_the_machine_leaves_it_on_record(base: Path) -> None:
    unknown: dict[str, Any] = {"memory": None, "cores": None, "java": {}}
    files.place(asked(base, {}, service="node", machine=unknown), check=False)
    assert manifest(base)["machine"] == unknown
    known = {"memory": 1 << 34, "cores": 8, "java": {}}
    files.place(asked(base, {}, service="node", machine=known), check=False)
    files.place(asked(base, {}, service="node", machine=unknown), check=False)
    assert manifest(base)["machine"] == known


def test_a_node_is_prepared_once_its_files_are_there_and_not_while_they_change(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = {"memory": 1 << 34, "cores": 8}
    files.place(asked(base, {}, service="node", prepared="5" * 64, machine=machine), check=False)
    files.place(asked(base, {f"{base}/a": "x"}), check=False)
    assert (manifest(base)["prepared"], manifest(base)["machine"]) == ("5" * 64, machine)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "replace", full)
    with pytest.raises(node.Refused, match="No space left"):
        files.place(asked(base, {f"{base}/b": "x"}, service="node", prepared="6" * 64), check=False)
    assert manifest(base)["prepared"] == ""


def test_check_mode_reports_and_changes_nothing(base: Path) -> None:
    path, folder = f"{base}/a", f"{base}/folder"
    asking = asked(base, {path: "one\n"}, directories={folder: "0750"})
    answer = files.place(asking, check=True)
    assert answer == {"changed": True, "paths": [path], "removed": [], "directories": [folder]}
    assert not Path(path).exists()
    assert not Path(folder).exists()
    assert files.place(asking, check=False)["changed"]
    assert not files.place(asking, check=True)["changed"]


def test_without_the_lease_nothing_is_written(base: Path) -> None:
    with pytest.raises(node.Refused, match="does not hold"):
        files.place(asked(base, {f"{base}/a": "x"}, run="r2"), check=False)
    assert not (base / "a").exists()
