"""TLS between two rollsite: settings, ports and tables, the look at the own files, and questions to the other side."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certificates import certified
from component_world import MORE, desired, rendered
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from test_eggroll_2 import CONF, ROLLSITE, TABLE

from fatecloud.components.certificate_files import look
from fatecloud.components.rollsite import probe_peers
from fatecloud.components.rollsite.own_table import OwnTable, own_table
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.model.routes import RouteTable
from fatecloud.resolve.flaws import flaws
from fatecloud.resolve.network import network_of, with_tables
from fatecloud.resolve.routes import routes

EXAMPLE = "eggroll-rollsite-tls"
OWN, THERE = "127.0.0.1:9370", "192.0.2.21:9443"
TLS = "tls: {certificate: /etc/pki/fate/rollsite.crt, key: /etc/pki/fate/rollsite.key, ca: /etc/pki/fate/ca.crt}"
FILES = ("/ca", "/crt", "/key")


def test_its_settings_open_a_port_for_tls_that_wants_certificates_of_clients() -> None:
    text = rendered(ROLLSITE, EXAMPLE)[CONF].text
    lines = set(text.splitlines())
    assert lines >= {
        "eggroll.rollsite.port=9370",
        "eggroll.rollsite.secure.port=9371",
        "eggroll.core.security.ca.crt.path=/etc/pki/fate/ca.crt",
        "eggroll.core.security.crt.path=/etc/pki/fate/rollsite.crt",
        "eggroll.core.security.key.path=/etc/pki/fate/rollsite.key",
        "eggroll.core.security.client.ca.crt.path=/etc/pki/fate/ca.crt",
        "eggroll.core.security.client.crt.path=/etc/pki/fate/rollsite.crt",
        "eggroll.core.security.client.key.path=/etc/pki/fate/rollsite.key",
        "eggroll.core.security.secure.client.auth.enabled=true",
    }
    assert "security" not in rendered(ROLLSITE, "eggroll-rollsite")[CONF].text


def test_entries_of_other_parties_alone_ask_for_tls() -> None:
    table = json.loads(rendered(ROLLSITE, EXAMPLE)[TABLE].text)["route_table"]
    assert table["10000"] == {"default": [{"ip": "192.0.2.21", "port": 9443, "is_secure": True}]}
    assert table["11000"] == {"default": [{"ip": "198.51.100.7", "port": 9371, "is_secure": True}]}
    # To its own flow, and as its own address, it is plaintext.
    assert table["9999"] == {
        "fateflow": [{"ip": "127.0.0.1", "port": 9360}],
        "default": [{"ip": "127.0.0.1", "port": 9370}],
    }


def test_other_parties_come_to_the_port_for_tls_and_own_services_to_the_other_one() -> None:
    found = desired(EXAMPLE)
    assert {port.name: port.peers for port in found.services[ROLLSITE].ports} == {"grpc": False, "secure": True}
    assert str(found.cluster.owners["9999"].public["proxy"]) == "192.0.2.11:9371"
    assert {route.port for route in routes(found) if route.way == "in"} == {9371, 9443}
    plain = desired("eggroll-rollsite")
    assert [(port.name, port.peers) for port in plain.services[ROLLSITE].ports] == [("grpc", True)]
    assert str(plain.cluster.owners["9999"].public["proxy"]) == "192.0.2.11:9370"


def test_the_port_for_tls_is_free_for_others_where_there_is_none(tmp_path: Path) -> None:
    text = (MORE / f"{EXAMPLE}.yml").read_text().replace("ports: {secure: 9443}", "ports: {secure: 9370}")
    path = tmp_path / "inventory.yml"
    path.write_text(text)
    with pytest.raises(InventoryError, match=r"port 9370 of b1 is wanted by"):
        load(path)
    path.write_text(text.replace(TLS, "keepalive: 60"))
    assert load(path).owners["9999"].public["proxy"].port == 9370


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", ca: /etc/pki/fate/ca.crt", "", "tls.ca are missing beside it"),
        (", key: /etc/pki/fate/rollsite.key, ca: /etc/pki/fate/ca.crt", "", "tls.key and tls.ca are missing beside it"),
        ("/etc/pki/fate/ca.crt", "../ca.crt", "an absolute path of a file"),
        ("/etc/pki/fate/ca.crt", "/etc/../ca.crt", "an absolute path of a file"),
    ],
)
def test_files_that_are_not_whole_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text((MORE / f"{EXAMPLE}.yml").read_text().replace(old, new))
    with pytest.raises(InventoryError, match=said):
        load(path)


def test_a_party_without_tls_beside_one_that_has_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    first, last = (MORE / f"{EXAMPLE}.yml").read_text().rsplit(TLS, 1)
    path.write_text(f"{first}keepalive: 60{last}")
    with pytest.raises(InventoryError, match=r"party 10000 has no TLS, and that of party 9999 speaks TLS alone"):
        load(path)


@pytest.mark.parametrize("port", ["9370", "9443"])
def test_an_entry_that_does_not_speak_as_the_port_does_is_named(port: str) -> None:
    network = network_of(desired(EXAMPLE))
    assert flaws(network) == ()
    (table,) = (table for table in network.tables if table.router == ROLLSITE)
    changed = with_tables(network, {ROLLSITE: _with(table, int(port), encrypted=port == "9370")})
    assert {(flaw.code, flaw.entry) for flaw in flaws(changed)} == {("ROUTE_PLAINTEXT", "10000.default")}


def _with(table: RouteTable, port: int, *, encrypted: bool) -> RouteTable:
    """The table, after another port and its TLS for party 10000."""
    entries = []
    for entry in table.entries:
        if entry.party == "10000":
            (target,) = entry.targets
            endpoint = replace(target.endpoint, port=port)
            target = replace(target, endpoint=endpoint, tls=target.tls if encrypted else None)
            entries.append(replace(entry, targets=(target,)))
        else:
            entries.append(entry)
    return replace(table, entries=tuple(entries))


def _looked(keys: Any, ca: Path | None = None, host: str = "192.0.2.11") -> dict[str, Any]:
    return look(str(keys.certificate), str(keys.key), str(ca or keys.certificate), host, time.time())


def test_files_that_fit_are_valid_for_some_days(tmp_path: Path) -> None:
    own = certified(tmp_path, "own.example", "192.0.2.11", valid=dt.timedelta(days=40, hours=1))
    assert _looked(own) == {"ok": True, "days": 40}
    assert _looked(own, host="own.example") == {"ok": True, "days": 40}


def test_what_a_partner_would_refuse_is_named(tmp_path: Path) -> None:
    own, other = certified(tmp_path, "own.example", "192.0.2.11"), certified(tmp_path, "b.example", "192.0.2.21")
    old = certified(tmp_path, "old.example", "192.0.2.11", valid=dt.timedelta(hours=-1))
    seen = [
        _looked(old),
        _looked(other),
        _looked(replace(own, key=other.key)),
        _looked(own, ca=tmp_path / "absent"),
        _looked(own, ca=own.key),
    ]
    assert [answer["kind"] for answer in seen] == ["invalid", "host", "file", "file", "file"]
    assert "expired" in seen[0]["error"]
    assert "192.0.2.11" in seen[1]["error"]
    assert "MISMATCH" in seen[2]["error"]
    assert seen[3]["error"] == f"{tmp_path}/absent: No such file or directory"


def test_a_certificate_for_servers_alone_is_not_enough(tmp_path: Path) -> None:
    serves = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    answers = [_looked(certified(tmp_path, "own.example", "192.0.2.11", usage=usage)) for usage in (serves, both)]
    assert [answer.get("kind", "") for answer in answers] == ["invalid", ""]
    assert "purpose" in answers[0]["error"]


def test_a_key_that_eggroll_cannot_read_is_named(tmp_path: Path) -> None:
    own = certified(tmp_path, "own.example", "192.0.2.11")
    key = serialization.load_pem_private_key(own.key.read_bytes(), None)
    own.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    assert _looked(own)["error"] == f"{own.key} is not a key in PKCS#8 without a password"


def test_the_table_that_is_deployed_has_its_files_and_no_entry_in_plaintext(tmp_path: Path) -> None:
    files = rendered(ROLLSITE, EXAMPLE)
    where = desired(EXAMPLE).services[ROLLSITE].home
    table, conf = tmp_path / "route_table.json", tmp_path / "conf"
    table.write_text(files[TABLE].text)
    conf.write_text(files[CONF].text.replace(f"{where}/{TABLE}", str(table)))
    found = own_table(str(conf))
    assert found.files == ("/etc/pki/fate/ca.crt", "/etc/pki/fate/rollsite.crt", "/etc/pki/fate/rollsite.key")
    assert [found.in_plaintext(party) for party in ("10000", "11000")] == [False, False]
    table.write_text(files[TABLE].text.replace("true", '"true"'))
    assert own_table(str(conf)).in_plaintext("10000")


def test_a_question_past_the_own_rollsite_is_asked_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, Any]] = []

    def question(host: str, port: int, *_: Any, tls: Any = None, **__: Any) -> dict[str, Any]:
        asked.append((host, port, tls and (tls.ca, tls.certificate, tls.key)))
        if tls:
            return {"ok": False, "kind": "tls", "error": "no TLS: certificate has expired"}
        return {"ok": False, "kind": "status", "status": "UNAVAILABLE", "error": "UNAVAILABLE: io exception"}

    class Line:
        def close(self) -> None: ...

    monkeypatch.setattr(probe_peers, "connected", lambda *_: Line())
    monkeypatch.setattr("fatecloud.components.router_questions.connected", lambda *_: Line())
    monkeypatch.setattr(probe_peers, "flow", question)
    monkeypatch.setattr(probe_peers, "health", question)
    parties = {"10000": {"default": [{"ip": "192.0.2.21", "port": 9443, "is_secure": True}]}}
    found = probe_peers.ask(OWN, "9999", OwnTable(OWN, parties, FILES), "10000", THERE)
    assert (found["kind"], found["named"], found["error"]) == ("tls", "tls", "no TLS: certificate has expired")
    assert set(asked) == {("127.0.0.1", 9370, None), ("192.0.2.21", 9443, FILES)}
    plain = {"10000": {"default": [{"ip": "192.0.2.21", "port": 9443}]}}
    document = probe_peers.look(OWN, "9999", OwnTable(OWN, plain, FILES), [f"10000={THERE}"])
    assert document["table"] == ["what is for party 10000 goes out without TLS"]
    assert "table" not in probe_peers.look(OWN, "9999", OwnTable(OWN, parties, FILES), [f"10000={THERE}"])
