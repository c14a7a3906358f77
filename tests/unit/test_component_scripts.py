"""What the scripts that run on a node share: one GET, an environment's libraries, and how both get into their text."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from web_fakes import closed_port, saying, serving, silent

from fatecloud import components
from fatecloud.components.http_get import NoHttp, get
from fatecloud.components.libraries import SHARED, configuration, use_libraries
from fatecloud.components.script import script_text

SCRIPTS = sorted(Path(components.__file__).parent.glob("*/probe_*.py"))


def test_a_page_comes_with_status_and_reason_and_is_asked_for_with_our_headers() -> None:
    seen: list[dict[str, str]] = []
    with serving({"/a?b=1": (200, {"x": 1}), "/gone": (502, "no")}, seen) as port:
        assert get("127.0.0.1", port, "/a?b=1", timeout=5, headers={"dest-party-id": "9"}) == (200, "OK", b'{"x": 1}')
        assert get("127.0.0.1", port, "/gone", timeout=5) == (502, "Bad Gateway", b"no")
    assert seen[0] == {"host": f"127.0.0.1:{port}", "dest-party-id": "9"}


def test_an_answer_without_a_length_ends_where_the_connection_does() -> None:
    with saying(b"HTTP/1.1 200\r\n\r\n", b"a" * 70000, b"b") as port:
        status, reason, body = get("127.0.0.1", port, "/", timeout=5)
    assert (status, reason, len(body), body[-1:]) == (200, "", 70001, b"b")


def test_an_answer_with_a_length_needs_no_hang_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        got = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na")
                connection.sendall(b"bc")
                got.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert get("127.0.0.1", server.getsockname()[1], "/", timeout=5) == (200, "OK", b"abc")
        got.set()
        thread.join(10)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "3 of 10 bytes"),
        (b"HTTP/1.1 two hundred\r\n\r\n", "two hundred"),
    ],
)
def test_an_incomplete_answer_is_reported(said: bytes, why: str) -> None:
    with saying(said) as port, pytest.raises(NoHttp, match=why):
        get("127.0.0.1", port, "/", timeout=5)


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fatecloud.components.http_get.LIMIT", 1 << 20)
    with saying(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (1 << 20)) as port, pytest.raises(NoHttp, match="more than 1 MiB"):
        get("127.0.0.1", port, "/", timeout=5)


def test_a_smaller_limit_holds_for_what_others_run() -> None:
    with saying(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 70000) as port, pytest.raises(NoHttp, match="more than 64 KiB"):
        get("127.0.0.1", port, "/", timeout=5, limit=64 << 10)


def test_a_second_address_gets_its_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with slow(b"HTTP/1.0 200 OK\r\n\r\nyes") as port, full() as deaf:
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", number)) for number in (deaf, port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        assert get("two.example", port, "/", timeout=2.0) == (200, "OK", b"yes")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses[:1])
        with pytest.raises(TimeoutError):
            get("one.example", port, "/", timeout=0.1)


@contextmanager
def slow(answer: bytes) -> Iterator[int]:
    """The port of a server that needs a moment for its answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                time.sleep(0.2)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(10)


@contextmanager
def full() -> Iterator[int]:
    """The port of a server that takes no more connections: packets to it are dropped."""
    with socket.socket() as server, ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            line = waiting.enter_context(socket.socket())
            line.settimeout(0)
            line.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])


def test_no_listener_no_answer_and_a_hang_up_are_distinguished() -> None:
    with pytest.raises(ConnectionRefusedError):
        get("127.0.0.1", closed_port(), "/", timeout=5)
    with silent() as port, pytest.raises(TimeoutError):
        get("127.0.0.1", port, "/", timeout=0.1)
    with saying(b"") as port, pytest.raises(ConnectionResetError, match="without an answer"):
        get("127.0.0.1", port, "/", timeout=5)


def test_time_is_for_the_whole_answer_and_not_for_each_part_of_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not over.wait(0.05):
                    connection.sendall(b"H")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(TimeoutError):
            get("127.0.0.1", server.getsockname()[1], "/", timeout=0.3)
        over.set()
        thread.join(10)


def test_libraries_of_an_environment_are_found_without_site(tmp_path: Path) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    for folder, value in ((own, "mine"), (shared, "theirs")):
        folder.mkdir()
        (folder / "both.py").write_text(f"value = {value!r}")
    (shared / "only.py").write_text("")
    (own / SHARED).write_text(f"{shared}\n")
    text = Path(sys.modules[use_libraries.__module__].__file__ or "").read_text()
    text += f"\nuse_libraries({str(own)!r})\nimport both, only\nprint(both.value)\n"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "mine\n"


def test_an_environment_that_was_not_built_says_which(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=SHARED):
        use_libraries(str(tmp_path))


def test_scalars_of_a_configuration_are_text_in_every_version_of_yaml(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('port: 3306\npasswd: on\nname: "0123"\nempty:\n')
    assert configuration(str(tmp_path / "a.yaml")) == {"port": "3306", "passwd": "on", "name": "0123", "empty": ""}
    (tmp_path / "b.yaml").write_text("a: [")
    with pytest.raises(ValueError, match=r"b\.yaml"):
        configuration(str(tmp_path / "b.yaml"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_script_is_whole_and_has_nothing_of_the_project_to_import(path: Path) -> None:
    tree = ast.parse(script_text(path.parent.name, path.name), feature_version=(3, 8))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_no_name_of_a_script_replaces_one_of_what_is_written_into_it(path: Path) -> None:
    names: list[str] = []
    for node in ast.parse(script_text(path.parent.name, path.name)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    assert sorted({name for name in names if names.count(name) > 1}) == []
