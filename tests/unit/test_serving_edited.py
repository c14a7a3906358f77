"""What someone edited in FATE-Serving's settings and routes: read as Serving reads it, and named by its value."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from component_world import findings, root_codes, say, set_answer

from fatecloud.components.serving_proxy import peers, probe_table
from fatecloud.components.serving_proxy.own_table import is_here, leads, own_table
from fatecloud.components.serving_server.probe_settings import judge

EXAMPLE = "serving-pair"
PROXY, SERVER = "guest/serving-proxy@g1", "guest/serving-server@g1"
ITSELF = ["10.0.0.1:8869", "10.0.0.1:8879"]
WANTED = {"9999": {"serving": ["10.0.0.1:8000"]}, "10000": {"default": ["10.0.0.2:8869"]}}


def conf(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.properties"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("port=8000 ", "'8000 '"),
        ("port=", "''"),
        ("proxy.grpc.inter.port=8869x", "'8869x'"),
        ("coordinator=9999 ", "'9999 '"),
        ("redis.expire=five", "'five'"),
        ("useRegister=ture", "'ture'"),
        ("acl.enable=yes", "'yes'"),
        ("acl.enable=true ", "'true '"),
    ],
)
def test_what_java_does_not_read_is_named_with_its_blanks(tmp_path: Path, line: str, shown: str) -> None:
    (found,) = judge(conf(tmp_path, line + "\n"), [])["unreadable"]
    assert (found["key"], found["value"]) == (line.partition("=")[0], shown)


@pytest.mark.parametrize(
    "line", ["port=8000", "port= 8000", "useRegister=TRUE", "acl.password=8000 ", "zk.url=h:2181 ", "redis.expire=-1"]
)
def test_what_java_reads_and_other_texts_are_left_alone(tmp_path: Path, line: str) -> None:
    assert judge(conf(tmp_path, line + "\n"), [])["unreadable"] == []


def test_no_password_leaves_the_node(tmp_path: Path) -> None:
    text = "redis.password=planted-1 \nacl.password=planted-2\nadmin.password=planted-3\nport=1\n"
    assert "planted" not in json.dumps(judge(conf(tmp_path, text), []))


def test_a_table_of_many_parties_is_read_whole(tmp_path: Path) -> None:
    many = {str(number): {"default": [{"ip": "10.0.0.2", "port": 8869}]} for number in range(1, 400)}
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"route_table": many, "permission": {"default_allow": True}}))
    wanted = {number: {"default": ["10.0.0.2:8869"]} for number in many}
    found = probe_table.judge(conf(tmp_path, "coordinator=9999\n"), str(path), "9999", ["10.0.0.2:8869"], wanted, {})
    assert (found["wrong"], len(found["loops"])) == ([], 100)
    path.write_text(" " * (4 << 20) + "{}")
    assert "more than 4 MiB" in own_table(str(path))["error"]


def test_settings_that_are_not_there_say_so(tmp_path: Path) -> None:
    assert judge(str(tmp_path / "none"), [])["kind"] == "config"


def test_a_class_is_looked_for_in_all_jars(tmp_path: Path) -> None:
    folder = tmp_path / "extension"
    folder.mkdir()
    with zipfile.ZipFile(folder / "own.jar", "w") as jar:
        jar.writestr("com/bank/Features.class", b"")
        jar.writestr("com/upstream/TestFile.class", b"")
    (folder / "damaged.jar").write_bytes(b"no zip")
    text = "feature.single.adaptor=com.bank.{}\nOnlineDataAccessAdapter={}\n"
    where = [str(folder), str(tmp_path / "nowhere")]
    assert judge(conf(tmp_path, text.format("Features", "TestFile")), where)["missing"] == []
    assert judge(conf(tmp_path, text.format("Feature", "File")), where)["missing"] == ["com.bank.Feature", "File"]
    assert judge(conf(tmp_path, text.format("Feature", "")), [])["missing"] == [], (
        "a service without classes of its own"
    )


@pytest.mark.parametrize(
    ("value", "mock"),
    [
        ("com.webank.ai.fate.serving.adaptor.dataaccess.MockAdapter", True),
        ("com.webank.ai.fate.serving.adaptor.dataaccess.MockBatchAdapter ", True),
        ("MockAdapter", True),
        ("com.bank.Mocked", False),
        ("", False),
    ],
)
def test_upstreams_mock_is_known_by_its_name(value: str, *, mock: bool) -> None:
    change = set_answer(f"{SERVER}:serving-server.settings", values__OnlineDataAccessAdapter=value)
    assert [f.code for f in findings(change, example=EXAMPLE)] == (["SERVING_FEATURES_MOCK"] if mock else [])


def table(tmp_path: Path, document: Any) -> str:
    path = tmp_path / "route_table.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def entry(where: str, **more: Any) -> dict[str, Any]:
    host, _, port = where.rpartition(":")
    return {"ip": host, "port": int(port), **more}


def whole(**parties: Any) -> dict[str, Any]:
    routes = {
        "9999": {"serving": [entry("10.0.0.1:8000")]},
        "10000": {"default": [entry("10.0.0.2:8869", useSSL=False)], "createTime": 1},
    }
    return {"route_table": {**routes, **parties}, "permission": {"default_allow": True}}


def judged(tmp_path: Path, document: Any, settings: str = "coordinator=9999\n") -> dict[str, Any]:
    return probe_table.judge(conf(tmp_path, settings), table(tmp_path, document), "9999", ITSELF, WANTED, {})


def test_a_table_as_it_was_deployed_has_nothing_wrong(tmp_path: Path) -> None:
    assert judged(tmp_path, whole()) == {"ok": True, "loops": [], "wrong": []}


def test_a_proxy_with_another_number_says_which(tmp_path: Path) -> None:
    assert judged(tmp_path, whole(), "coordinator=8888\n")["party"] == "8888"
    # A blank is for the check of numbers.
    assert "party" not in judged(tmp_path, whole(), "coordinator=9999 \n")


@pytest.mark.parametrize("where", ["10.0.0.1:8869", "127.0.0.1:8869", "127.0.0.9:8879", "localhost:8869"])
@pytest.mark.parametrize("party", ["10000", "default"])
def test_an_entry_that_leads_back_is_a_loop(tmp_path: Path, party: str, where: str) -> None:
    (loop,) = judged(tmp_path, whole(**{party: {"default": [entry(where)]}}))["loops"]
    assert where in loop
    assert ("party 10000" if party == "10000" else "parties that it does not know") in loop


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (whole(**{"10000": {"default": [entry("10.0.0.2:8868")]}}), "party 10000 goes to 10.0.0.2:8868"),
        (whole(**{"9999": {}}), "serving of party 9999 goes to no address"),
        (whole(**{"7": {"default": [entry("10.0.0.7:8869")]}}), "an entry for party 7"),
        ({**whole(), "permission": {"default_allow": False}}, "its permissions refuse requests"),
    ],
)
def test_what_differs_from_the_inventory_is_named(tmp_path: Path, document: Any, says: str) -> None:
    (wrong,) = judged(tmp_path, document)["wrong"]
    assert says in wrong


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("{", "json"),
        ("[]", "form"),
        ({"route_table": {}}, "form"),
        ({"route_table": {"1": {"default": [{"ip": "h"}]}}, "permission": {}}, "form"),
        ("[" * 100_000, "json"),
    ],
)
def test_a_table_that_the_proxy_cannot_read_has_a_kind(tmp_path: Path, document: Any, kind: str) -> None:
    assert judged(tmp_path, document)["kind"] == kind


def test_a_table_is_looked_up_as_the_proxy_does_it(tmp_path: Path) -> None:
    found = own_table(table(tmp_path, whole(default={"default": [entry("10.0.0.9:1")]})))["routes"]
    assert leads(found, "10000", "host") == ["10.0.0.2:8869"]
    assert leads(found, "5", "host") == ["10.0.0.9:1"]
    assert leads(found, "9999", "host") == []
    assert not is_here("10.0.0.2:8869", ITSELF)
    assert not is_here("127.0.0.1:8000", ITSELF)


def test_a_party_whose_packets_would_go_round_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "connected", Mock())
    monkeypatch.setattr(peers, "party", Mock(side_effect=AssertionError("it was asked")))
    found = peers.ask("h:1", "9999", {"host": "10000"}, "host", "h:2", looped=frozenset({"10000"}))
    assert (found["ok"], found["behind"]["error"]) == (True, peers.ASTRAY)


def test_the_edited_value_leads_before_the_changed_file_and_its_effects() -> None:
    broken = {"ok": False, "kind": "route", "error": peers.ASTRAY, "hop": ""}
    changes = (
        set_answer(f"{PROXY}:serving-proxy.table", loops=["what is for party host goes to 127.0.0.1:8869"]),
        set_answer(f"{PROXY}:serving-proxy.peers", peers__host__behind=broken),
    )
    assert root_codes(*changes, example=EXAMPLE) == [f"SERVING_ROUTE_LOOPS@{PROXY}"]


def test_a_proxy_may_wait_as_long_as_the_other_party_and_not_shorter() -> None:
    theirs = "host/serving-proxy@h1:serving-server.settings"
    longer = {
        "proxy.grpc.unaryCall.timeout": "3500",
        "proxy.grpc.inference.timeout": "5500",
        "proxy.async.timeout": "6500",
    }
    (found,) = findings(set_answer(theirs, values=longer), example=EXAMPLE)
    assert (found.code, str(found.subject)) == ("SERVING_WAIT_SHORT", PROXY)
    assert "3500 ms" in found.symptom
    assert (
        findings(set_answer(theirs, values={**longer, "proxy.grpc.unaryCall.timeout": "3000"}), example=EXAMPLE) == []
    )


def test_a_table_that_was_not_read_is_not_a_loop() -> None:
    change = say(f"{PROXY}:serving-proxy.table", ok=False, kind="file", error="No such file or directory")
    assert [f.code for f in findings(change, example=EXAMPLE)] == ["SERVING_TABLE_WRONG"]
