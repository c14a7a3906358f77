"""Packet filters: which ports get one, what nftables is given, how it is loaded, and how what it holds is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from component_world import desired, rendered
from group_world import NODES, resolved
from modules import utility

from fatecloud.collect.node import filters as collected
from fatecloud.collect.node.reading import Unreadable
from fatecloud.model.desired import DesiredService
from fatecloud.model.filter import Filter, Opening, collapsed, held_rules
from fatecloud.model.filtering import unfiltered
from fatecloud.model.observed import Fact, NodeFacts

loading = utility("fatecloud_filters")
PROXY, SERVER, ROLLSITE = "one/serving-proxy@n1", "one/serving-server@n1", "9999/rollsite@a1"
MEMBER, REDIS = "one/zookeeper@n1", "one/redis@n1"
ONE = """\
groups:
  one:
    release: serving-2.1.6
    services: {zookeeper: [n1, n2, n3], serving-server: [n1, n2], serving-proxy: n1}
    config: {serving-proxy: {party: 9999}}
"""
FLOW = "serving-server: {{flow: '{}:9380'}}, serving-proxy: {{party: 9999}}"


def service(place: Path, key: str, *changes: tuple[str, str]) -> DesiredService:
    text = NODES + ONE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return resolved(place, text).services[key]


def openings(place: Path, key: str, *changes: tuple[str, str]) -> dict[int, tuple[str, ...]]:
    found = service(place, key, *changes).filter
    return {one.port: one.networks for one in found.openings} if found else {}


def test_a_port_is_open_to_the_nodes_of_its_callers_where_the_unit_lets_in_more(tmp_path: Path) -> None:
    # n3 has a member of the ensemble alone: the unit exchanges packets with it, and it calls neither port.
    assert openings(tmp_path, PROXY) == {8879: ("10.0.0.2/32",)}
    assert openings(tmp_path, SERVER) == {8000: ()}
    assert openings(tmp_path, "one/serving-server@n2") == {8000: ("10.0.0.1/32",)}
    assert openings(tmp_path, MEMBER) == dict.fromkeys((2181, 2888, 3888), ("10.0.0.2/31",))


def test_a_port_that_the_unit_closes_to_the_same_has_none(tmp_path: Path) -> None:
    alone = ("[n1, n2, n3], serving-server: [n1, n2]", "n1, serving-server: [n1, n2]")
    assert service(tmp_path, PROXY, alone).process.networks
    assert openings(tmp_path, PROXY, alone) == openings(tmp_path, "one/serving-server@n2", alone) == {}
    assert openings(tmp_path, MEMBER, alone) == {2181: ("10.0.0.2/32",)}, "its unit has no list"


@pytest.mark.parametrize(
    "node", ["10.0.0.1, become: none", "10.0.0.1, supervision: supervisor", "10.0.0.1, packet_filter: none"]
)
def test_where_none_can_be_loaded_or_none_is_wanted_there_is_none(tmp_path: Path, node: str) -> None:
    elsewhere = ("zookeeper: [n1, n2, n3]", "zookeeper: n3")
    assert openings(tmp_path, PROXY, elsewhere) == {8879: ("10.0.0.2/32",)}
    assert openings(tmp_path, PROXY, elsewhere, ("{address: 10.0.0.1}", f"{{address: {node}}}")) == {}


def test_a_caller_that_is_known_by_name_alone_closes_nothing(tmp_path: Path) -> None:
    named = ("address: 10.0.0.2", "address: n2.bank.example, bind: 10.0.0.2")
    assert openings(tmp_path, PROXY, named) == {}
    assert openings(tmp_path, SERVER, named) == {8000: ()}, "only its own node's proxy calls it"


def test_a_flow_that_loads_models_may_reach_a_server(tmp_path: Path) -> None:
    text = "serving-proxy: {party: 9999}"
    for host, networks in (("192.0.2.9", ("192.0.2.9/32",)), ("2001:db8::9", ("2001:db8::9/128",))):
        written = f"[{host}]" if ":" in host else host
        assert openings(tmp_path, SERVER, (text, FLOW.format(written))) == {8000: networks}
    assert openings(tmp_path, SERVER, (text, FLOW.format("flow.bank.example"))) == {}


def test_a_port_that_the_operator_opens_stays_open(tmp_path: Path) -> None:
    opened = ("config: {", 'config: {zookeeper: {bind: "0.0.0.0"}, ')
    assert openings(tmp_path, MEMBER, opened) == dict.fromkeys((2888, 3888), ("10.0.0.2/31",))
    kept = ("serving-proxy: n1}", "serving-proxy: n1, redis: n1}")
    assert openings(tmp_path, REDIS, kept) == {6379: ("10.0.0.2/32",)}
    assert openings(tmp_path, REDIS, kept, ("config: {", "config: {redis: {bind: 10.0.0.1}, ")) == {}
    http = ("party: 9999", "party: 9999, bind: 10.0.0.1")
    assert service(tmp_path, PROXY, http).process.networks == (), "applications may be anywhere"
    assert openings(tmp_path, PROXY, http) == {8879: ("10.0.0.2/32",)}


def test_rollsites_plain_port_is_closed_to_partners_beside_the_one_for_tls() -> None:
    found = desired("eggroll-rollsite-tls").services[ROLLSITE]
    assert found.filter is not None
    assert [one.port for one in found.filter.openings] == [9370]
    assert "192.0.2.21/32" in found.process.networks
    assert not any("192.0.2.21" in one for one in found.filter.openings[0].networks)
    assert desired("eggroll-rollsite").services[ROLLSITE].filter is None, "partners come to it"


def test_its_files_are_taken_without_a_restart_and_bring_their_package() -> None:
    key = "guest/serving-proxy@g1"
    found, files = desired("serving-pair").services[key], rendered(key, "serving-pair")
    own = {path: file for path, file in files.items() if "filter" in path}
    assert {Path(path).name for path in own} == {
        "filter.nft",
        "fatecloud-demo-eeeeee-guest-serving-proxy-filter.service",
        "filter.conf",
    }
    assert not any(file.restarts or file.owner != "root" for file in own.values())
    assert "nftables" in found.packages["debian"]
    assert "nftables" in found.packages["redhat"]
    assert "filter" not in files[f"/etc/systemd/system/{found.id.unit}"].text


def test_the_rules_replace_the_own_table_alone() -> None:
    (rules,) = (f.text for p, f in rendered("serving/zookeeper@n2", "serving").items() if p.endswith("filter.nft"))
    lines = [line.strip() for line in rules.splitlines() if not line.strip().startswith("#")]
    assert lines[:3] == [f"{verb}table inet fatecloud-demo-eeeeee-serving-zookeeper{end}" for verb, end in _TABLE]
    assert lines[5:9] == [
        'iif "lo" accept',
        "tcp dport 2181 ip saddr { 192.0.2.11/32, 192.0.2.13/32 } accept",
        "tcp dport 2181 drop",
        "tcp dport 2888 ip saddr { 192.0.2.11/32, 192.0.2.13/32 } accept",
    ]
    assert "flush" not in rules


_TABLE = (("", ""), ("delete ", ""), ("", " {"))


def test_networks_are_collapsed_because_a_set_takes_no_address_twice() -> None:
    assert collapsed(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.2/32", "192.0.2.3/32", "2001:db8::/64"]) == (
        "10.0.0.0/8",
        "192.0.2.2/31",
        "2001:db8::/64",
    )


def _match(left: dict[str, Any], right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


PORT = {"payload": {"protocol": "tcp", "field": "dport"}}
FOUR, SIX = ({"payload": {"protocol": name, "field": "saddr"}} for name in ("ip", "ip6"))
LISTED = [
    [_match({"meta": {"key": "iif"}}, "lo"), {"accept": None}],
    [
        _match(PORT, 8879),
        _match(
            FOUR, {"set": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, "192.0.2.7", {"range": ["1.0.0.0", "1.0.0.1"]}]}
        ),
        {"accept": None},
    ],
    [_match(PORT, 8879), _match(SIX, {"prefix": {"addr": "fd00::", "len": 8}}), {"accept": None}],
    [_match(PORT, 8879), {"drop": None}],
]
WANTED = Filter("t", (Opening(8879, ("1.0.0.0/31", "10.0.0.0/8", "192.0.2.7/32", "fd00::/8")),))


def listing(rules: list[Any], **chain: Any) -> str:
    whole = {"name": "input", "type": "filter", "hook": "input", "prio": -5, "policy": "accept", **chain}
    entries = [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "inet", "name": "t"}}, {"chain": whole}]
    return json.dumps({"nftables": [*entries, *({"rule": {"chain": "input", "expr": expr}} for expr in rules)]})


@pytest.fixture
def nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Reads what an `nft` of ours prints, as root would."""
    program = tmp_path / "nft"

    def read(text: str, status: int = 0) -> dict[str, Any]:
        (tmp_path / "text").write_text(text)
        program.write_text(f"#!/bin/sh\ncat {tmp_path / 'text'} >&{2 if status else 1}\nexit {status}\n")
        program.chmod(0o755)
        monkeypatch.setattr(collected, "which", lambda _: str(program))
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        return collected.filters({"filters": {"k": "t"}})["k"]

    return read


