"""FATE-Serving 2.1: the settings that its services get, what is made of their answers, and which groups are refused."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import math
import socket
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import Mock

import pytest
from component_world import CASES, desired, findings, rendered, set_answer
from group_world import loaded, resolved

from fatecloud import catalogue
from fatecloud.components.serving_admin import checks as of_admin
from fatecloud.components.serving_admin.v2 import probe_state as admin_state
from fatecloud.components.serving_proxy import exposures as of_proxy
from fatecloud.components.serving_proxy import peers as probe_peers
from fatecloud.components.serving_proxy import probe_shadow, trial_request
from fatecloud.components.serving_proxy import probe_state as proxy_state
from fatecloud.components.serving_server import checks as of_servers
from fatecloud.components.serving_server import exposures as of_server
from fatecloud.components.serving_server import messages, probe_registry, publishing, sample, trial_model
from fatecloud.components.serving_server import registry as of_registry
from fatecloud.components.serving_server.registry import address
from fatecloud.components.serving_server.want import REGISTRY
from fatecloud.components.zookeeper.protocol import NO_AUTH, Refused
from fatecloud.errors import InventoryError
from fatecloud.model.check import ServiceView
from fatecloud.model.filter import Filter, Opening
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.model.remedy import Run, immediate
from fatecloud.probing.grpc.wire import field, fields
from fatecloud.render.files import render_specs
from fatecloud.render.placeholders import names
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder

EXAMPLE = "serving-pair"
SERVER, PROXY, ADMIN = "guest/serving-server@g1", "guest/serving-proxy@g1", "guest/serving-admin@g1"
HOSTS = "host/serving-server@h1"
CONF = "trees/serving-server/conf/serving-server.properties"
APPLICATION = "conf/application.properties"
Asked = tuple[dict[str, Any], bytes]
OK = {"ok": True}

OLD_SERVER = "guest/serving-server@g1"
MANY = """\
groups:
  one:
    release: serving-1.3.3
    services: {zookeeper: [n1, n2, n3], redis: n1, serving-server: [n1, n2], serving-proxy: n1}
    config: {serving-proxy: {party: 9999}}
"""

INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000017
nodes:
  n1: {address: 10.0.0.1}
  n2: {address: 10.0.0.2}
  n3: {address: 10.0.0.3}
"""
ALL = "{zookeeper: %s, serving-server: %s, serving-proxy: %s}"
ONE = f"""\
groups:
  one:
    release: serving-2.1.7
    services: {ALL % ("n1", "n1", "n1")}
    config: {{serving-proxy: {{party: 9999}}}}
"""
TWO = f"""\
  two:
    release: serving-2.1.7
    services: {ALL % ("n2", "n2", "n2")}
    config: {{serving-proxy: {{party: 10000}}}}
"""


