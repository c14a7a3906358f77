"""A server of several leaves its work to the others before it is stopped, and takes part again when all is back."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from group_world import resolved

from fatecloud.components.serving_server.v2 import record_left, rolling
from fatecloud.components.zookeeper.protocol import GONE, NO_AUTH, Refused
from fatecloud.model.desired import DesiredService
from fatecloud.probing.established import peers_of
from fatecloud.probing.grpc.wire import field, fields
from fatecloud.render.service_variables import service_variables

INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000017
nodes:
  n1: {address: 10.0.0.1}
  n2: {address: 10.0.0.2}
groups:
  one:
    release: RELEASE
    services: {zookeeper: n1, redis: n1, serving-server: [SERVERS], serving-proxy: n1}
    config: {serving-proxy: {party: 9999}}
"""
RECORDS = Path(__file__).parent / "fixtures" / "serving"
OWN, OTHER = "10.0.0.1:8000", "10.0.0.2:8000"
SINGLE, BATCH, HOST = "credit/inference", "credit/batchInference", "5f2b/unaryCall"


def server(tmp_path: Path, servers: str = "n1, n2", release: str = "serving-2.1.7") -> DesiredService:
    text = INVENTORY.replace("SERVERS", servers).replace("RELEASE", release)
    return resolved(tmp_path, text).services["one/serving-server@n1"]


def test_a_server_of_several_leaves_and_one_that_is_alone_or_of_serving_1_does_not(tmp_path: Path) -> None:
    found = server(tmp_path)
    assert found.drain
    conf, shown, asked_at, data, *members = found.drain.leave.argv[-5:]
    assert conf.endswith("conf/serving-server.properties")
    assert (shown, asked_at, data, members) == (OWN, "127.0.0.1:8000", found.data, ["10.0.0.1:2181"])
    questions = (found.drain.leave, found.drain.join, found.drain.left)
    assert [question.argv[5] for question in questions] == ["leave", "join", "left"]
    assert found.drain.left in found.probes
    assert server(tmp_path, servers="n1").drain is None
    assert server(tmp_path, release="serving-1.3.3").drain is None


def test_the_role_gets_both_questions_and_nothing_where_there_are_none(tmp_path: Path) -> None:
    text = INVENTORY.replace("SERVERS", "n1, n2").replace("RELEASE", "serving-2.1.7")
    state = resolved(tmp_path, text)
    known = {key: service_variables(state, service) for key, service in state.services.items()}
    drain = known["one/serving-server@n1"]["drain"]
    assert drain["leave"]["user"] == drain["join"]["user"] == state.services["one/serving-server@n1"].user
    assert drain["join"]["deadline"] > rolling.PATIENCE
    assert [key for key, variables in known.items() if "drain" in variables] == [
        "one/serving-server@n1",
        "one/serving-server@n2",
    ]


def leaf(where: str, key: str, weight: int | None = None) -> str:
    more = "" if weight is None else f"&weight={weight}"
    return f"grpc://{where}/serving/{key}?router_mode=ALL_ALLOWED&timestamp=1&version=216{more}"


class Tree:
    """What ZooKeeper has registered: the names below each path."""

    def __init__(self, leaves: dict[str, list[str]]) -> None:
        self.leaves = leaves
        self.logins: list[tuple[str, str]] = []

    def login(self, *account: str) -> None:
        self.logins.append((account[0], account[1]))

    def children(self, path: str) -> list[str]:
        top, *rest = path.removeprefix("/FATE-SERVICES/").split("/")
        assert top == "serving"
        if not rest:
            return sorted({key.split("/")[0] for key in self.leaves} | {"online", "empty"})
        if len(rest) == 1:
            return [key.split("/")[1] for key in self.leaves if key.startswith(f"{rest[0]}/")]
        if "/".join(rest[:2]) not in self.leaves:
            raise Refused(GONE)
        return [quote(name, safe="") for name in self.leaves["/".join(rest[:2])]]

    def close(self) -> None:
        self.leaves = dict(self.leaves)