def test_what_nft_lists_is_what_it_was_given(nft: Callable[..., dict[str, Any]]) -> None:
    held = nft(listing(LISTED))
    assert held["error"] == ""
    assert held_rules(held["rules"]) == WANTED.rules


@pytest.mark.parametrize(
    "rules",
    [
        [],
        LISTED[:3],
        [*LISTED[:1], [_match(PORT, 8879), {"accept": None}], *LISTED[1:]],
        [*LISTED[:1], [_match(PORT, 8879, "!="), {"drop": None}], *LISTED[1:]],
        [*LISTED[:3], [_match(PORT, {"range": [1, 8879]}), {"drop": None}]],
        [*LISTED[:3], [_match(PORT, 8879), {"counter": {}}, {"limit": {}}]],
        [*LISTED[:3], [_match(PORT, 8879), {"jump": {"target": "x"}}]],
        [*LISTED[:3], [_match({"ct": {"key": "state"}}, "new"), {"drop": None}]],
    ],
)
def test_any_other_rule_is_another_filter(nft: Callable[..., dict[str, Any]], rules: list[Any]) -> None:
    assert held_rules(nft(listing(rules))["rules"]) != WANTED.rules


def test_a_table_that_sees_nothing_or_is_gone_is_named_with_its_reason(nft: Callable[..., dict[str, Any]]) -> None:
    assert nft(listing(LISTED, hook="forward")) == {"rules": [], "error": "no chain of it sees what comes in"}
    gone = "Error: No such file or directory\nlist table inet t\n"
    assert nft(gone, 1) == {"rules": [], "error": "nftables has no such table"}
    assert nft("Error: x", 1) == {"rules": [], "error": "Error: x"}
    with pytest.raises(Unreadable, match="something else"):
        nft('{"nftables": [{"chain": 3}]}')


