"""Archives are unpacked within bounds, and services see trees in which nothing but their own can be written."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from modules import module, take, utility

trees = module("fatecloud_trees")
node = utility("fatecloud_node")
copies = utility("fatecloud_copies")
store = utility("fatecloud_store")
unpack = utility("fatecloud_unpack")
inside = utility("fatecloud_inside")

CONTENT = {
    "app/bin/run.sh": b"#!/bin/sh\n",
    "app/lib/a.jar": b"jar a",
    "app/lib/deep/b.jar": b"jar b",
    "app/conf/app.properties": b"upstream's",
    "app/conf/log4j2.xml": b"<x/>",
    "app/README": b"read me",
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    take(tmp_path / "fate")
    return tmp_path / "fate"


Member = tuple[str, str, bytes | str]
"""Name, type of a tar's member, and content or target."""


def plain(name: str, content: bytes = b"x") -> Member:
    return name, "file", content


def tarball(members: list[Member], mode: str = "w:gz") -> io.BytesIO:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as tar:  # type: ignore[call-overload]
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.mode = 0o6777
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                types = {"link": tarfile.SYMTYPE, "same": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE, "device": b"3"}
                info.type, info.linkname = types[kind], content
                tar.addfile(info)
    return data


def zipped(members: list[Member]) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, kind, content in members:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            kinds = {"link": stat.S_IFLNK, "pipe": stat.S_IFIFO, "device": stat.S_IFCHR}
            info.external_attr = (kinds.get(kind, stat.S_IFREG) | 0o755) << 16
            archive.writestr(info, content)
    return data


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_however_it_is_compressed(tmp_path: Path, mode: str) -> None:
    members = [plain("./top/bin/run"), ("top/bin/go", "link", "../bin/run"), ("top/copy", "same", "top/bin/run")]
    unpack.Unpacking(str(tmp_path), "top").archive(tarball(members, mode), "x.tar")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "bin",
        "bin/go",
        "bin/run",
        "copy",
    ]
    assert (tmp_path / "bin" / "go").readlink() == Path("../bin/run")
    assert stat.S_IMODE((tmp_path / "bin" / "run").stat().st_mode) == 0o755, "no special bits, and no others' rights"
    assert (tmp_path / "copy").stat().st_ino != (tmp_path / "bin" / "run").stat().st_ino


def test_a_zip_keeps_what_is_a_program_and_what_is_a_link(tmp_path: Path) -> None:
    unpack.Unpacking(str(tmp_path)).archive(zipped([plain("bin/run"), ("run", "link", "bin/run")]), "x.zip")
    assert (tmp_path / "run").read_bytes() == b"x"
    assert os.access(tmp_path / "bin" / "run", os.X_OK)


HOSTILE: list[tuple[str, list[Member]]] = [
    ("leads elsewhere", [plain("../outside")]),
    ("leads elsewhere", [plain("/outside")]),
    ("leads elsewhere", [plain("a/../../outside")]),
    ("leads elsewhere", [plain("/".join(["d"] * 50))]),
    ("link that leads out", [("x", "link", "/etc/passwd")]),
    ("link that leads out", [("x", "link", "../outside")]),
    ("link that leads out", [("a/x", "link", "../../outside")]),
    ("link that leads out", [("a", "link", "b"), ("x", "link", "a/../../outside")]),
    ("lies below a file or a link", [("a", "link", "."), plain("a/x")]),
    ("lies below a file or a link", [plain("a"), plain("a/x")]),
    ("is a directory too", [plain("a/x"), plain("a")]),
    ("device or a pipe", [("x", "pipe", "")]),
    ("device or a pipe", [("x", "device", "")]),
]


@pytest.mark.parametrize("pack", [tarball, zipped])
@pytest.mark.parametrize(("said", "members"), HOSTILE)
def test_nothing_leads_out_of_the_directory(tmp_path: Path, pack: Any, said: str, members: list[Member]) -> None:
    target = tmp_path / "a" / "b" / "target"
    target.mkdir(parents=True)
    with pytest.raises(node.Refused, match=f"x.archive: .*{said}"):
        unpack.Unpacking(str(target)).archive(pack(members), "x.archive")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and target not in path.parents] == []


@pytest.mark.parametrize("target", ["../outside", "/etc/passwd", "never", "a"])
def test_a_second_name_is_of_a_file_of_the_archive(tmp_path: Path, target: str) -> None:
    members = [plain("b/file"), ("a", "link", "b/file"), ("x", "same", target)]
    with pytest.raises(node.Refused, match="another name of something that is not in it"):
        unpack.Unpacking(str(tmp_path)).archive(tarball(members), "x.tar")