@pytest.fixture
def conf(tmp_path: Path) -> str:
    path = tmp_path / "serving-server.properties"
    path.write_text("acl.enable=true\nacl.username=fate\nacl.password=secret\n")
    return str(path)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The weights that a server was given, by the full name of the service."""
    said: list[tuple[str, int]] = []

    def asked(_host: str, _port: int, path: str, message: bytes, *, timeout: float) -> tuple[dict[str, Any], bytes]:
        assert path == rolling.UPDATE
        assert timeout
        found = fields(message)
        said.append((found[1][0].decode(), found[3][0]))
        return {"ok": True}, field(2, "success")

    monkeypatch.setattr(rolling, "asked", asked)
    monkeypatch.setattr(rolling, "recorded", lambda _data: {"credit", "5f2b"})
    monkeypatch.setattr(time, "sleep", Mock())
    monkeypatch.setattr(rolling, "peers_of", Mock(return_value=["10.0.0.1", "10.0.0.1", "10.0.0.9"]))
    return said


def call(monkeypatch: pytest.MonkeyPatch, what: str, tree: Tree, conf: str, data: Path) -> dict[str, Any]:
    monkeypatch.setattr(rolling, "Session", lambda *_: tree)
    return rolling.main(what, conf, OWN, OWN, str(data), "10.0.0.1:2181")


def test_it_weighs_nothing_where_another_offers_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, sent: list[tuple[str, int]]
) -> None:
    tree = Tree(
        {
            SINGLE: [leaf(OTHER, SINGLE), leaf(OWN, SINGLE, 30)],
            BATCH: [leaf(OWN, BATCH)],
            HOST: [leaf(OWN, HOST), leaf(OTHER, HOST)],
            "other/inference": [leaf(OTHER, "other/inference")],
            "online/publishLoad": [leaf(OWN, "online/publishLoad"), leaf(OTHER, "online/publishLoad")],
        }
    )
    assert call(monkeypatch, "leave", tree, conf, tmp_path) == {"ok": True, "left": [HOST, SINGLE]}
    assert sorted(sent) == [(leaf(OWN, HOST), 0), (leaf(OWN, SINGLE, 30), 0)]
    assert tree.logins == [("fate", "secret")]
    assert record_left.read(str(tmp_path)) == {
        "weights": {SINGLE: 30, HOST: 100},
        "peers": {"10.0.0.1": 2, "10.0.0.9": 1},
    }


def test_what_an_earlier_run_had_left_is_not_taken_for_its_weight(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, sent: list[tuple[str, int]]
) -> None:
    record_left.write(str(tmp_path), {"weights": {SINGLE: 30}, "peers": {"10.0.0.9": 1}})
    tree = Tree({SINGLE: [leaf(OTHER, SINGLE), leaf(OWN, SINGLE, 0)]})
    assert call(monkeypatch, "leave", tree, conf, tmp_path)["ok"]
    assert record_left.read(str(tmp_path)) == {"weights": {SINGLE: 30}, "peers": {"10.0.0.9": 1}}
    assert len(sent) == 1


def test_it_takes_part_again_when_models_and_connections_are_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, sent: list[tuple[str, int]]
) -> None:
    record_left.write(str(tmp_path), {"weights": {SINGLE: 30, HOST: 100}, "peers": {"10.0.0.1": 2, "10.0.0.9": 2}})
    tree = Tree({SINGLE: [leaf(OWN, SINGLE, 0)]})
    answer = call(monkeypatch, "join", tree, conf, tmp_path)
    assert answer["kind"] == "connections"
    assert answer["error"].endswith("1 of 10.0.0.9")
    assert sent == []
    monkeypatch.setattr(rolling, "peers_of", lambda _port: ["10.0.0.1", "10.0.0.9"] * 2)
    answer = call(monkeypatch, "join", tree, conf, tmp_path)
    assert (answer["kind"], answer["error"]) == ("models", f"it does not offer again: {HOST}")
    assert sent == [(leaf(OWN, SINGLE, 0), 30)]
    tree.leaves = {SINGLE: [leaf(OWN, SINGLE, 30)], HOST: [leaf(OWN, HOST, 0)]}
    assert call(monkeypatch, "join", tree, conf, tmp_path) == {"ok": True}
    assert sent[1:] == [(leaf(OWN, HOST, 0), 100)]
    assert not (tmp_path / record_left.FILE).exists()


def test_it_does_not_wait_for_a_model_that_was_removed_meanwhile_and_keeps_its_weight(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, sent: list[tuple[str, int]]
) -> None:
    gone = "gone/inference"
    record_left.write(str(tmp_path), {"weights": {SINGLE: 30, gone: 100}, "peers": {}})
    assert call(monkeypatch, "join", Tree({SINGLE: [leaf(OWN, SINGLE, 0)]}), conf, tmp_path) == {"ok": True}
    assert sent == [(leaf(OWN, SINGLE, 0), 30)]
    assert record_left.read(str(tmp_path)) == {"weights": {gone: 100}, "peers": {}}
    again = Tree({gone: [leaf(OWN, gone, 0)]})
    assert call(monkeypatch, "left", again, conf, tmp_path) == {"ok": True, "left": [gone]}
    assert call(monkeypatch, "join", again, conf, tmp_path) == {"ok": True}
    assert not (tmp_path / record_left.FILE).exists()
    monkeypatch.setattr(rolling, "recorded", lambda _data: None)
    record_left.write(str(tmp_path), {"weights": {gone: 100}, "peers": {}})
    assert call(monkeypatch, "join", Tree({}), conf, tmp_path)["kind"] == "models", "its record cannot be read"


def test_it_offers_service_ids_and_digests_of_what_is_on_its_record(tmp_path: Path) -> None:
    shutil.copytree(RECORDS, tmp_path / ".fate")
    model = "arbiter-10000#guest-9999#host-10000#model"
    parts = ("202611291", f"guest#9999#{model}"), ("202611292", f"host#10000#{model}")
    digests = {hashlib.md5(f"{table}&{name}".encode()).hexdigest() for table, name in parts}  # noqa: S324
    assert record_left.recorded(str(tmp_path)) == {"credit", "risk_guest#1#x", *digests}
    (tmp_path / ".fate" / "loadModelStore.cache").write_bytes(b"damaged")
    assert record_left.recorded(str(tmp_path)) is None


def test_it_does_not_wait_for_ever_for_a_proxy_that_is_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, sent: list[tuple[str, int]]
) -> None:
    record_left.write(str(tmp_path), {"weights": {SINGLE: 100}, "peers": {"10.0.0.9": 5}})
    tree = Tree({SINGLE: [leaf(OWN, SINGLE, 0)]})
    assert not call(monkeypatch, "join", tree, conf, tmp_path)["ok"]
    known = record_left.read(str(tmp_path))
    record_left.write(str(tmp_path), {**known, "began": known["began"] - rolling.PATIENCE})
    assert call(monkeypatch, "join", tree, conf, tmp_path) == {"ok": True}
    assert sent == [(leaf(OWN, SINGLE, 0), 100)]


def test_one_that_has_not_left_asks_no_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str) -> None:
    monkeypatch.setattr(rolling, "Session", Mock(side_effect=AssertionError))
    for what in ("join", "left"):
        assert rolling.main(what, conf, OWN, OWN, str(tmp_path), "10.0.0.1:2181") == {"ok": True, "left": []}


def test_what_it_left_and_has_not_taken_back_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str
) -> None:
    tree = Tree(
        {
            SINGLE: [leaf(OTHER, SINGLE), leaf(OWN, SINGLE, 0)],
            BATCH: [leaf(OWN, BATCH, 7)],
            HOST: [leaf(OWN, HOST, 0)],
            "risk/inference": [leaf(OWN, "risk/inference", 0)],
        }
    )
    # Someone else gave the last one no weight, and one service had none before.
    record = {"weights": {SINGLE: 100, BATCH: 7, HOST: 0, "gone/inference": 100}, "peers": {}}
    (tmp_path / record_left.FILE).write_text(json.dumps(record))
    assert call(monkeypatch, "left", tree, conf, tmp_path) == {"ok": True, "left": [SINGLE]}
    (tmp_path / record_left.FILE).unlink()
    assert call(monkeypatch, "left", tree, conf, tmp_path) == {"ok": True, "left": []}


@pytest.mark.parametrize("text", ["", "[]", '{"weights": {"a": "b"}, "peers": {}}', '{"weights": 1, "peers": {}}'])
def test_a_record_that_is_none_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / record_left.FILE).write_text(text)
    assert record_left.read(str(tmp_path)) == {}


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ConnectionRefusedError(), "refused"), (Refused(NO_AUTH), "code"), (ValueError("no ZooKeeper"), "foreign")],
)
def test_without_a_registry_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, error: Exception, kind: str
) -> None:
    monkeypatch.setattr(rolling, "Session", Mock(side_effect=error))
    answer = rolling.main("leave", conf, OWN, OWN, str(tmp_path), "10.0.0.1:2181", "10.0.0.2:2181")
    assert (answer["ok"], answer["kind"]) == (False, kind)


def test_a_server_that_refuses_a_weight_is_said_with_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conf: str, sent: list[tuple[str, int]]
) -> None:
    del sent
    monkeypatch.setattr(rolling, "asked", lambda *_, **__: ({"ok": True}, field(1, 126) + field(2, "no node")))
    tree = Tree({SINGLE: [leaf(OTHER, SINGLE), leaf(OWN, SINGLE)]})
    answer = call(monkeypatch, "leave", tree, conf, tmp_path)
    assert (answer["kind"], "126: no node" in answer["error"]) == ("code", True)
    assert json.loads((tmp_path / record_left.FILE).read_text())["weights"] == {SINGLE: 100}


def test_connections_are_those_of_others_to_one_port(tmp_path: Path) -> None:
    rows = (
        "0100007F:1F40 0100007F:A000 01",  # its own node's loopback
        "0A00000A:1F40 0B00000A:A001 01",
        "0A00000A:1F40 0B00000A:A002 06",  # no longer a connection
        "0A00000A:1F41 0B00000A:A003 01",
        "00000000:1F40 00000000:0000 0A",
    )
    mapped = "0000000000000000FFFF00000A00000A:1F40 0000000000000000FFFF00000C00000A:A001 01"
    tables = []
    for name, found in (("tcp", rows), ("tcp6", (mapped,))):
        path = tmp_path / name
        lines = ["  sl  local_address rem_address   st", *(f"   0: {row} 00000000" for row in found)]
        path.write_text("\n".join(lines))
        tables.append(str(path))
    assert peers_of(8000, (*tables, str(tmp_path / "none"))) == ["10.0.0.11", "10.0.0.12"]
