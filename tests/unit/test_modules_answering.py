"""A start counts only if the process that answers is of the unit that was started."""

from __future__ import annotations

import os
import pwd
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from modules import utility

answering = utility("fatecloud_answering")
strays = utility("fatecloud_strays")

LEAST = "nobody"
SERVER = """
import os, socket, sys
server = socket.create_server((sys.argv[1], 0))
if len(sys.argv) > 2:
    os.setpgid(0, 0)
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {SERVER!r}, *sys.argv[1:]])"


def listening(*command: str, user: str | None = None) -> Iterator[tuple[int, int]]:
    """Run a server, its number and port; it ends when its standard input does."""
    argv = [sys.executable, "-c", *command]
    pipe = subprocess.PIPE
    who: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, start_new_session=True, cwd="/", **who) as process:
        assert process.stdout
        yield process.pid, int(process.stdout.readline())


@pytest.fixture
def server() -> Iterator[tuple[int, int]]:
    """A process that listens on 127.0.0.1: its number, and the port."""
    yield from listening(SERVER, "127.0.0.1")


def wanted(port: int, bind: str = "127.0.0.1", **changes: Any) -> dict[str, Any]:
    ports = [{"number": port, "bind": bind}]
    return {"ports": ports, "unit": "", "slug": "ours", "base": "/nonexistent", "owner": ""} | changes


def started(base: Path, pid: int) -> None:
    """Supervisor has started the service `ours` as this process."""
    folder, home = base / ".fatecloud" / "supervisor" / "conf.d", base / "home"
    folder.mkdir(parents=True)
    (home / "run").mkdir(parents=True)
    (folder / "ours.conf").write_text(f"[program:ours]\ncommand={home}/bin/start\ndirectory={home}\n")
    (home / "run" / "pid").write_text(f"{pid}\n")


def test_a_process_that_supervisor_did_not_start_is_a_stranger(server: tuple[int, int], tmp_path: Path) -> None:
    pid, port = server
    (text,) = answering.strangers(wanted(port, base=str(tmp_path)))
    sentence = rf"port {port} is held by process {pid} of user \S+ \(python[\d.]*\), which is not of this service"
    assert re.fullmatch(sentence, text)


def test_the_started_process_is_none(server: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid, port = server
    started(tmp_path, pid)
    monkeypatch.setattr(strays, "_works_for", lambda *_: True)
    assert answering.strangers(wanted(port, base=str(tmp_path))) == []


@pytest.mark.parametrize("more", [(), ("own group",)], ids=["in its group", "in a group of its own"])
def test_a_child_of_the_started_process_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr(strays, "_works_for", lambda *_: True)
    for pid, port in listening(PARENT, "127.0.0.1", *more):
        started(tmp_path, pid)
        assert answering.strangers(wanted(port, base=str(tmp_path))) == []


@pytest.mark.parametrize(
    ("groups", "number"),
    [
        ("0::/system.slice/ours.service\n", 0),
        ("0::/system.slice/ours.service/jobs\n", 0),
        ("1:name=systemd:/system.slice/ours.service\n0::/\n", 0),
        ("0::/system.slice/ours.service.d\n", 1),
        ("0::/system.slice/theirs.service\n", 1),
    ],
)
def test_under_systemd_the_control_group_says_whose_a_process_is(
    server: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str, number: int
) -> None:
    pid, port = server
    (tmp_path / "cgroup").write_text(groups)

    def opened(path: str, **more: Any) -> Any:
        return Path(tmp_path / "cgroup" if path == f"/proc/{pid}/cgroup" else path).open(**more)

    monkeypatch.setattr(answering, "open", opened, raising=False)
    assert len(answering.strangers(wanted(port, unit="ours.service"))) == number


@pytest.mark.parametrize(
    ("held", "bind", "number"),
    [("127.0.0.1", "127.0.0.1", 1), ("127.0.0.1", "0.0.0.0", 1), ("127.0.0.1", "127.0.0.2", 0), ("", "127.0.0.2", 1)],  # noqa: S104
)
def test_only_a_socket_that_is_in_the_way_counts(held: str, bind: str, number: int) -> None:
    for _, port in listening(SERVER, held):
        assert len(answering.strangers(wanted(port, bind))) == number


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as another user")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="there is no Python that every user can start")
def test_what_root_of_a_container_may_not_see_the_services_user_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "holders", lambda *_: {})
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")  # that of a test may be where only its owner comes
    for pid, port in listening(SERVER, "127.0.0.1", user=LEAST):
        assert f"process {pid} of user {LEAST}" in answering.strangers(wanted(port, owner=LEAST))[0]


@pytest.mark.parametrize(("uid", "number"), [(os.geteuid(), 0), (54321, 1)])
def test_where_the_holder_is_hidden_its_user_decides(monkeypatch: pytest.MonkeyPatch, uid: int, number: int) -> None:
    row = answering.listening.__globals__["Listening"](9380, "127.0.0.1", uid, "7")
    monkeypatch.setattr(answering, "listening", lambda: [row])
    monkeypatch.setattr(answering, "_seen_by", lambda _user: {})
    found = answering.strangers(wanted(9380))
    assert len(found) == number
    assert all("of user 54321" in text for text in found)


def test_a_port_on_which_no_one_listens_is_none_of_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert answering.strangers(wanted(port)) == []