def settings(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(line == line.rstrip() for line in lines), (
        "Java keeps blanks at the end of a value, and fails on a number"
    )
    return dict(line.split("=", 1) for line in lines)


def test_a_server_registers_with_the_account_and_keeps_models_with_its_data() -> None:
    file = rendered(SERVER, EXAMPLE)[CONF]
    found = settings(file.text)
    assert found["zk.url"] == "127.0.0.1:2181"
    assert (found["acl.enable"], found["acl.username"]) == ("true", "fate")
    assert found["model.cache.path"] == desired(EXAMPLE).services[SERVER].data
    assert (found["cache.type"], found["redis.port"]) == ("redis", "6379")
    assert names(file.text) == {"guest.zookeeper.fate", "guest.redis.password"}
    # Without a source of features there is no adapter, above all not upstream's mock.
    assert not [key for key in found if "adaptor" in key]
    assert "Mock" not in file.text


def networks_of(tmp_path: Path, features: str) -> tuple[str, ...]:
    """What the unit of a server with such a source of features lets in and out."""
    text = ONE.replace("9999}}", "9999}, serving-server: {features: " + features + "}}")
    return resolved(tmp_path, INVENTORY + text).services["one/serving-server@n1"].process.networks


def test_a_class_of_features_reaches_its_store(tmp_path: Path) -> None:
    own = networks_of(tmp_path, "{source: none}")
    assert own == ("127.0.0.0/8", "::1/128", "10.0.0.1/32")
    known = networks_of(tmp_path, "{source: class, class: com.bank.Features, addresses: [10.0.0.61, 10.0.7.0/24]}")
    assert known == (*own, "10.0.0.61/32", "10.0.7.0/24")
    assert networks_of(tmp_path, "{source: class, class: com.bank.Features}") == (), "no one has said where it connects"


def test_a_hosts_features_are_the_samples_where_the_inventory_says_so() -> None:
    files = rendered(HOSTS, EXAMPLE)
    assert settings(files[CONF].text)["feature.single.adaptor"].endswith(".TestFileAdapter")
    pairs = dict(pair.split(":") for pair in files["trees/serving-server/host_data.csv"].text.strip().split(","))
    assert {name: float(value) for name, value in pairs.items()} == sample.HOST_FEATURES


def test_only_from_2_1_7_on_a_server_has_a_port_for_http_and_it_is_loopback() -> None:
    old, new = desired(EXAMPLE).services[SERVER], desired(EXAMPLE).services[HOSTS]
    assert [port.name for port in old.ports] == ["grpc"]
    assert [(port.name, port.bind) for port in new.ports][1:] == [("http", "127.0.0.1")]
    assert "server.port" not in settings(rendered(SERVER, EXAMPLE)[CONF].text)
    assert settings(rendered(HOSTS, EXAMPLE)[CONF].text)["server.address"] == "127.0.0.1"


def test_each_hop_waits_longer_than_what_it_asks() -> None:
    proxy = settings(rendered(PROXY, EXAMPLE)[f"trees/serving-proxy/{APPLICATION}"].text)
    server = settings(rendered(SERVER, EXAMPLE)[CONF].text)
    hops = [
        proxy["proxy.grpc.unaryCall.timeout"],
        server["single.inference.rpc.timeout"],
        proxy["proxy.grpc.inference.timeout"],
        proxy["proxy.async.timeout"],
    ]
    assert sorted(set(map(int, hops))) == list(map(int, hops))


def test_a_table_has_the_own_server_each_other_party_and_no_way_to_itself() -> None:
    table = json.loads(rendered(PROXY, EXAMPLE)["trees/serving-proxy/conf/route_table.json"].text)
    assert table["permission"] == {"default_allow": True}
    routes = table["route_table"]
    assert set(routes) == {"9999", "10000", "11000"}
    assert routes["9999"]["serving"] == [{"ip": "127.0.0.1", "port": 8000, "useSSL": False}]
    assert routes["10000"]["default"][0] == {"ip": "192.0.2.42", "port": 8869, "useSSL": False}
    assert routes["11000"]["default"][0]["ip"] == "203.0.113.7"


def test_the_password_of_the_admin_is_in_its_own_settings_alone() -> None:
    secret = "guest.serving-admin.login"
    assert secret in names(rendered(ADMIN, EXAMPLE)[f"trees/serving-admin/{APPLICATION}"].text)
    others = [key for key in desired(EXAMPLE).services if key != ADMIN]
    texts = (file.text for key in others for file in rendered(key, EXAMPLE).values())
    assert not [text for text in texts if secret in names(text)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ONE.replace("party: 9999", "timeout: 4000"), "group one does not say whose models it serves"),
        (ONE + TWO.replace("10000", "9999"), "both serve party 9999"),
        (ONE + 'peers: {"9999": {serving: "h:8869"}}\n', "serves party 9999, which is also a peer"),
        (ONE + 'peers: {"10000": {}}\n', "peer 10000 has no serving"),
        (ONE.replace("zookeeper: n1, ", ""), "there is no zookeeper for it"),
        (MANY.replace("redis: n1, ", ""), "there is no redis for it"),
        (
            MANY.replace("party: 9999}}", "party: 9999}, serving-server: {features: {source: http}}}"),
            "Serving 1 asks no one for features by HTTP",
        ),
        (
            ONE + TWO.replace("zookeeper: n2", "zookeeper: {group: one}"),
            "one/serving-proxy@n1 and two/serving-proxy@n2 both want the tree /",
        ),
        (
            ONE.replace(
                "{serving-proxy: {party: 9999}}",
                "{serving-proxy: {party: 9999}, serving-server: {features: {source: http}}}",
            ),
            "features.url is missing",
        ),
        (
            ONE.replace("9999}}", "9999}, serving-server: {features: {addresses: 10.0.0.61}}}"),
            "features.addresses counts for nothing with features.source none",
        ),
    ],
)
def test_groups_that_could_not_work_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InventoryError, match=says):
        loaded(tmp_path, INVENTORY + text)


