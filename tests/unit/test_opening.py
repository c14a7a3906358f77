"""What the collector opens: nothing that was planted, whatever is in its place, and only trusted records of ours."""

from __future__ import annotations

import json
import os
import pwd
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_collector import document

from fatecloud.collect.node import opening, own_records, system, tail
from fatecloud.collect.node.opening import STRANGE, Strange, Untrusted, distrust, opened
from fatecloud.collect.node.reading import Unreadable
from fatecloud.model.layout import for_collector

STRANGER = 65534
STRANGER_NAME = pwd.getpwuid(STRANGER).pw_name
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A collector forgets directories at its end; here many tests share a process."""
    yield
    for descriptor, _ in opening._ways.values():
        os.close(descriptor)
    opening._ways.clear()


def plant(path: Path, kind: str, target: Path) -> None:
    """Put something else where a file is expected."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero has no end
    elif kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(target)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "hard link":
        os.link(target, path)
    elif kind == "huge":
        path.write_bytes(b"")
        os.truncate(path, 1 << 40)
    elif kind == "unreadable":
        path.write_text("x")
        path.chmod(0)


KINDS = ("pipe", "socket", "device", "directory", "link", "loop", "hard link", "huge", "unreadable")
WORDS = {"device": "a device", "pipe": "a pipe", "socket": "a socket", "directory": "a directory"}


@needs_root
@pytest.mark.parametrize("kind", KINDS)
def test_a_plant_at_any_place_of_a_service_is_skipped_within_the_deadline(tmp_path: Path, kind: str) -> None:
    tmp_path.chmod(0o755)
    secret = tmp_path / "shadow"
    secret.write_text("[ERROR] root:hash\n")
    secret.chmod(0o600)
    home = tmp_path / "home"
    for folder in ("run", "logs", "data/tables", "conf"):
        (home / folder).mkdir(parents=True)
    places = ["run/started", "run/pid", "logs/a.log", "data/.fatecloud-data.json", "data/tables/x", "conf/c"]
    for place in places:
        plant(home / place, kind, secret)
    for path in (home, *home.rglob("*")):
        if path.is_symlink() or path.is_dir() or path.stat().st_nlink == 1:
            os.lchown(path, STRANGER, STRANGER)
    service = {
        "key": "9999/flow@a1",
        "unit": "no-such.service",
        "slug": "flow",
        "supervision": "systemd",
        "home": str(home),
        "data": f"{home}/data",
        "copy": f"{tmp_path}/copy.json",
        "filled": str(secret),
        "signs": ["tables/*", "db/mysql"],
        "logs": [{"path": f"{home}/logs/a.log", "levels": True}, {"path": f"{home}/logs/*.log", "levels": True}],
    }
    spec = {
        "layout": for_collector(str(tmp_path)),
        "deadline": 20,
        "want": ["logs", "files", "data", "services", "records"],
        "files": [f"{home}/conf/c"],
        "services": [service],
    }
    facts = document(spec)["facts"]
    log, file = facts["logs"]["value"][f"{home}/logs/a.log"], facts["files"]["value"][f"{home}/conf/c"]
    assert "root:hash" not in json.dumps(facts)
    assert facts["records"]["value"] == {"untrusted": []}
    assert facts["data"]["value"]["9999/flow@a1"]["mark"] is None
    if kind in WORDS:
        assert (file["sha256"], file["error"]) == (STRANGE, f"it is {WORDS[kind]}")
        assert log["error"] == f"it is {WORDS[kind]}"
    elif kind in ("link", "loop"):
        assert file["sha256"] == STRANGE
        assert "error" in log
    elif kind == "hard link":
        assert log["error"] == "it has a second name (a hard link)"
    elif kind == "huge":
        assert (file["sha256"], file["error"]) == (STRANGE, "it has more than 256 MiB")
    read = tail.read({"paths": [f"{home}/logs/*.log"], "root": f"{home}/logs", "bytes": 1 << 20, "lines": 10})
    assert "root:hash" not in json.dumps(read)
    assert kind in ("huge", "unreadable") or [text for text in read["problems"] if f"{home}/logs/a.log" in text]


@needs_root
def test_no_link_that_a_service_could_have_made_is_a_part_of_a_path(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "shadow").write_text("x")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "folder").symlink_to(tmp_path / "etc")
    os.close(opened(f"{tmp_path}/own/folder/shadow"))  # root made it
    fresh_start()
    os.lchown(tmp_path / "own" / "folder", STRANGER, STRANGER)
    with pytest.raises(Strange, match="is a link"):
        opened(f"{tmp_path}/own/folder/shadow")
    (tmp_path / "own" / "folder").unlink()
    (tmp_path / "own" / "folder").symlink_to(tmp_path / "etc")
    os.chown(tmp_path / "own", STRANGER, STRANGER)
    fresh_start()
    with pytest.raises(Strange, match="is a link"):
        opened(f"{tmp_path}/own/folder/shadow")


