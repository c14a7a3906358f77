"""What runs on nodes for verbs about models: the log of requests, and the store of answers."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from fatecloud.components.redis import probe_login
from fatecloud.components.redis.probe_login import Connection, Refused
from fatecloud.components.serving_proxy import hop_times
from fatecloud.components.serving_server import cached, change_model, publishing
from fatecloud.probing.grpc.wire import fields

CASE = "0f" * 16
LINES = {
    "server": f"2026-12-01 03:00:00,123|{CASE}|0|31|20|singleInference|10.0.0.9:8879||",
    "proxy": f"2026-12-01 03:00:00,123|10.0.0.1|{CASE}|9999||0|42|40|inference|10.0.0.1:8000||",
    "packets": f"2026-12-01 03:00:00,123|10.0.0.1|{CASE}|9999|10000|0|42|40|unaryCall|10.0.0.1:8000||",
    "old server": f"2026-12-01 03:00:00,123|10.0.0.1|seq|{CASE}|SYNC_RUN|33|0|{{age: 44|5|6}}|{{}}",
    "old proxy": f"2026-12-01 03:00:00,123|1764554400|10.0.0.1|{CASE}|9999||0|42|40|inference|NO_ROUTER_INFO",
}
FOUND = {
    "server": ("singleInference", 31, 20),
    "proxy": ("inference", 42, 40),
    "packets": ("unaryCall", 42, 40),
    "old server": ("SYNC_RUN", 33, None),
    "old proxy": ("inference", 42, 40),
}


@pytest.mark.parametrize("kind", LINES)
def test_the_line_of_a_request_says_how_long_it_took(tmp_path: Path, kind: str) -> None:
    log = tmp_path / "flow.log"
    log.write_text(f"2026-12-01 03:00:00,000|other|0|1|2|singleInference|\n{LINES[kind]}\n{CASE} in a text\n")
    (hop,) = hop_times.times(str(log), CASE)["hops"]
    assert (hop["service"], hop["milliseconds"], hop["downstream"]) == FOUND[kind]
    assert "age" not in str(hop), "features of people stay in the log"


def test_a_request_that_is_not_in_the_log_is_waited_for_and_then_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "flow.log"
    log.write_text(f"x|{CASE}|a|b\n{CASE}|\n")
    clock = Mock(monotonic=Mock(side_effect=[0.0, 1.0, 2.0, 9.0, 9.0]))
    monkeypatch.setattr(hop_times, "time", clock)
    assert hop_times.times(str(log), CASE) == {"ok": True, "hops": []}
    assert clock.sleep.call_count == 2
    assert hop_times.times(str(tmp_path / "none"), CASE)["kind"] == "file"


def connection(answers: bytes, monkeypatch: pytest.MonkeyPatch) -> Connection:
    socket = Mock(makefile=lambda _mode: io.BytesIO(answers))
    monkeypatch.setattr(probe_login, "connected", lambda *_: socket)
    return Connection("h", 1)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (b"+OK\r\n", "OK"),
        (b":-2\r\n", -2),
        (b"$3\r\na\r\n\r\n", "a\r\n"),
        (b"$-1\r\n", None),
        (b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", ["0", ["a", "b"]]),
    ],
)
def test_any_answer_of_redis_is_read(monkeypatch: pytest.MonkeyPatch, answer: bytes, value: Any) -> None:
    assert connection(answer, monkeypatch).reply("X") == value


@pytest.mark.parametrize(
    "answer", [b"*1\r\n*1\r\n*1\r\n:1\r\n", b":x\r\n", b"$999999\r\n", b"*x\r\n", b"HTTP/1.1 400\r\n"]
)
def test_an_answer_of_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        connection(answer, monkeypatch).reply("X")
    with pytest.raises(ValueError, match="7"):
        connection(b":7\r\n", monkeypatch).ask("X")


class Store:
    """A Redis with some keys: name -> milliseconds until its end."""

    def __init__(self, keys: dict[str, int]) -> None:
        self.keys = keys
        self.said: list[tuple[str, ...]] = []

    def ask(self, *words: str) -> str:
        if words == ("AUTH", "wrong"):
            raise Refused("WRONGPASS")
        return "OK"

    def reply(self, *words: str) -> Any:
        self.said.append(words)
        if words[0] == "SCAN":
            return ["7", list(self.keys)[:2]] if words[1] == "0" else ["0", list(self.keys)[2:]]
        answers: dict[str, Callable[[], Any]] = {
            "DBSIZE": lambda: len(self.keys),
            "PTTL": lambda: self.keys[words[1]],
            "STRLEN": lambda: 11,
            "EXPIRE": lambda: int(self.keys[words[1]] != -2),
            "DEL": lambda: sum(self.keys[name] != -2 for name in words[1:]),
        }
        return answers[words[0]]()

    def close(self) -> None:
        self.said.append(("close",))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    old, own = "$1$ML$" + "x" * 22, "9999_case"
    found = Store({"0f" * 16: 5000, old: 60_000, own: -1, "of someone else": 7, "f0" * 16: -2})
    monkeypatch.setattr(cached, "Connection", lambda *_: found)
    return found


def test_answers_are_counted_and_their_values_are_not_read(store: Store) -> None:
    found = cached.kept("h", 1, "right")
    numbers = {name: found[name] for name in ("answers", "forever", "foreign", "left_out", "changed")}
    assert numbers == {"answers": 3, "forever": 1, "foreign": 1, "left_out": 0, "changed": 0}
    assert (found["shortest"], found["longest"]) == (5.0, 60.0)
    assert {"key": "9999_case", "seconds": None, "bytes": 11} in found["items"]
    assert {words[0] for words in store.said} <= {"SCAN", "PTTL", "STRLEN", "DBSIZE", "close"}


@pytest.mark.parametrize(("seconds", "verb"), [(60, "EXPIRE"), (0, "DEL")])
def test_only_answers_of_servings_own_get_another_end(store: Store, seconds: int, verb: str) -> None:
    assert cached.kept("h", 1, "right", seconds)["changed"] == 3
    changed = [words[1:] if verb == "DEL" else words[1:2] for words in store.said if words[0] == verb]
    assert sorted(chain(*changed)) == sorted(["0f" * 16, "f0" * 16, "$1$ML$" + "x" * 22, "9999_case"])
    assert {words[2:] for words in store.said if words[0] == "EXPIRE"} == ({("60",)} if seconds else set())


def test_more_answers_than_are_looked_at_get_another_end_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "MOST", 1)
    found = cached.kept("h", 1, "right", 0)
    assert (found["answers"], found["left_out"], found["changed"]) == (1, 3, 3)


def test_a_store_that_refuses_or_is_none_is_an_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cached.kept("h", 1, "wrong")["kind"] == "refused"
    assert store.said[-1] == ("close",)
    monkeypatch.setattr(cached, "Connection", Mock(side_effect=ConnectionRefusedError))
    assert cached.kept("h", 1, "right")["kind"] == "refused"
    monkeypatch.setattr(cached, "Connection", lambda *_: Mock(reply=lambda *_: "text"))
    assert cached.kept("h", 1, "right")["kind"] == "foreign"


def test_a_change_names_the_model_and_what_is_bound_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[int, list[Any]]]] = []

    def asked(_host: str, _port: int, path: str, message: bytes, **_: Any) -> tuple[dict[str, Any], bytes]:
        sent.append((path.rpartition("/")[2], fields(message)))
        return {"ok": True}, b""

    monkeypatch.setattr(publishing, "asked", asked)
    own = {"table": "v1", "namespace": "guest#1#m", "role": "guest", "party": "1"}
    partner = {**own, "namespace": "host#2#m", "role": "host", "party": "2"}
    model = {**own, "partners": [partner], "services": ["lr"]}
    assert [change_model.changed(what, "h", 1, model) for what in ("bind", "unbind", "unload")] == [{"ok": True}] * 3
    (bind, bound), (unbind, taken), (unload, removed) = sent
    assert (bind, bound[4], unbind, taken[1], unload, removed) == (
        *("publishBind", [b"lr"], "unbind", [b"lr"], "unload"),
        {1: [b"v1"], 2: [b"guest#1#m"]},
    )
