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
from typing import Any

import pytest
from node_scripts import COMPONENTS, SCRIPTS, package_of
from old_python import oldest
from web_fakes import closed_port, saying, serving, silent

from fatecloud import components
from fatecloud.collect.node import probes
from fatecloud.components.script import parts_of, script_text
from fatecloud.probing.http_get import NoHttp, get
from fatecloud.probing.libraries import SHARED, configuration, use_libraries

IDS = [str(path.relative_to(COMPONENTS)) for path in SCRIPTS]


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
    monkeypatch.setattr("fatecloud.probing.http_get.LIMIT", 1 << 20)
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


@pytest.mark.parametrize("path", SCRIPTS, ids=IDS)
def test_a_script_loads_on_the_oldest_python_with_all_that_it_imports(path: Path) -> None:
    text = script_text(package_of(path), path.name).replace('{"__name__": "__main__"}', '{"__name__": "script"}')
    done = subprocess.run([oldest(), "-I", "-S", "-B", "-"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("path", SCRIPTS, ids=IDS)
def test_a_script_keeps_its_lines(path: Path) -> None:
    inner = next(iter(parts_of(package_of(path), path.name).values()))
    ours, theirs = path.read_text(), ast.parse(inner, feature_version=(3, 6))
    assert inner.count("\n") == ours.count("\n")
    functions = [node for node in ast.walk(theirs) if isinstance(node, ast.FunctionDef)]
    assert all(ours.split("\n")[node.lineno - 1].strip().startswith(f"def {node.name}(") for node in functions)
    assert not [node for node in ast.walk(theirs) if isinstance(node, ast.AnnAssign)]
    assert all(node.returns is None for node in functions)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of a component with scripts of its own; modules of its imports two levels deep."""
    package = tmp_path / "sample"
    (package / "deep").mkdir(parents=True)
    for folder in (package, package / "deep"):
        (folder / "__init__.py").touch()
    monkeypatch.setattr(components, "__path__", [*components.__path__, str(tmp_path)])
    yield package
    for name in [name for name in sys.modules if name.startswith("fatecloud.components.sample")]:
        del sys.modules[name]


def run(text: str) -> subprocess.CompletedProcess[str]:
    """With an interpreter that finds nothing of the project."""
    return subprocess.run([sys.executable, "-I", "-S", "-"], input=text, capture_output=True, text=True, check=False)


def test_modules_of_several_levels_keep_their_own_names(package: Path) -> None:
    (package / "deep" / "base.py").write_text("def _who() -> str:\n    return 'base'\n\n\nBASE: str = _who()\n")
    middle = (
        "from fatecloud.components.sample.deep.base import BASE\n"
        "def _who(\n    one: dict[str, int] | None = None,\n) -> str:\n    return 'middle and ' + BASE\n"
        "MIDDLE = _who()\n"
    )
    (package / "middle.py").write_text(middle)
    script = (
        "from __future__ import annotations\n"
        "from fatecloud.components.sample.middle import (\n    MIDDLE,\n)\n"
        "from fatecloud.components.sample.deep.base import BASE\n"
        "def _who():\n    return 'script'\n"
        "if __name__ == '__main__':\n    print(_who(), MIDDLE, BASE)\n"
    )
    (package / "probe_names.py").write_text(script)
    text = script_text("sample", "probe_names.py")
    assert run(text).stdout == "script middle and base base\n"
    assert text.count("def _who(") == 3, "each of them once"


def test_an_error_names_its_file_and_line(package: Path) -> None:
    (package / "deep" / "wrong.py").write_text("# one\ndef wrong():\n    raise KeyError('x')\n")
    (package / "probe_wrong.py").write_text("from fatecloud.components.sample.deep.wrong import wrong\n\nwrong()\n")
    text = script_text("sample", "probe_wrong.py")
    trace = run(text).stderr
    assert 'File "fatecloud/components/sample/probe_wrong.py", line 3' in trace
    assert 'File "fatecloud/components/sample/deep/wrong.py", line 3' in trace
    answers: dict[str, dict[str, Any]] = {}
    (thread,) = probes.started({"probes": [{"id": "a", "argv": ["python3", "-I", "-"], "stdin": text}]}, answers)
    thread.join(30)
    assert answers["a"]["error"] == "exit 1: KeyError: 'x' (fatecloud/components/sample/deep/wrong.py:3)"


@pytest.mark.parametrize("line", ["from fatecloud.components.sample.absent import x", "x = \"'''\""])
def test_what_cannot_be_written_into_a_text_is_refused(package: Path, line: str) -> None:
    (package / "probe_bad.py").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"sample\.(absent|probe_bad) cannot be part of a script"):
        script_text("sample", "probe_bad.py")