def test_nothing_is_started_where_no_service_has_one_and_only_root_may_look(monkeypatch: pytest.MonkeyPatch) -> None:
    assert collected.filters({"filters": {}}) == {}
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unreadable, match="only root"):
        collected.filters({"filters": {"k": "t"}})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(collected, "which", lambda _: None)
    assert collected.filters({"filters": {"k": "t"}}) == {"k": {"rules": [], "error": "nft is not installed"}}


def test_what_differs_is_said_with_the_rules(nft: Callable[..., dict[str, Any]]) -> None:
    found = replace(desired("serving-pair").services["guest/serving-proxy@g1"], filter=WANTED)

    def said(value: dict[str, Any]) -> str:
        return unfiltered(found, NodeFacts("g1", {"filters": Fact({found.id.key: value})}, {}, 0.1))

    assert said(nft(listing(LISTED))) == ""
    assert said(nft(listing([*LISTED[:3], [_match(PORT, 8879), {"accept": None}]]))) == (
        "there is no `8879 drop`; there is `8879 accept`"
    )
    assert said({"rules": [], "error": "nft is not installed"}) == "nft is not installed"
    assert unfiltered(found, NodeFacts("g1", {}, {}, 0.1)) == "", "what was not read is not judged"


class Node:
    """Remembers what is run on it."""

    def __init__(self, shown: str = "") -> None:
        self.ran: list[str] = []
        self.shown = shown

    def __call__(self, argv: list[str], **_more: Any) -> str:
        self.ran.append(" ".join(argv))
        return self.shown


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a service's unit, on a node with nftables."""
    program = tmp_path / "nft"
    program.touch()
    monkeypatch.setattr(loading, "NFT", str(program))
    return str(tmp_path / "fatecloud-demo-one-x.service")


KNOWN = "Wants=x.timer fatecloud-demo-one-x-filter.service\nNeedDaemonReload=no"


@pytest.mark.parametrize(
    ("shown", "reload"),
    [
        (KNOWN, False),
        (KNOWN.replace("no", "yes"), True),
        ("Wants=x.timer\nNeedDaemonReload=no", True),
    ],
)
def test_rules_are_tried_and_then_loaded_over_the_old_ones(unit: str, shown: str, *, reload: bool) -> None:
    Path(unit.replace(".service", "-filter.service")).touch()
    node = Node(shown)
    loading.load(node, unit, "/home")
    assert node.ran[0] == f"{loading.NFT} -c -f /home/conf/filter.nft"
    assert ("systemctl daemon-reload" in node.ran) is reload
    assert node.ran[-1] == "systemctl reload-or-restart fatecloud-demo-one-x-filter.service"


def test_a_filter_that_is_not_wanted_any_more_goes_with_its_table(unit: str) -> None:
    node = Node()
    loading.load(node, unit, "/home")
    assert node.ran == [
        "systemctl stop fatecloud-demo-one-x-filter.service",
        f"{loading.NFT} delete table inet fatecloud-demo-one-x",
    ]


def test_a_node_without_nftables_is_left_alone(unit: str) -> None:
    Path(loading.NFT).unlink()
    node = Node()
    loading.load(node, unit, "/home")
    assert node.ran == []
