"""What Serving's servers have: read from a list, from a record or from the registry, and put together."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from component_world import desired, healthy, observed, say, set_answer

from fatecloud.components.serving_server import listing, messages
from fatecloud.components.serving_server import registry as of_registry
from fatecloud.components.serving_server.loaded import instances, names
from fatecloud.components.serving_server.v1 import probe_state, record
from fatecloud.components.zookeeper.protocol import GONE, Refused
from fatecloud.model.serving import LoadedModel, Part
from fatecloud.probing.grpc.wire import field

EXAMPLE = "serving-pair"
SERVER = "guest/serving-server@g1"
VERSION, ID = "2020080416153238910324", "arbiter-10000#guest-9999#host-10000#model"
GUEST, HOST, ARBITER = f"guest#9999#{ID}", f"host#10000#{ID}", f"arbiter#10000#{ID}"
CONTENT = {
    "timestamp": 1764554400123,
    "role": "guest",
    "partId": "9999",
    "federationModelMap": {"10000": {"tableName": VERSION, "namespace": HOST, "role": "host", "partId": "10000"}},
}
PARTNER = {"table": VERSION, "namespace": HOST, "role": "host", "party": "10000"}
ONE = {
    "table": VERSION,
    "namespace": GUEST,
    "role": "guest",
    "party": "9999",
    "services": ["lr-a", "lr-b"],
    "since": 1764554400.123,
    "partners": [PARTNER],
}


def info(content: Any, namespace: str = GUEST) -> bytes:
    """A `ModelInfoEx`."""
    texts = ((1, VERSION), (2, namespace), (3, "lr-b"), (3, "lr-a"), (4, json.dumps(content)))
    return b"".join(field(number, text) for number, text in texts)


def listed(monkeypatch: pytest.MonkeyPatch, *entries: bytes) -> dict[str, Any]:
    body = b"".join(field(3, entry) for entry in entries)
    monkeypatch.setattr(messages, "asked", lambda *_, **__: ({"ok": True}, body))
    return messages.models("h", 1, seconds=1)


def test_a_list_says_of_each_model_whose_it_is_since_when_and_who_else_has_a_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert listed(monkeypatch, info(CONTENT)) == {"ok": True, "models": [ONE], "left_out": 0}


@pytest.mark.parametrize("content", [[], "text", {"timestamp": True, "federationModelMap": [1]}, {"timestamp": -1}])
def test_a_model_without_a_content_of_the_known_form_is_known_by_its_id(
    monkeypatch: pytest.MonkeyPatch, content: Any
) -> None:
    (found,) = listed(monkeypatch, info(content))["models"]
    assert found == {**ONE, "since": None, "partners": []}


def test_a_list_that_is_too_long_for_an_answer_says_how_many_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = listed(monkeypatch, *(info(CONTENT, f"guest#9999#{'m' * 400}{n}") for n in range(400)))
    assert len(json.dumps(found["models"])) <= listing.PROBED
    assert found["left_out"] == 400 - len(found["models"]) > 0


def test_all_models_that_a_server_can_list_fit_into_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    most = messages.MOST // (60 << 10)
    found = listed(monkeypatch, *(info(CONTENT, f"{GUEST}-{n}") for n in range(most)))
    assert (len(found["models"]), found["left_out"]) == (most, 0)


def test_a_model_has_all_of_its_service_ids_and_one_that_is_too_long_leaves_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = b"".join(field(3, f"lr-{n}") for n in range(200))
    found = listed(monkeypatch, info(CONTENT) + many, info(CONTENT, f"{GUEST}-more"))
    assert len(found["models"][0]["services"]) == 202
    huge = b"".join(field(3, f"{'s' * 150}-{n}") for n in range(2000))
    found = listed(monkeypatch, info(CONTENT) + huge, info(CONTENT, f"{GUEST}-more"))
    assert ([model["namespace"] for model in found["models"]], found["left_out"]) == ([f"{GUEST}-more"], 1)


def test_a_record_that_is_too_long_is_not_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, record.FILES[0], *((request("guest", "9999", version=str(n)), n) for n in range(1, 4)))
    monkeypatch.setattr(record, "MOST", (tmp_path / ".fate" / record.FILES[0]).stat().st_size - 1)
    assert "more than" in record.models(str(tmp_path))["error"]


def request(role: str, party: str, service: str = "", version: str = VERSION) -> bytes:
    """A `PublishRequest` as flow 1.4 sends it."""
    parts = [("guest", "9999", GUEST), ("host", "10000", HOST), ("arbiter", "10000", ARBITER)]
    message = field(1, field(1, role) + field(2, party))
    for name, number, space in parts:
        message += field(2, field(1, name) + field(2, field(1, number)))
        where = field(1, number) + field(2, field(1, version) + field(2, space))
        message += field(3, field(1, name) + field(2, field(1, where)))
    return message + (field(4, service) if service else b"")


def write(data: Path, name: str, *lines: tuple[bytes, int]) -> None:
    """Upstream's file: it begins with an empty line."""
    text = "".join(f"$1$ML${at}=" + base64.b64encode(message).decode() + f":{at}\n" for message, at in lines)
    (data / ".fate").mkdir(exist_ok=True)
    (data / ".fate" / name).write_text("\n" + text)


