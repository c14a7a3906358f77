"""TLS between proxies of FATE-Serving: settings, tables, the look at the own files, and questions to both ends."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Keys, certified
from component_world import MORE, desired, findings, rendered, root_codes, say, set_answer
from grpc_world import Serving, serving_grpc
from test_component_serving import packed, settings

from fatecloud.components.certificate_files import look
from fatecloud.components.serving_proxy import exposures, peers, probe_state, probe_table
from fatecloud.components.serving_proxy.check_tls import NOT_IN_FORCE
from fatecloud.components.serving_proxy.own_table import own_table
from fatecloud.components.serving_server import messages
from fatecloud.components.serving_server.probe_settings import judge as judged_settings
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.model.check import ServiceView
from fatecloud.model.observed import NodeFacts, Observed

EXAMPLE, PLAIN = "serving-tls", "serving-pair"
PROXY, HOST = "guest/serving-proxy@g1", "host/serving-proxy@h1"
CONF, TABLE = "trees/serving-proxy/conf/application.properties", "trees/serving-proxy/conf/route_table.json"
OURS = ("/etc/pki/fate/ca.crt", "/etc/pki/fate/proxy.crt", "/etc/pki/fate/proxy.key")
TLS = "        tls: {certificate: /etc/pki/fate/proxy.crt, key: /etc/pki/fate/proxy.key, ca: /etc/pki/fate/ca.crt}\n"
OVER_TLS = {
    "useSSL": True,
    "negotiationType": "TLS",
    "certChainFile": "/etc/pki/fate/proxy.crt",
    "privateKeyFile": "/etc/pki/fate/proxy.key",
    "caFile": "/etc/pki/fate/ca.crt",
}


def test_its_port_for_other_parties_wants_a_certificate_of_each_client() -> None:
    found = settings(rendered(PROXY, EXAMPLE)[CONF].text)
    assert {key: value for key, value in found.items() if "inter" in key and not key.endswith("port")} == {
        "proxy.grpc.inter.negotiationType": "TLS",
        "proxy.grpc.inter.CA.file": "/etc/pki/fate/ca.crt",
        "proxy.grpc.inter.server.certChain.file": "/etc/pki/fate/proxy.crt",
        "proxy.grpc.inter.server.privateKey.file": "/etc/pki/fate/proxy.key",
    }
    plain = rendered(PROXY, PLAIN)[CONF].text
    assert settings(plain)["proxy.grpc.inter.negotiationType"] == "PLAINTEXT"
    assert "file=" not in plain


def test_entries_of_other_parties_alone_ask_for_tls() -> None:
    table = json.loads(rendered(PROXY, EXAMPLE)[TABLE].text)["route_table"]
    assert table["10000"] == {"default": [{"ip": "192.0.2.42", "port": 8869, **OVER_TLS}]}
    assert table["11000"] == {"default": [{"ip": "203.0.113.7", "port": 8869, **OVER_TLS}]}
    assert {one["useSSL"] for ends in table["9999"].values() for one in ends} == {False}
    plain = json.loads(rendered(PROXY, PLAIN)[TABLE].text)["route_table"]
    assert {one["useSSL"] for roles in plain.values() for ends in roles.values() for one in ends} == {False}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", ca: /etc/pki/fate/ca.crt", "", "tls.ca are missing beside it"),
        ("/etc/pki/fate/ca.crt", "/etc/../ca.crt", "an absolute path of a file"),
        (TLS, "", r"group guest has no TLS, and that of group host speaks TLS alone"),
        ("serving-2.1.7", "serving-1.3.3", r"tls"),
    ],
)
def test_what_would_be_plaintext_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "inventory.yml"
    text = (MORE / f"{EXAMPLE}.yml").read_text()
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InventoryError, match=said):
        load(path)


def test_serving_1_3_names_the_key_that_it_does_not_have(tmp_path: Path) -> None:
    text = (MORE / f"{EXAMPLE}.yml").read_text().replace("serving-2.1.7", "serving-1.3.3")
    path = tmp_path / "inventory.yml"
    path.write_text(text.replace("serving-admin: h1", "redis: h1"))
    with pytest.raises(InventoryError) as raised:
        load(path)
    assert "serving-proxy" in str(raised.value)
    assert "1.3" in str(raised.value)


def looked(keys: Keys, ca: Path | None = None, host: str = "192.0.2.41") -> dict[str, Any]:
    return look(str(keys.certificate), str(keys.key), str(ca or keys.certificate), host, time.time(), own_ca=True)


def test_its_own_certificate_is_signed_by_one_of_its_cas(tmp_path: Path) -> None:
    own = certified(tmp_path, "own.example", "192.0.2.41", valid=dt.timedelta(days=40, hours=1))
    other = certified(tmp_path, "b.example", "192.0.2.42")
    assert looked(own) == {"ok": True, "days": 40}
    found = looked(own, other.certificate)
    assert found["kind"] == "ca"
    assert f"{own.certificate} is signed by none of the CAs in {other.certificate}" in found["error"]
    both = tmp_path / "both.crt"
    both.write_bytes(other.certificate.read_bytes() + own.certificate.read_bytes())
    assert looked(own, both)["ok"]


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (dt.timedelta(days=-2), dt.timedelta(hours=-1), "expired"),
        (dt.timedelta(hours=1), dt.timedelta(days=2), "not yet valid"),
    ],
)
def test_a_certificate_that_is_not_valid_now_says_why(
    tmp_path: Path, begins: dt.timedelta, ends: dt.timedelta, said: str
) -> None:
    found = looked(certified(tmp_path, "own.example", "192.0.2.41", begins=begins, valid=ends))
    assert found["kind"] == "invalid"
    assert said in found["error"]


def test_a_key_that_everyone_can_read_is_named(tmp_path: Path) -> None:
    own = certified(tmp_path, "own.example", "192.0.2.41")
    own.key.chmod(0o640)
    assert "open" not in looked(own)
    own.key.chmod(0o644)
    assert looked(own)["open"] is True
    assert looked(own, host="192.0.2.9")["open"] is True


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return certified(tmp_path_factory.mktemp("keys"), "proxy.example", "127.0.0.1")


@pytest.fixture(scope="module")
def secure(keys: Keys) -> Iterator[Serving]:
    with serving_grpc(keys.key, keys.certificate, keys.certificate) as serving:
        yield serving


@pytest.fixture(scope="module")
def plain() -> Iterator[Serving]:
    with serving_grpc() as serving:
        yield serving


@pytest.fixture
def echoed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' server sends back what it gets, so a proxy's answer is the question."""

    def asked(host: str, port: int, *, padding: int = 0, seconds: float, tls: Any = None) -> dict[str, Any]:
        del padding
        answer, code, _ = messages._unary(host, port, packed(messages.NO_HOST, "host id is null"), seconds, tls)
        return {"ok": code == messages.NO_HOST} if answer["ok"] else answer

    monkeypatch.setattr(messages, "UNARY", "/test.Echo/echo")
    monkeypatch.setattr(probe_state, "proxy", asked)
    monkeypatch.setattr(peers, "proxy", asked)
    monkeypatch.setattr(probe_state, "http", lambda *_: {"ok": True})