def test_several_servers_and_keepers_are_named_as_their_generation_reads_them(tmp_path: Path) -> None:
    found = resolved(tmp_path, INVENTORY + MANY).services["one/serving-proxy@n1"]
    values = {file.template: file.values for file in found.specs}
    servers = values["serving-proxy/route_table.json.j2"]["table"]["route_table"]["9999"]["serving"]
    assert [server["ip"] for server in servers] == ["127.0.0.1", "10.0.0.2"]
    text = render_specs(found.specs, "one/serving-proxy@n1", folder("templates"))[0].text
    assert "zk.url=zookeeper://10.0.0.1:2181?backup=10.0.0.2:2181,10.0.0.3:2181\n" in text
    edges = resolved(tmp_path, INVENTORY + MANY).services["one/serving-server@n2"].edges
    assert [edge.target for edge in edges if edge.kind == "registry"] == [f"one/zookeeper@n{n}" for n in (1, 2, 3)]


def test_serving_1_keeps_results_in_redis_and_has_one_adapter_by_its_short_name() -> None:
    found = settings(rendered(OLD_SERVER, "serving-1")[CONF].text)
    assert (found["zk.url"], found["redis.port"]) == ("zookeeper://127.0.0.1:2181", "6379")
    assert found["OnlineDataAccessAdapter"] == ""
    host = settings(rendered("host/serving-server@h1", "serving-1")[CONF].text)
    assert host["OnlineDataAccessAdapter"] == "TestFile"
    assert desired("serving-1").services[OLD_SERVER].process.argv[-2] == "-c"


def test_one_group_alone_and_two_that_share_nothing_are_taken(tmp_path: Path) -> None:
    assert list(loaded(tmp_path, INVENTORY + ONE).groups) == ["one"]
    assert list(loaded(tmp_path, INVENTORY + ONE + TWO).groups) == ["one", "two"]


@pytest.mark.parametrize("release", ["fate-2.1.0", "fate-2.2.0"])
@pytest.mark.parametrize("services", ["serving-server: n2", "serving-server: {group: one}"])
def test_a_party_of_fate_2_cannot_join_because_its_flow_only_answers_yes(
    tmp_path: Path, release: str, services: str
) -> None:
    parties = (
        f"release: {release}\narchitecture: rabbitmq\n"
        f'parties: {{"9999": {{services: {{flow: n2, mysql: n2, rabbitmq: n2, nginx: n2, {services}}}}}}}\n'
    )
    with pytest.raises(InventoryError, match="answers code 0 and does nothing"):
        loaded(tmp_path, INVENTORY + parties + ONE)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Asked]:
    """By name of a method: what a server answers."""
    given: dict[str, Asked] = {}

    def asked(_host: str, _port: int, path: str, _message: bytes = b"", **_: Any) -> Asked:
        return given[path.rpartition("/")[2]]

    monkeypatch.setattr(messages, "asked", asked)
    return given


def packed(code: int, words: str) -> bytes:
    """The packet that a proxy answers with."""
    return field(2, field(2, json.dumps({"retcode": code, "retmsg": words})))


def test_an_empty_answer_is_a_server_without_models(answers: dict[str, Asked]) -> None:
    answers["queryModel"] = (OK, b"")
    assert messages.server("h", 1, seconds=1) == OK
    assert messages.models("h", 1, seconds=1) == {"ok": True, "models": [], "left_out": 0}
    one = field(1, "v1") + field(2, "guest#9999#m") + field(3, "lr-b") + field(3, "lr-a") + field(4, "{}")
    answers["queryModel"] = (OK, field(1, 110) + field(2, "no"))
    assert messages.models("h", 1, seconds=1) == {"ok": False, "kind": "code", "error": "it answers 110: no"}
    answers["queryModel"] = (OK, field(2, "success") + field(3, one))
    (found,) = messages.models("h", 1, seconds=1)["models"]
    assert (found["table"], found["namespace"], found["services"]) == ("v1", "guest#9999#m", ["lr-a", "lr-b"])