def test_a_server_without_a_list_is_known_by_the_requests_that_it_keeps(tmp_path: Path) -> None:
    assert record.models(str(tmp_path)) == {"models": [], "left_out": 0}
    loads, binds = record.FILES
    write(tmp_path, loads, (request("guest", "9999"), 1764554400123), (request("guest", "9999", version="2"), 5))
    write(
        tmp_path,
        binds,
        (request("guest", "9999", "lr-a", "2"), 6),
        (request("guest", "9999", "lr-a"), 8),
        (request("guest", "9999", "lr-b"), 7),
    )
    old, new = record.models(str(tmp_path))["models"]
    assert (old["table"], old["services"], old["since"]) == ("2", [], 0.005)
    assert new == {**ONE, "partners": [{**PARTNER, "namespace": ARBITER, "role": "arbiter"}, PARTNER]}


@pytest.mark.parametrize("line", ["a=!", "a=AAAA:1", "a=CgA=:x", f"a={base64.b64encode(field(1, b'')).decode()}:1"])
def test_a_record_of_another_form_leaves_the_server_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / ".fate").mkdir()
    (tmp_path / ".fate" / record.FILES[0]).write_text(f"\n{line}\n")
    monkeypatch.setattr(probe_state, "old_server", lambda *_, **__: {"ok": True})
    found = probe_state.state("h", 1, str(tmp_path))
    assert (found["ok"], found["models"]) == (True, None)
    assert "not Serving's" in found["unread"]
    monkeypatch.setattr(probe_state, "old_server", lambda *_, **__: {"ok": False, "kind": "code"})
    assert probe_state.state("h", 1, str(tmp_path)) == {"ok": False, "kind": "code"}


def test_the_registry_says_who_answers_to_each_name_and_what_no_one_answers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = "grpc%3A%2F%2F10.0.0.1%3A8000%2Fserving%2Flr-a%2Finference%3Fversion%3D216"
    tree = {
        "/FATE-SERVICES/serving": ["online", "lr-a", "gone", "digest"],
        "/FATE-SERVICES/serving/lr-a": ["inference", "batchInference"],
        "/FATE-SERVICES/serving/lr-a/inference/providers": [leaf],
        "/FATE-SERVICES/serving/gone": ["inference"],
        "/FATE-SERVICES/serving/digest": ["unaryCall"],
        "/FATE-SERVICES/serving/digest/unaryCall/providers": [leaf],
    }

    def children(path: str) -> list[str]:
        if path not in tree:
            raise Refused(GONE)
        return tree[path]

    monkeypatch.setattr(of_registry, "Session", lambda *_: Mock(children=children))
    paths = (of_registry.SERVER, of_registry.BOUND, of_registry.HOSTED)
    assert of_registry.listed("h", 1, None, paths) == {
        "ok": True,
        "found": {
            of_registry.SERVER: [],
            "serving/digest/unaryCall": ["10.0.0.1:8000"],
            "serving/gone/inference": [],
            "serving/lr-a/inference": ["10.0.0.1:8000"],
        },
        "left_out": 0,
    }
    tree["/FATE-SERVICES/serving"] = [f"n{n}" for n in range(of_registry.ENVIRONMENTS + 7)]
    assert of_registry.listed("h", 1, None, paths)["left_out"] == 7
    del tree["/FATE-SERVICES/serving"]
    assert of_registry.listed("h", 1, None, paths)["found"] == {of_registry.SERVER: []}