def test_what_arrives_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "LARGEST", 1000)
    monkeypatch.setattr(unpack, "MOST", 3)
    for pack in (tarball, zipped):
        with pytest.raises(node.Refused, match="it has more than 0 MiB"):
            unpack.Unpacking(str(tmp_path)).archive(pack([plain("a", bytes(600)), plain("b", bytes(600))]), "x")
        with pytest.raises(node.Refused, match="it has more than 3 files"):
            unpack.Unpacking(str(tmp_path)).archive(pack([plain(name) for name in "abcd"]), "x")


def test_the_names_of_a_tar_fill_no_memory(tmp_path: Path) -> None:
    for flavour in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w", format=flavour) as tar:
            tar.addfile(tarfile.TarInfo("x" * 100_000))
        with pytest.raises(node.Refused, match=r"cannot be unpacked: a name or attribute of \d+ bytes"):
            unpack.Unpacking(str(tmp_path)).archive(data, "x.tar")


@pytest.mark.parametrize("data", [b"", b"PK\3\4 and no more", b"\x1f\x8b\x08", bytes(5000)])
def test_what_is_not_an_archive_is_refused_by_its_name(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(node.Refused, match=r"^x\.tar"):
        unpack.Unpacking(str(tmp_path)).archive(io.BytesIO(data), "x.tar")


def stored(base: Path, filename: str, data: bytes) -> dict[str, str]:
    artifact = {"sha256": hashlib.sha256(data).hexdigest(), "filename": filename}
    path = Path(store.artifact_path(str(base), artifact))
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return artifact


def a_tree(base: Path, **changes: Any) -> dict[str, Any]:
    """An archive with a program, and a jar beside it."""
    packed = tarball([plain(name, content) for name, content in CONTENT.items()]).getvalue()
    artifacts = [stored(base, "app-1.tar.gz", packed), stored(base, "extra-2.jar", b"jar extra")]
    return {"digest": "a" * 64, "root": "app", "artifacts": artifacts, "compiled": False} | changes


def unpacked(base: Path, tree: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    asked = {"state": "unpacked", "base": str(base), "run": "r1", "trees": [tree]}
    return dict(trees.ensure(asked, check=check))


def test_a_tree_is_unpacked_once_and_nothing_in_it_can_be_written(base: Path) -> None:
    tree = a_tree(base)
    assert unpacked(base, tree, check=True) == {"changed": True}
    assert unpacked(base, tree) == {"changed": True, "unpacked": 1}
    path = base / "store" / "tree" / ("a" * 16)
    assert (path / "lib" / "extra-2.jar").read_bytes() == b"jar extra"
    assert (path / "bin" / "run.sh").read_bytes() == b"#!/bin/sh\n"
    writable = [p for p in (path, *path.rglob("*")) if p.stat().st_mode & 0o222 and p.name != ".complete"]
    assert writable == []
    assert {p.stat().st_mtime for p in path.rglob("*") if p.is_file() and p.name != ".complete"} == {trees.EPOCH}
    assert unpacked(base, tree) == {"changed": False, "unpacked": 0}
    assert json.loads((base / ".fatecloud" / "manifest.json").read_text())["made"] == ["tree/" + "a" * 16]


def change_content(path: Path) -> None:
    (path / "lib" / "a.jar").chmod(0o644)
    (path / "lib" / "a.jar").write_bytes(b"jar b")
    (path / "lib" / "a.jar").chmod(0o555)


def make_writable(path: Path) -> None:
    (path / "lib" / "a.jar").chmod(0o666)


def add_a_file(path: Path) -> None:
    (path / "lib").chmod(0o755)
    (path / "lib" / "new.jar").touch()
    (path / "lib").chmod(0o555)


def remove_a_file(path: Path) -> None:
    path.chmod(0o755)
    (path / "README").unlink()


def turn_a_file_into_a_link(path: Path) -> None:
    remove_a_file(path)
    (path / "README").symlink_to("lib/a.jar")


@pytest.mark.parametrize("change", [change_content, make_writable, add_a_file, remove_a_file, turn_a_file_into_a_link])
def test_a_tree_that_was_changed_is_unpacked_again(base: Path, change: Any) -> None:
    tree = a_tree(base)
    unpacked(base, tree)
    path = base / "store" / "tree" / ("a" * 16)
    before = store.listed(str(path))
    change(path)
    assert not trees.is_whole(str(base), "a" * 64)
    assert unpacked(base, tree)["unpacked"] == 1
    assert store.listed(str(path)) == before


def test_a_tree_that_was_cut_off_does_not_count(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = a_tree(base)

    def cut(*_: object) -> None:
        raise node.Refused("cut off")

    monkeypatch.setattr(trees.os, "sync", cut)
    with pytest.raises(node.Refused, match="cut off"):
        unpacked(base, tree)
    assert not trees.is_whole(str(base), "a" * 64)
    monkeypatch.undo()
    assert unpacked(base, tree)["unpacked"] == 1


def test_bytecode_for_the_nodes_own_interpreter_is_part_of_a_tree(base: Path) -> None:
    packed = zipped([plain("pack/__init__.py", b"A = 1\n"), plain("pack/broken.py", b"def (")]).getvalue()
    tree = a_tree(base, root="", artifacts=[stored(base, "pack-1-py3-none-any.whl", packed)], compiled=True)
    unpacked(base, tree)
    path = base / "store" / "tree" / ("a" * 16)
    assert [p.name.split(".")[0] for p in path.rglob("*.pyc")] == ["__init__"]
    assert trees.is_whole(str(base), "a" * 64)


def view(base: Path, **changes: Any) -> dict[str, Any]:
    shown = {
        "path": str(base / "home" / "trees" / "app"),
        "tree": "a" * 64,
        "digest": "1" * 64,
        "writes": {"logs": str(base / "own" / "logs"), "bin/pid": str(base / "own" / "run")},
        "files": ["conf/app.properties", "new/own.conf"],
        "copied": False,
    }
    return shown | changes


def placed(base: Path, *views: dict[str, Any], check: bool = False) -> dict[str, Any]:
    asked = {"state": "placed", "base": str(base), "run": "r1", "group": "root", "views": list(views)}
    return dict(trees.ensure(asked, check=check))


@pytest.mark.parametrize("copied", [False, True])
def test_a_service_sees_the_tree_with_its_own_files_and_directories(base: Path, copied: bool) -> None:  # noqa: FBT001
    unpacked(base, a_tree(base))
    shown = view(base, copied=copied)
    path = Path(shown["path"])
    assert placed(base, shown, check=True) == {"changed": True}
    assert placed(base, shown) == {"changed": True, "paths": [str(path)]}
    assert (path / "logs").readlink() == base / "own" / "logs"
    assert (path / "bin" / "pid").readlink() == base / "own" / "run"
    assert (path / "bin" / "run.sh").read_bytes() == b"#!/bin/sh\n"
    assert (path / "lib" / "deep" / "b.jar").read_bytes() == b"jar b"
    assert [found.name for found in (path / "conf").iterdir()] == ["log4j2.xml"], "the rendered file comes next"
    assert (path / "new").is_dir()
    assert (path / "lib").is_symlink() != copied
    assert placed(base, shown) == {"changed": False, "paths": []}
    (path / "conf" / "app.properties").write_text("own")
    assert placed(base, shown) == {"changed": False, "paths": []}
    (path / "bin" / "pid").unlink()
    os.utime(path / "bin", (1, 1))
    assert placed(base, shown, check=True) == {"changed": True}
    assert placed(base, shown)["changed"]
    assert (path / "bin" / "pid").is_symlink()
    assert (path / "conf" / "app.properties").read_text() == "own"
    changed = view(base, digest="2" * 64, files=["conf/app.properties"], copied=copied)
    assert placed(base, changed)["changed"]
    assert not (path / "new").exists()
    assert (path / ".complete").read_text() == f"{'a' * 64}\n{'2' * 64}\n"
    inside.remove_tree(str(base / "home"))
    assert (base / "store" / "tree" / ("a" * 16) / "lib" / "a.jar").exists(), "links are not followed"


def test_copies_of_files_that_were_changed_by_hand_stay_with_a_view(base: Path) -> None:
    unpacked(base, a_tree(base))
    shown = view(base)
    placed(base, shown)
    file = Path(shown["path"], "conf", "app.properties")
    file.write_text("by hand")
    with node.working(str(base), "r1", check=False, wait=1) as manifest:
        copy = Path(copies.keep(manifest, str(file), "r1", 0o640, (os.geteuid(), os.getegid())))
    assert placed(base, shown) == {"changed": False, "paths": []}
    assert placed(base, view(base, digest="2" * 64))["changed"]
    assert (file.read_text(), copy.read_text()) == ("by hand", "by hand")
    assert placed(base, view(base, digest="2" * 64)) == {"changed": False, "paths": []}
    file.with_name("other.bak").touch()
    assert placed(base, view(base, digest="2" * 64))["changed"], "no copy of ours has this name"


def test_a_view_needs_its_tree(base: Path) -> None:
    with pytest.raises(node.Refused, match="is not there; a deploy unpacks it"):
        placed(base, view(base))


def as_a_login(path: Path) -> None:
    """Remove a path with the rights of a user who is not root and to whom all of it belongs."""
    if os.geteuid() != 0:
        inside.remove_tree(str(path))
        return
    for found in (path.parent, path, *path.rglob("*")):
        os.lchown(found, 65534, 65534)
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            inside.remove_tree(str(path))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def test_a_login_without_root_can_remove_what_it_made_read_only() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        base = Path(folder) / "fate"
        take(base)
        unpacked(base, a_tree(base))
        as_a_login(base / "store" / "tree")
        assert not (base / "store" / "tree").exists()