def test_a_server_that_waits_for_zookeeper_and_another_generation_have_other_kinds(answers: dict[str, Asked]) -> None:
    answers["queryModel"] = ({"ok": False, "kind": "status", "status": "INTERNAL", "error": "INTERNAL"}, b"")
    assert messages.models("h", 1, seconds=1)["kind"] == "starting"
    answers["queryModel"] = (
        {"ok": False, "kind": "status", "status": "UNIMPLEMENTED", "error": "Method not found"},
        b"",
    )
    assert messages.models("h", 1, seconds=1)["kind"] == "foreign"
    answers["queryModel"] = (OK, b"\xff")
    assert messages.models("h", 1, seconds=1)["kind"] == "foreign"
    assert messages.server("h", 1, seconds=1)["ok"] is False


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (104, "mode is null", ""),
        (605, "grpc unaryCall error 10.0.0.2:8000", "hop"),
        (610, "No available endpoint for the coordinator: 10000.", "route"),
        (629, "auth", "code"),
    ],
)
def test_the_code_says_where_on_the_way_a_question_ends(
    answers: dict[str, Asked], code: int, words: str, kind: str
) -> None:
    answers["unaryCall"] = (OK, packed(code, words))
    found = messages.party("h", 1, "9999", "10000", seconds=1)
    assert (found["ok"], found.get("kind", "")) == (not kind, kind)
    assert found.get("hop", "") == ("10.0.0.2:8000" if kind == "hop" else "")


def test_a_proxy_is_known_by_its_refusal_of_a_packet_for_no_one(answers: dict[str, Asked]) -> None:
    answers["unaryCall"] = (OK, packed(610, "host id is null"))
    assert messages.proxy("h", 1, padding=4000, seconds=1) == OK
    answers["unaryCall"] = (OK, packed(0, ""))
    assert messages.proxy("h", 1, seconds=1)["kind"] == "foreign"
    answers["unaryCall"] = (OK, field(2, b"{"))
    assert messages.proxy("h", 1, seconds=1)["kind"] == "foreign"