def fresh_start() -> None:
    opening._ways.clear()


@needs_root
@pytest.mark.parametrize(
    ("who", "mode", "reason"),
    [
        ("record", 0o666, "can be written by everyone"),
        ("record", 0o660, "can be written by group nogroup"),
        ("private", 0o777, "can be written by everyone"),
        ("base", 0o777, "can be written by everyone"),
        ("record", None, f"belongs to user {STRANGER_NAME}"),
        ("private", None, f"belongs to user {STRANGER_NAME}"),
        ("base", None, f"belongs to user {STRANGER_NAME}"),
    ],
)
def test_a_record_is_believed_only_if_no_one_else_could_have_written_it(
    tmp_path: Path, who: str, mode: int | None, reason: str
) -> None:
    base = tmp_path / "fate"
    private = base / ".fatecloud"
    private.mkdir(parents=True)
    record = private / "manifest.json"
    record.write_text('{"id": "x"}')
    assert distrust(str(record)) == ""
    spec = {"layout": for_collector(str(base)), "want": ["manifest", "records"]}
    assert document(spec)["facts"]["manifest"] == {"value": {"id": "x"}}
    place = {"record": record, "private": private, "base": base}[who]
    os.chown(place, STRANGER if mode is None else 0, STRANGER)
    if mode is not None:
        place.chmod(mode)
    facts = document(spec)["facts"]
    assert facts["manifest"] == {"error": f"{record} is not believed: {place} {reason}"}
    assert f"{place} {reason}" in facts["records"]["value"]["untrusted"]
    fresh_start()
    with pytest.raises(Untrusted):
        opened(str(record), believed=True)


@needs_root
@pytest.mark.parametrize("kind", ["pipe", "directory", "link", "loop", "socket"])
def test_a_record_that_is_something_else_than_a_file_is_named(tmp_path: Path, kind: str) -> None:
    private = tmp_path / ".fatecloud"
    private.mkdir()
    plant(private / "lease.json", kind, tmp_path / "elsewhere")
    if kind in ("link", "loop"):
        os.lchown(private / "lease.json", STRANGER, STRANGER)
    facts = document({"layout": for_collector(str(tmp_path)), "want": ["lease", "records"], "deadline": 10})["facts"]
    assert "lease.json" in facts["lease"]["error"]
    assert [text for text in facts["records"]["value"]["untrusted"] if "lease.json" in text]


def test_where_nothing_is_yet_the_way_to_it_is_judged(tmp_path: Path) -> None:
    assert distrust(f"{tmp_path}/not/yet/there") == ""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert distrust(f"{tmp_path}/open/not/yet") == f"{tmp_path}/open can be written by everyone"
    (tmp_path / "open").chmod(0o1777)
    fresh_start()
    assert (distrust(f"{tmp_path}/open/not/yet") == "") == (os.geteuid() == 0)


def test_a_directory_with_any_number_of_names_is_looked_at_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.log").write_text("x")
    monkeypatch.setattr(opening, "MANY", 10)
    assert len(opening.names(str(tmp_path))) == 10
    assert len(list(opening.below(str(tmp_path), 3))) == 10


def test_a_tree_is_read_without_its_links(tmp_path: Path) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").write_text("x")
    (tmp_path / "tree" / "again").symlink_to(tmp_path / "tree")
    found: list[Any] = sorted(opening.below(str(tmp_path / "tree"), 8))
    assert found == [f"{tmp_path}/tree/again", f"{tmp_path}/tree/deep/file"]


@pytest.mark.skipif(os.geteuid() != 0, reason="files of another user take root")
def test_root_runs_no_interpreter_that_a_service_could_have_put_there(tmp_path: Path) -> None:
    place, user = tmp_path / "venv" / "bin", pwd.getpwuid(65534).pw_name
    place.mkdir(parents=True)
    program = place / "python"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/run\n")
    program.chmod(0o755)
    spec = {
        "python": str(program),
        "users": [user, "root"],
        "layout": for_collector(str(tmp_path / "fate")),
        "services": [],
    }
    assert opening.lent(str(program), [user]) == opening.lent("/nowhere/python", []) == opening.lent("x", []) == ""
    for spoiled, back in ((tmp_path / "venv", 0), (program, 0)):
        os.chown(spoiled, 65534, -1)
        (reason,) = own_records.records(spec)["untrusted"]
        assert reason == f"{spoiled} belongs to user {user}, and root would run {program}"
        with pytest.raises(Unreadable, match="root would run"):
            system.interpreter(spec)
        os.chown(spoiled, back, -1)
    link = tmp_path / "python"
    link.symlink_to(program)
    place.chmod(0o777)
    assert "can be written by everyone" in opening.lent(str(link), [])
    assert not (tmp_path / "run").exists()