def files(keys: Keys, ca: Path | None = None) -> tuple[str, ...]:
    return (str(ca or keys.certificate), str(keys.certificate), str(keys.key))


def test_its_own_port_for_other_parties_is_asked_over_tls(
    keys: Keys, secure: Serving, plain: Serving, echoed: None
) -> None:
    intra, outer = f"127.0.0.1:{plain.port}", f"127.0.0.1:{secure.port}"
    trust = ",".join(files(keys))
    # By the name that other parties have, not by the address of the own node.
    assert probe_state.state("h:1", intra, outer, trust, "proxy.example") == {"ok": True}
    assert probe_state.state("h:1", intra, intra) == {"ok": True}
    found = probe_state.state("h:1", intra, intra, trust, "proxy.example")
    assert (found["kind"], found["port"]) == ("plaintext", "inter")
    wrong = probe_state.state("h:1", intra, outer, trust, "other.example")
    assert (wrong["kind"], wrong["port"]) == ("tls", "inter")


def test_a_port_with_neither_tls_nor_a_proxy_is_not_called_plaintext(
    keys: Keys, plain: Serving, echoed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "UNARY", "/test.Echo/nothing")
    outer = probe_state._outer("127.0.0.1", plain.port, files(keys), "proxy.example")
    assert outer["kind"] in ("tls", "reset", "foreign")


