"""Calls of gRPC by the probes' own client, answered by grpcio."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Keys, certified
from grpc_world import Serving, serving_grpc
from old_python import oldest
from web_fakes import closed_port

from fatecloud import components
from fatecloud.components.script import script_text
from fatecloud.probing.grpc.answer import LIMIT, Answer
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.call import unary
from fatecloud.probing.grpc.failures import NoGrpc, Silent, TlsFailed, Unanswered
from fatecloud.probing.grpc.tls import Tls


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving_grpc() as serving:
        yield serving


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return certified(tmp_path_factory.mktemp("keys"), "fate.example", "127.0.0.1")


@pytest.fixture(scope="module")
def secure(keys: Keys) -> Iterator[Serving]:
    with serving_grpc(keys.key, keys.certificate) as serving:
        yield serving


def call(server: Serving, method: str, message: bytes = b"", **more: Any) -> Answer:
    return unary("127.0.0.1", server.port, f"/test.Echo/{method}", message, **{"timeout": 30, **more})


@pytest.mark.parametrize("message", [b"", b"words", bytes(range(256)) * 64, b"x" * 65530])
def test_a_message_comes_back(server: Serving, message: bytes) -> None:
    answer = call(server, "echo", message)
    assert (answer.status, answer.name, answer.body) == (0, "OK", message)


def test_a_request_that_would_have_to_wait_for_room_is_refused() -> None:
    with pytest.raises(ValueError, match="65531 bytes"):
        unary("127.0.0.1", 1, "/a/b", b"x" * 65531, timeout=1)


@pytest.mark.parametrize("size", [100_000, LIMIT])
def test_a_large_answer_comes_whole(server: Serving, size: int) -> None:
    assert call(server, "large", str(size).encode()).body == b"x" * size


@pytest.mark.parametrize("size", [LIMIT + 1, 3_000_000])
def test_an_answer_beyond_the_limit_is_not_taken(server: Serving, size: int) -> None:
    answer = call(server, "large", str(size).encode())
    assert (answer.name, answer.body) == ("RESOURCE_EXHAUSTED", b"")
    assert str(size) in answer.message


def test_the_limit_is_the_callers(server: Serving) -> None:
    assert len(call(server, "large", b"1000000", limit=1 << 20).body) == 1_000_000
    assert call(server, "large", b"11", limit=10).message == "an answer of 11 bytes, more than 10 bytes"


@pytest.mark.parametrize(
    ("request_", "name", "message"),
    [
        ("5:no such thing", "NOT_FOUND", "no such thing"),
        ("13:" + "long words, " * 3000, "INTERNAL", "long words, " * 3000),
        ("2:größer, 100 %\n", "UNKNOWN", "größer, 100 %\n"),
        ("16:", "UNAUTHENTICATED", ""),
    ],
)
def test_an_error_is_data(server: Serving, request_: str, name: str, message: str) -> None:
    answer = call(server, "fail", request_.encode())
    assert (answer.name, answer.message, answer.body) == (name, message, b"")


def test_a_method_that_is_not_there_is_an_error_of_the_server(server: Serving) -> None:
    answer = call(server, "nothing")
    assert (answer.name, answer.message) == ("UNIMPLEMENTED", "Method not found!")


def test_metadata_go_both_ways(server: Serving) -> None:
    answer = call(server, "metadata", metadata={"x-ptp-uri": "/healthcheck"})
    assert json.loads(answer.body)["x-ptp-uri"] == "/healthcheck"
    assert (answer.metadata["first"], answer.metadata["last"]) == ("f" * 100, "l" * 100)


def test_the_server_gets_the_time_limit_and_ends_after_us(server: Serving) -> None:
    assert 30 < json.loads(call(server, "metadata").body)["left"] <= 31


def test_a_call_that_is_not_answered_in_time_says_that_the_server_speaks(server: Serving) -> None:
    with pytest.raises(Unanswered, match="it speaks HTTP/2"):
        call(server, "slow", b"3", timeout=0.3)
    answer, _ = asked("127.0.0.1", server.port, "/test.Echo/slow", b"3", timeout=0.3)
    assert (answer["ok"], answer["kind"]) == (False, "unanswered")


def test_a_process_that_is_stopped_is_silent() -> None:
    with serving_grpc() as server:
        assert call(server, "echo").status == 0
        os.kill(server.process.pid, signal.SIGSTOP)
        os.waitpid(server.process.pid, os.WUNTRACED)  # until it has stopped
        with pytest.raises(Silent):
            call(server, "echo", timeout=0.3)
        answer, _ = asked("127.0.0.1", server.port, "/test.Echo/echo", timeout=0.3)
        assert answer == {"ok": False, "kind": "silent", "error": "connected, then no answer within 0.3 s"}


def test_nothing_that_listens_is_refused() -> None:
    answer, _ = asked("127.0.0.1", closed_port(), "/test.Echo/echo", timeout=5)
    assert (answer["ok"], answer["kind"]) == (False, "refused")


@pytest.mark.parametrize("name", ["", "fate.example"])
def test_a_call_over_tls(secure: Serving, keys: Keys, name: str) -> None:
    tls = Tls(str(keys.certificate), name=name)
    assert call(secure, "echo", b"x" * 60_000, tls=tls).body == b"x" * 60_000
    assert len(call(secure, "large", b"200000", tls=tls).body) == 200_000
    assert call(secure, "fail", b"5:words", tls=tls).message == "words"


def test_another_name_and_another_ca_are_refused(secure: Serving, keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(TlsFailed, match=r"other\.example"):
        call(secure, "echo", tls=Tls(str(keys.certificate), name="other.example"))
    stranger = certified(tmp_path, "stranger")
    answer, _ = asked("127.0.0.1", secure.port, "/a/b", timeout=5, tls=Tls(str(stranger.certificate)))
    assert (answer["kind"], "certificate" in answer["error"].lower()) == ("tls", True)


def test_a_client_without_the_certificate_that_is_wanted_is_refused(keys: Keys, tmp_path: Path) -> None:
    own = certified(tmp_path, "client")
    with serving_grpc(keys.key, keys.certificate, own.certificate) as server:
        trusted = str(keys.certificate)
        shown = Tls(trusted, certificate=str(own.certificate), key=str(own.key))
        assert call(server, "echo", b"a", tls=shown).body == b"a"
        answer, _ = asked("127.0.0.1", server.port, "/test.Echo/echo", timeout=5, tls=Tls(trusted))
        assert answer["kind"] in ("tls", "reset")


def test_tls_and_plain_text_do_not_understand_each_other(server: Serving, secure: Serving, keys: Keys) -> None:
    answer, _ = asked("127.0.0.1", server.port, "/a/b", timeout=5, tls=Tls(str(keys.certificate)))
    assert answer["kind"] in ("tls", "reset")
    with pytest.raises((NoGrpc, ConnectionError)):
        call(secure, "echo")


def test_a_probe_asks_with_the_oldest_python_and_loads_little(
    server: Serving, secure: Serving, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "caller"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "probe_call.py").write_text(
        "import json, sys\n"
        "from fatecloud.probing.grpc.asking import asked\n"
        "if __name__ == '__main__':\n"
        "    port, method, ca = sys.argv[1:]\n"
        "    more = {}\n"
        "    if ca:\n"
        "        from fatecloud.probing.grpc.tls import Tls\n"
        "        more = {'tls': Tls(ca)}\n"
        "    answer, body = asked('127.0.0.1', int(port), '/test.Echo/' + method, b'13:words', timeout=9, **more)\n"
        "    print(json.dumps(dict(answer, body=body.decode(), loaded=sorted(sys.modules))))\n"
    )
    monkeypatch.setattr(components, "__path__", [*components.__path__, str(tmp_path)])

    def answer(port: int, method: str, ca: str = "") -> dict[str, Any]:
        argv = [str(oldest()), "-I", "-S", "-B", "-", str(port), method, ca]
        done = subprocess.run(argv, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    script = script_text("caller", "probe_call.py")
    plain = answer(server.port, "echo")
    assert (plain["ok"], plain["body"]) == (True, "13:words")
    assert not {"ssl", "typing", "http", "urllib", "logging", "hashlib", "pathlib", "email"} & set(plain["loaded"])
    assert answer(server.port, "fail")["error"] == "INTERNAL: words"
    assert answer(secure.port, "echo", str(keys.certificate))["body"] == "13:words"
    assert answer(secure.port, "echo", os.devnull)["kind"] == "tls"