def test_another_partys_proxy_is_asked_only_where_the_way_through_both_says_nothing(
    answers: dict[str, Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        endpoint = f"127.0.0.1:{there.getsockname()[1]}"
        asked = functools.partial(probe_peers.ask, "o:1", "9999", {"host": "10000"}, "host", endpoint)
        answers["unaryCall"] = (OK, packed(104, "mode is null"))
        assert asked() == {"ok": True, "behind": OK}
        answers["unaryCall"] = (OK, packed(610, "host id is null"))
        found = asked()
        assert (found["ok"], found["behind"]["kind"], found.get("own")) == (True, "route", None)
        lost = {"ok": False, "kind": "hop", "error": "no answer"}
        monkeypatch.setattr(probe_peers, "party", lambda host, *_, **__: lost if host == "o" else OK)
        assert asked() == {"ok": True, "behind": lost, "own": True}
        # One of its servers is down, and the proxy chooses among all of them.
        chosen = iter([lost, lost, lost, OK])
        monkeypatch.setattr(probe_peers, "party", lambda *_, **__: next(chosen))
        assert asked() == {"ok": True, "behind": OK}
        # Past the own proxy it is seen what is lost.
        large = {"ok": False, "kind": "large", "error": "short ones are answered"}
        monkeypatch.setattr(probe_peers, "party", lambda *_, **__: lost)
        monkeypatch.setattr(probe_peers, "sized", lambda ask, *_: lost if ask.__name__ == "through" else large)
        assert asked() == {"ok": True, "behind": large}
    assert asked()["kind"] == "refused"


def test_serving_1_is_asked_to_score_and_answers_that_nothing_is_bound(answers: dict[str, Asked]) -> None:
    answers["inference"] = (OK, field(2, json.dumps({"retcode": 1104, "retmsg": ""})))
    assert messages.old_server("h", 1, padding=4000, seconds=1) == OK
    answers["inference"] = (OK, field(2, json.dumps({"retcode": 110, "retmsg": ""})))
    assert messages.old_server("h", 1, seconds=1)["kind"] == "code"
    answers["unaryCall"] = (OK, packed(104, "Can not found model."))
    assert messages.party("h", 1, "9999", "10000", old=True, seconds=1) == OK


def test_the_answer_of_a_page_that_does_not_exist_is_the_proxys_own(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"body": b'{"retcode":122,"retmsg":"SERVICE_NOT_FOUND","data":{},"flag":0}'}
    monkeypatch.setattr(proxy_state, "post", lambda *_, **__: (200, "OK", said["body"]))
    assert proxy_state.http("h", 1) == OK
    said["body"] = b'{"code":"100","message":"PARAM_ERROR"}'
    assert proxy_state.http("h", 1) == OK
    for said["body"] in (b'{"code":110,"message":"SYSTEM_ERROR"}', b"<html>", b"[]"):
        assert proxy_state.http("h", 1)["kind"] == "foreign"


def test_an_address_of_a_leaf_is_read_and_a_missing_one_is_empty() -> None:
    leaf = "grpc%3A%2F%2F10.0.0.1%3A8000%2Fserving%2Fonline%2FpublishLoad%3Frouter_mode%3DALL_ALLOWED%26version%3D216"
    assert address(leaf) == "10.0.0.1:8000"
    assert address("grpc%3A%2F%2F%2Fserving%2Fonline%2FpublishLoad%3Fversion%3D216") == ""
    assert address("10.0.0.1:8350") == "10.0.0.1:8350"


def test_a_tree_of_another_account_is_a_matter_of_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Mock(children=Mock(side_effect=Refused(NO_AUTH)))
    monkeypatch.setattr(of_registry, "Session", lambda *_: session)
    assert of_registry.listed("h", 1, None, ("/FATE-COMPONENTS/serving",))["kind"] == "rights"
    session.children.side_effect = Refused(-4)
    assert of_registry.listed("h", 1, None, ("/FATE-COMPONENTS/serving",))["kind"] == "code"


@pytest.mark.parametrize(
    ("lines", "says"), [("acl.enable=true\n", "it has no acl.username"), (None, "No such file or directory")]
)
def test_settings_without_an_account_are_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str | None, says: str
) -> None:
    conf = tmp_path / "serving-server.properties"
    if lines:
        conf.write_text(lines)
    monkeypatch.setattr(probe_registry, "ask", lambda *_: {"ok": True})
    found = probe_registry.judge(str(conf), ("/FATE-COMPONENTS/serving",), ["n1=10.0.0.1:2181"])
    assert (found["ok"], found["kind"], found["peers"]["n1"]["ok"]) == (False, "config", True)
    assert says in found["error"]
    said = set_answer(f"{SERVER}:{REGISTRY}", ok=False, kind="config", error=found["error"])
    (about,) = findings(said, example=EXAMPLE)
    assert (about.code, about.cause) == (
        "SERVING_REGISTRY_DOWN",
        "the service's own settings were changed by hand, or are missing",
    )


@pytest.mark.parametrize(("version", "ports"), [("2.1.6", 1), ("2.1.7", 2), ("2.1.10", 2), ("2.2.0", 2)])
def test_a_version_after_the_one_that_brought_http_has_it_too(tmp_path: Path, version: str, ports: int) -> None:
    cluster = loaded(tmp_path, INVENTORY + ONE)
    release = catalogue.load("serving-2.1.7")
    package = replace(release.packages["serving-server"], version=version)
    changed = replace(release, packages={**release.packages, "serving-server": package})
    assert len(resolve(cluster, {"one": changed}).services["one/serving-server@n1"].ports) == ports


def test_an_admin_that_takes_upstreams_account_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = tmp_path / "application.properties"
    conf.write_text("admin.username=fate\nadmin.password=own\n")
    tree = {"name": "cluster", "children": [{"name": "serving", "children": [{"name": "10.0.0.1:8000"}]}]}
    taken = {"own"}

    def post(_host: str, _port: int, _path: str, body: bytes, **_: Any) -> tuple[int, str, bytes]:
        fits = json.loads(body)["password"] in taken
        return 200, "OK", json.dumps({"retcode": 0 if fits else 120, "data": {"sessionToken": "t"}}).encode()

    monkeypatch.setattr(admin_state, "post", post)
    monkeypatch.setattr(
        admin_state, "get", lambda *_, **__: (200, "OK", json.dumps({"retcode": 0, "data": tree}).encode())
    )
    found = admin_state.state(str(conf), "h", 1)
    assert (found["ok"], found["shipped"], found["shown"]["serving"]) == (True, False, ["10.0.0.1:8000"])
    taken.add("admin")
    assert admin_state.state(str(conf), "h", 1)["shipped"] is True
    taken.clear()
    assert admin_state.state(str(conf), "h", 1)["kind"] == "login"


def test_an_admin_older_than_its_settings_gets_no_password_for_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "application.properties"
    conf.write_text("admin.username=fate\nadmin.password=own\n")
    sent: list[str] = []

    def post(_host: str, _port: int, _path: str, body: bytes, **_: Any) -> tuple[int, str, bytes]:
        sent.append(json.loads(body)["password"])
        return 200, "OK", json.dumps({"retcode": 120}).encode()

    monkeypatch.setattr(admin_state, "post", post)
    monkeypatch.setattr(admin_state, "started", lambda _: conf.stat().st_mtime - 60)
    found = admin_state.state(str(conf), "h", 1)
    assert (found["ok"], found["kind"], found["shipped"], sent) == (False, "login", False, ["admin"])
    for begun in (conf.stat().st_mtime + 60, None):
        sent.clear()
        monkeypatch.setattr(admin_state, "started", lambda _, begun=begun: begun)
        assert (admin_state.state(str(conf), "h", 1)["kind"], sent) == ("login", ["own", "admin"])


def test_an_admin_whose_settings_were_put_back_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf, record = tmp_path / "application.properties", tmp_path / "started"
    conf.write_text("admin.username=fate\nadmin.password=own\n")
    record.write_text(f"{hashlib.sha256(conf.read_bytes()).hexdigest()}  {conf}\n")
    monkeypatch.setattr(admin_state, "started", lambda _: conf.stat().st_mtime - 60)
    monkeypatch.setattr(admin_state, "post", Mock(side_effect=ConnectionRefusedError))
    assert admin_state.state(str(conf), "h", 1, str(record))["kind"] == "refused"
    conf.write_text("admin.username=fate\nadmin.password=other\n")
    assert admin_state.state(str(conf), "h", 1, str(record))["error"] == admin_state.UNREAD


@pytest.mark.parametrize(("closed", "filtered"), [(True, True), (True, False), (False, True), (False, False)])
def test_an_open_management_is_an_exposure_and_a_warning_where_anyone_may_come(*, closed: bool, filtered: bool) -> None:
    for key, checks in ((SERVER, of_server), (PROXY, of_proxy)):
        service = desired(EXAMPLE).services[key]
        assert service.process.networks
        (used,) = (port for port in service.ports if port.name in ("grpc", "intra"))
        service = replace(service, filter=Filter("t", (Opening(used.number, ()),)) if filtered else None)
        if not closed:
            service = replace(service, process=replace(service.process, networks=()))
        facts = NodeFacts("g1", {}, {}, 0.1)
        view = ServiceView(desired(EXAMPLE), Observed({"g1": facts}, 0.0), facts, service)
        found = list(checks.exposures.function(view))
        assert found[0].code == "EXPOSURE_SERVING_OPEN"
        assert found[0].severity == ("exposure" if closed or filtered else "warning")
        assert [one.code for one in found[1:]] == (["EXPOSURE_SERVING_PLAINTEXT"] if key == PROXY else [])
        partners = "the nodes of its group and the other parties" in found[0].symptom
        assert partners == (closed and not filtered and key == PROXY)
        limited = any("let only the nodes of its group reach port" in str(one) for one in found[0].remedy)
        assert limited == (partners or not (closed or filtered))


def test_a_page_of_the_admin_that_others_reach_is_an_exposure() -> None:
    service = desired(EXAMPLE).services[ADMIN]
    facts = NodeFacts("g1", {}, {}, 0.1)
    for bind, codes in (("127.0.0.1", []), ("192.0.2.41", ["EXPOSURE_SERVING_ADMIN_OPEN"])):
        changed = replace(service, ports=tuple(replace(port, bind=bind) for port in service.ports))
        view = ServiceView(desired(EXAMPLE), Observed({"g1": facts}, 0.0), facts, changed)
        assert [one.code for one in of_admin.exposures.function(view)] == codes


@pytest.mark.parametrize(
    ("leaves", "codes"),
    [
        (["10.0.0.2:8000"], []),
        (["10.0.0.9:8000"], []),
        ([""], ["SERVING_ADDRESS_WRONG"]),
        ([":8000"], ["SERVING_ADDRESS_WRONG"]),
        ([], ["SERVING_UNREGISTERED"]),
        (["10.0.0.2:8001"], ["SERVING_UNREGISTERED"]),
    ],
)
def test_a_node_that_the_inventory_has_by_name_may_register_any_address(
    tmp_path: Path, leaves: list[str], codes: list[str]
) -> None:
    named = INVENTORY.replace("10.0.0.1", "one.example").replace("10.0.0.2", "two.example")
    cluster = resolved(tmp_path, named + ONE + TWO)
    service = cluster.services["one/serving-server@n1"]
    found = dict.fromkeys(service.facts["registers"], leaves)
    answer = ProbeAnswer(0, {"ok": True, "found": found, "peers": {}}, None, 0.1)
    facts = NodeFacts("n1", {}, {f"{service.id.key}:{REGISTRY}": answer}, 0.1)
    view = ServiceView(cluster, Observed({"n1": facts}, 0.0), facts, service)
    said = list(of_servers.registered.function(view))
    assert [one.code for one in said] == codes
    assert all("its address in" in str(one.remedy[0]) for one in said if one.code == "SERVING_ADDRESS_WRONG")


def test_a_neighbour_that_runs_is_not_restarted_and_one_that_is_down_is_started_alone(tmp_path: Path) -> None:
    cluster = resolved(tmp_path, INVENTORY + MANY)
    service = cluster.services["one/serving-server@n2"]
    lost = {"ok": False, "kind": "timeout", "error": "no answer within 3 s"}
    answer = {"ok": False, "kind": "down", "peers": dict.fromkeys(("n1", "n2", "n3"), lost)}
    states = {"n1": "running", "n2": "running", "n3": "failed"}
    nodes = {
        node: NodeFacts(node, {"services": Fact({f"one/zookeeper@{node}": {"state": state}})}, {}, 0.1)
        for node, state in states.items()
    }
    facts = replace(nodes["n2"], probes={f"{service.id.key}:{REGISTRY}": ProbeAnswer(0, answer, None, 0.1)})
    view = ServiceView(cluster, Observed({**nodes, "n2": facts}, 0.0), facts, service)
    acts = {
        str(one.about): [run.command for run in immediate(one.remedy)] for one in of_servers.registry.function(view)
    }
    assert acts == {
        "one/zookeeper@n1": [],
        "one/zookeeper@n2": [],
        "one/zookeeper@n3": ["fatecloud start one/zookeeper@n3"],
    }


@pytest.mark.parametrize("code", ["SERVING_SERVER_DOWN", "SERVING_PROXY_DOWN", "SERVING_CONNECTION_LOST"])
def test_no_service_that_runs_is_restarted_at_once(code: str) -> None:
    (case,) = (case for case in CASES if case.code == code)
    (found,) = (one for one in findings(case.change, example=EXAMPLE) if one.code == code)
    assert immediate(found.remedy) == ()
    assert any(isinstance(one, Run) and "restart" in one.command and one.instead for one in found.remedy)


def test_the_sample_scores_what_both_parties_have_and_less_without_the_host() -> None:
    guest = 0.8 * 0.25 - 0.2 * -1.5 + 0.1
    host = -1.25 * 0.75 + 0.5 * -0.5
    assert sample.score() == pytest.approx(1 / (1 + math.exp(-(guest + host))))
    assert sample.score(with_host=False) == pytest.approx(1 / (1 + math.exp(-guest)))
    assert abs(sample.score() - sample.score(with_host=False)) > 0.1


def test_the_sample_has_the_parts_that_serving_reads() -> None:
    found = {name: base64.b64decode(text) for name, text in json.loads(sample.model("host", "9999", "10000")).items()}
    weights = [
        fields(entry)[1][0].decode() for entry in fields(found["hetero_lr_0.model:HeteroLogisticRegressionParam"])[4]
    ]
    assert weights == sorted(sample.HOST_FEATURES)
    dsl = json.loads(fields(found["pipeline.pipeline:Pipeline"])[1][0])
    assert dsl["components"]["hetero_lr_0"]["CodePath"].endswith("/HeteroLRHost")


def test_a_request_to_load_names_both_parties_and_the_own_part() -> None:
    own, partner = trial_model.parts("guest", "9999", "10000")
    message = fields(publishing.publish_request(own, [partner], sample.SERVICE, "/data/file"))
    assert fields(message[1][0]) == {1: [b"guest"], 2: [b"9999"]}
    assert [fields(entry)[1][0] for entry in message[2]] == [b"guest", b"host"]
    assert (message[4], message[7], message[8]) == ([sample.SERVICE.encode()], [b"CACHE"], [b"/data/file"])
    assert not {4, 7, 8} & {*fields(publishing.publish_request(own, [partner]))}


@pytest.mark.parametrize("body", [b"\xff", field(1, "no"), field(2, 5), field(1, field(1, "x"))])
def test_what_a_server_answers_to_a_load_may_have_any_form(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(trial_model, "models", lambda *_, **__: {"ok": True, "models": []})
    monkeypatch.setattr(publishing, "asked", lambda *_, **__: (OK, body))
    with TemporaryDirectory() as place:
        assert trial_model.load("h", 1, place, "host", "9999", "10000")["kind"] == "foreign"
    assert trial_model.load("h", 1, place, "host", "9999", "10000")["kind"] == "file", "the directory is gone"


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"retcode": "x"}', b'{"retcode": []}', b'{"retcode": Infinity}', b"{"]
)
def test_what_answers_a_request_may_have_any_form(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(trial_request, "post", lambda *_, **__: (200, "OK", body))
    assert trial_request.predicted("h", 1, "inference", b"{}")["kind"] == "foreign"


def test_the_known_request_arrives_as_an_application_sends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sent: list[bytes] = []

    def post(_host: str, _port: int, _path: str, body: bytes, **_: Any) -> tuple[int, str, bytes]:
        sent.append(body)
        return 200, "OK", b'{"retcode": 0, "retmsg": "", "data": {"score": 0.25}}'

    monkeypatch.setattr(trial_request, "post", post)
    request, table = tmp_path / "request.json", tmp_path / "route_table.json"
    request.write_text(json.dumps({"service": "credit", "features": {"x0": 0.5}, "remote": {"id": "7"}}))
    table.write_text("{}")
    assert probe_shadow.shadow("127.0.0.1:8059", str(request), str(table), []) == {"ok": True, "score": 0.25}
    (body,) = sent
    found = json.loads(body.decode())
    assert (found["head"], found["body"]["featureData"]) == ({"serviceId": "credit"}, {"x0": 0.5})
    assert found["body"]["sendToRemoteFeatureData"].keys() == {"id", "fatecloud"}


OTHER = ("v1", "guest#9999#m", [sample.SERVICE])
BOUND = (sample.VERSION, sample.namespace("guest", "9999", "9999", "10000"), [sample.SERVICE, "lr"])


@pytest.mark.parametrize("there", [OTHER, BOUND], ids=["another model", "the sample, which someone else uses"])
def test_a_server_with_a_model_is_left_alone(
    there: tuple[str, str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table, namespace, services = there
    one = {"table": table, "namespace": namespace, "services": services}
    monkeypatch.setattr(trial_model, "models", lambda *_, **__: {"ok": True, "models": [one]})
    monkeypatch.setattr(publishing, "_call", lambda *_: pytest.fail("nothing is loaded"))
    found = trial_model.load("h", 1, str(tmp_path), "guest", "9999", "10000")
    assert (found["kind"], list(tmp_path.iterdir())) == ("models", [])
    assert f"{table} {namespace}" in found["error"]
