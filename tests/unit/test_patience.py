"""A question that a loaded node is asked once more waits longer, and nothing that is late for load is called a name."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import fatecloud.components
from fatecloud.collect import shipment
from fatecloud.components.script import parts_of
from fatecloud.probing.dialing import asked
from fatecloud.probing.http_get import get
from fatecloud.probing.patience import VARIABLE, clock, patient

COMPONENTS = Path(fatecloud.components.__file__).parent
LIMITED = {"settimeout", "run", "ConnectionParameters"}
LIMITS = {"timeout", "connect_timeout", "socket_timeout"}
LIMITED_BY_CALLERS = {
    "fatecloud.probing.connecting.connection_to",
    "fatecloud.probing.grpc.frames._limit",
}
"""They get what is left of a limit that was patient already."""
SCRIPT = f"import os; print(os.environ['{VARIABLE}'])"


def test_limits_are_as_written_unless_the_question_has_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    assert patient(5) == 5
    monkeypatch.setenv(VARIABLE, "2")
    assert patient(5) == 10


def test_what_is_left_by_the_clock_of_a_question_is_a_limit_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setenv(VARIABLE, "2")
    until = clock() + 10
    monkeypatch.setattr(time, "monotonic", lambda: 112.0)
    assert until - clock() == 4
    assert patient(until - clock()) == 8


def limits(text: str) -> Iterator[tuple[str, bool]]:
    """The functions of a module that limit how long something takes, and whether they do so with patience."""
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        names = {call: getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls}
        limited = any(
            names[call] == "settimeout"
            or (names[call] in LIMITED | {"connect"} and any(word.arg in LIMITS for word in call.keywords))
            for call in calls
        )
        begun = any(
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and "monotonic()" in ast.unparse(node)
            for node in ast.walk(function)
        )
        if limited or begun:
            yield function.name, bool({"patient", "clock"} & set(names.values()))


def test_every_time_limit_of_a_question_has_patience() -> None:
    scripts = [path.relative_to(COMPONENTS) for path in COMPONENTS.rglob("probe_*.py")]
    modules = {
        name: text for path in scripts for name, text in parts_of(path.parts[0], "/".join(path.parts[1:])).items()
    }
    found = {f"{name}.{function}": with_it for name, text in modules.items() for function, with_it in limits(text)}
    assert found.keys() >= LIMITED_BY_CALLERS
    assert [name for name, with_it in found.items() if not with_it and name not in LIMITED_BY_CALLERS] == []
    assert len(found) > 10


@pytest.mark.parametrize(("more", "said"), [({}, "1"), ({"patience": 2.0}, "2")])
def test_each_question_gets_its_own_patience(more: dict[str, float], said: str) -> None:
    question = {"id": "x", "script": SCRIPT, "arguments": [], "timeout": 20.0, **more}
    done = subprocess.run(
        [sys.executable, "-c", shipment.asker()],
        input=json.dumps({"questions": [question]}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["stdout"] == f"{said}\n"


def test_a_page_that_comes_late_is_read_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                time.sleep(0.4)
                line.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setenv(VARIABLE, "100")
        assert get("127.0.0.1", server.getsockname()[1], "/", timeout=0.2)[2] == b"{}"
        thread.join()


@pytest.mark.parametrize(
    ("endpoint", "kind"), [("10.0.0.2:9300", "timeout"), ("[fd00::2]:9300", "timeout"), ("b.example:9300", "name")]
)
def test_only_a_name_can_be_late_for_its_name_server(endpoint: str, kind: str) -> None:
    over = threading.Event()

    def ask(_party: str, _endpoint: str) -> dict[str, object]:
        over.wait(20)
        return {"ok": True}

    found = asked([f"10000={endpoint}"], ask, 0.05)
    over.set()
    assert found["peers"]["10000"]["kind"] == kind