def test_a_registry_that_was_not_read_to_its_end_says_of_no_name_that_it_is_not_there() -> None:
    seen = observed(set_answer(f"{SERVER}:serving-server.registry", left_out=3), example=EXAMPLE)
    (instance, *_) = instances(desired(EXAMPLE), seen, "guest")
    assert (instance.registered, instance.error) == (None, "3 names in the registry were not looked at")


def test_an_instance_is_put_together_from_both_answers() -> None:
    every = healthy(SERVER, EXAMPLE)[f"{SERVER}:serving-server.registry"]["found"].items()
    found = {path: where for path, where in every if path.startswith("/") or "/online/" in path}
    found |= {"serving/lr-a/inference": ["10.0.0.1:8000"], "proxy/x/unaryCall": ["10.0.0.9:1"], "serving/d/other": [""]}
    seen = observed(
        set_answer(f"{SERVER}:serving-server.state", models=[ONE, "text"], left_out=2),
        set_answer(f"{SERVER}:serving-server.registry", found=found),
        example=EXAMPLE,
    )
    (instance,) = instances(desired(EXAMPLE), seen, "guest")
    (model,) = instance.models or ()
    assert model == LoadedModel(
        VERSION, GUEST, "guest", "9999", ("lr-a", "lr-b"), 1764554400.123, (Part(VERSION, HOST, "host", "10000"),)
    )
    assert (instance.left_out, instance.recorded, instance.error) == (2, False, "")
    assert instance.registered is not None
    assert instance.registered["lr-a"] == ("10.0.0.1:8000",)
    assert {*instance.registered} == {"online", "lr-a"} - {"online"}
    assert (instance.bound("lr-a"), instance.model(VERSION, GUEST), instance.bound("x")) == (model, model, None)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"ok": False, "kind": "starting", "error": "it has not registered its services yet"}, "not registered"),
        ({"ok": True, "models": None, "unread": "its list is too long"}, "too long"),
        ({"ok": True, "models": {"a": 1}}, ""),
    ],
)
def test_models_that_were_not_read_are_unknown_and_not_none(document: dict[str, Any], says: str) -> None:
    seen = observed(say(f"{SERVER}:serving-server.state", **document), example=EXAMPLE)
    (instance,) = instances(desired(EXAMPLE), seen, "guest")
    assert instance.models is None
    assert says in instance.error


def test_a_server_whose_node_was_not_read_says_so() -> None:
    seen = observed(lost=("g1",), example=EXAMPLE)
    (instance,) = instances(desired(EXAMPLE), seen, "guest")
    assert (instance.models, instance.registered) == (None, None)
    assert "g1 was not read" in instance.error


def test_a_guest_registers_its_service_ids_and_a_host_digests_by_the_rule_of_its_generation() -> None:
    parts = (Part(VERSION, GUEST, "guest", "9999"), Part(VERSION, ARBITER, "arbiter", "10000"))
    guest = LoadedModel(VERSION, GUEST, "guest", "9999", ("lr-a",), None, ())
    host = LoadedModel(VERSION, HOST, "host", "10000", (), None, parts)
    # The digests were read in the registries of 2.1.6 and of 1.3.3.
    assert names(host, old=False) == ("2e207aa43edc0a5e2517b68618920b2b",)
    assert [digest[:8] for digest in names(host, old=True)] == ["f76dc880", "798ff0bd"]
    assert names(guest, old=True) == names(guest, old=False) == ("lr-a",)