def test_another_partys_proxy_is_asked_over_tls(
    keys: Keys, secure: Serving, echoed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost = {"ok": False, "kind": "hop", "error": "no answer"}
    past: list[Any] = []

    def party(host: str, port: int, *_: Any, tls: Any = None, **more: Any) -> dict[str, Any]:
        if host == "o":
            return lost
        past.append(tls)
        return {**messages._unary(host, port, packed(messages.NULL_MODEL, ""), more["seconds"], tls)[0]}

    monkeypatch.setattr(peers, "party", party)
    monkeypatch.setattr(peers, "AGAIN_SECONDS", 0.0)
    endpoint = f"127.0.0.1:{secure.port}"

    def ask(trust: tuple[str, ...]) -> dict[str, Any]:
        return peers.ask("o:1", "9999", {"host": "10000"}, "host", endpoint, files=trust)

    assert ask(files(keys)) == {"ok": True, "behind": lost, "own": True}
    stranger = certified(tmp_path, "stranger.example", "127.0.0.1")
    found = ask(files(keys, stranger.certificate))
    assert (found["ok"], found["kind"], found["named"], found["behind"]) == (False, "tls", "tls", lost)
    assert [tls.ca for tls in past] == [str(keys.certificate), str(stranger.certificate)]
    # A proxy of the same party without TLS shows no certificate, and gets none.
    assert not ask(())["ok"]


def judged(tmp_path: Path, table: Any, example: str = EXAMPLE) -> list[str]:
    """What a proxy's own probe says of its table."""
    (probe,) = (one for one in desired(example).services[PROXY].probes if one.name == "serving-proxy.table")
    party, itself, wanted, encrypted = probe.argv[-4:]
    path, conf = tmp_path / "route_table.json", tmp_path / "application.properties"
    path.write_text(table if isinstance(table, str) else json.dumps(table))
    conf.write_text(f"coordinator={party}\n")
    answer = probe_table.judge(
        str(conf), str(path), party, itself.split(","), json.loads(wanted), json.loads(encrypted)
    )
    return [*answer["wrong"], *answer["loops"]]


@pytest.mark.parametrize(
    "changed", [{"useSSL": False}, {"negotiationType": "PLAINTEXT"}, {"caFile": " "}, {"caFile": ""}]
)
def test_an_entry_that_would_go_out_in_plaintext_is_named(tmp_path: Path, changed: dict[str, Any]) -> None:
    text = rendered(PROXY, EXAMPLE)[TABLE].text
    assert judged(tmp_path, text) == []
    table = json.loads(text)
    table["route_table"]["10000"]["default"][0].update(changed)
    assert judged(tmp_path, table) == ["what is for party 10000 goes out without TLS"]


def test_an_entry_with_tls_that_the_inventory_does_not_have_is_named(tmp_path: Path) -> None:
    text = rendered(PROXY, PLAIN)[TABLE].text
    assert judged(tmp_path, text, PLAIN) == []
    table = json.loads(text)
    table["route_table"]["11000"]["default"][0].update(OVER_TLS, useSSL="true")
    assert judged(tmp_path, table, PLAIN) == ["what is for party 11000 goes out with TLS"]
    assert own_table(str(tmp_path / "route_table.json"))["encrypted"]["11000"] == {"default": ["203.0.113.7:8869"]}


def test_another_word_for_negotiation_is_a_setting_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "application.properties"
    for value, shown in (("TLS", []), ("PLAINTEXT", []), ("TLS ", ["'TLS '"]), ("tls", ["'tls'"])):
        path.write_text(f"proxy.grpc.inter.negotiationType={value}\n")
        assert [one["value"] for one in judged_settings(str(path), [])["unreadable"]] == shown


def test_the_files_are_tried_before_a_deploy() -> None:
    service = desired(EXAMPLE).services[PROXY]
    (probe,) = (one for one in service.probes if one.name == "serving-proxy.certificate")
    assert probe.early
    assert probe.argv[-4:] == (*OURS[1:], OURS[0], "192.0.2.41")
    assert not [one for one in desired(PLAIN).services[PROXY].probes if one.name == "serving-proxy.certificate"]


def test_without_tls_plaintext_is_an_exposure() -> None:
    for example, codes in ((EXAMPLE, []), (PLAIN, ["EXPOSURE_SERVING_PLAINTEXT"])):
        facts = NodeFacts("g1", {}, {}, 0.1)
        view = ServiceView(desired(example), Observed({"g1": facts}, 0.0), facts, desired(example).services[PROXY])
        found = [one.code for one in exposures.exposures.function(view)]
        assert [code for code in found if code != "EXPOSURE_SERVING_OPEN"] == codes


def test_a_proxy_that_takes_plaintext_is_the_cause_at_its_partner() -> None:
    state = {"ok": False, "kind": "plaintext", "port": "inter", "error": "it takes plaintext, and no TLS"}
    tls = {
        "endpoint": "192.0.2.42:8869",
        "ok": False,
        "kind": "tls",
        "named": "tls",
        "error": "no TLS: WRONG_VERSION_NUMBER",
        "behind": {"ok": False, "kind": "hop", "error": "no answer from 192.0.2.42:8869", "hop": "192.0.2.42:8869"},
    }
    changes = (
        say(f"{HOST}:serving-proxy.state", **state),
        set_answer(f"{PROXY}:serving-proxy.peers", peers__host=tls),
    )
    assert root_codes(*changes, example=EXAMPLE) == [f"SERVING_TLS_NOT_IN_FORCE@{HOST}"]
    assert {one.code for one in findings(*changes, example=EXAMPLE)} == {"SERVING_TLS_NOT_IN_FORCE", "SERVING_PEER_TLS"}
    # As a value that was edited, it leads before the file that has it.
    assert ("FILE_DRIFTED" in NOT_IN_FORCE.explains, NOT_IN_FORCE.settles) == (True, False)
