"""An exchange: an OSX of a group, through which the parties of a star reach each other and their peers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from component_world import desired, rendered
from test_component_eggroll import HANGS, REFUSED, UNKNOWN, Asked, answers, healthy, packet  # noqa: F401 - a fixture

from fatecloud import catalogue
from fatecloud.checks.causes import explain as explain_findings
from fatecloud.checks.registry import all_codes
from fatecloud.components import router_questions
from fatecloud.components.osx import messages, probe_peers
from fatecloud.components.osx.probe_state import state
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.model.desired import Desired
from fatecloud.model.finding import Finding, Subject
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.flaws import flaws
from fatecloud.resolve.network import network_of
from fatecloud.resolve.routes import routes
from fatecloud.resolve.ways import explain
from fatecloud.shipped import folder

STAR = "eggroll-exchange"
HUB = "hub/osx@hub"
TEXT = (folder("inventories") / f"{STAR}.yml").read_text()


def table(key: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(rendered(key, STAR)["trees/osx/conf/broker/route_table.json"].text)
    return document


def test_a_party_sends_all_but_its_own_to_the_exchange() -> None:
    assert table("9999/osx@a1") == {
        "route_table": {
            "9999": {"fateflow": [{"ip": "127.0.0.1", "port": 9360}]},
            "default": {"default": [{"ip": "192.0.2.1", "port": 9370}]},
        },
        "self_party": ["9999"],
    }


def test_the_exchange_knows_all_parties_and_peers_and_has_no_flow() -> None:
    known = table(HUB)
    assert {party: roles["default"][0]["ip"] for party, roles in known["route_table"].items()} == {
        "10000": "192.0.2.21",
        "11000": "192.0.2.31",
        "12000": "203.0.113.7",
        "9999": "192.0.2.11",
    }
    assert known["self_party"] == ["hub"]
    service = desired(STAR).services[HUB]
    assert "eggroll.cluster.manager" not in rendered(HUB, STAR)["trees/osx/conf/broker/broker.properties"].text
    assert {edge.kind for edge in service.edges} == {"proxy", "peer_flow"}
    assert service.python == ""


def test_the_only_connection_of_a_party_to_others_is_the_one_to_the_exchange() -> None:
    edges = desired(STAR).services["9999/osx@a1"].edges
    direct = [(edge.kind, edge.target, str(edge.endpoint)) for edge in edges if edge.direct]
    assert ("exchange", HUB, "192.0.2.1:9370") in direct
    assert not [kind for kind, _, _ in direct if kind in ("proxy", "peer_flow")]
    others = [edge for edge in edges if edge.kind == "proxy"]
    assert sorted(edge.target for edge in others) == ["10000/osx@b1", "11000/osx@c1", "peer:12000"]
    assert {str(edge.endpoint) for edge in others} == {"192.0.2.1:9370"}


def test_firewalls_open_the_ways_to_and_from_the_exchange_and_no_others() -> None:
    found = {(route.source, route.target) for route in routes(desired(STAR)) if route.port == 9370}
    assert {("a1", "hub"), ("b1", "hub"), ("c1", "hub"), ("hub", "a1"), ("party 12000", "hub")} <= found
    assert not {("a1", "b1"), ("b1", "a1"), ("party 12000", "a1")} & found


def test_units_take_packets_of_the_exchange_alone_and_the_exchange_those_of_all() -> None:
    services = desired(STAR).services
    party, hub = services["9999/osx@a1"].process.networks, services[HUB].process.networks
    assert set(party) == {"127.0.0.0/8", "::1/128", "192.0.2.11/32", "192.0.2.1/32"}
    assert {"192.0.2.11/32", "192.0.2.21/32", "192.0.2.31/32", "203.0.113.7/32"} <= set(hub)


def mixed(tmp_path: Path) -> Desired:
    """The star, from which two parties have stepped out."""
    path = tmp_path / "inventory.yml"
    path.write_text(TEXT.replace("    config: {osx: {exchange: hub}}\n", "", 1).replace(*OUT))
    cluster = load(path)
    return resolve(cluster, catalogue.releases_of(cluster))


OUT = ("services: {flow: c1}\n    config: {osx: {exchange: hub}}", "services: {flow: c1}")


def test_who_is_outside_of_a_star_reaches_its_parties_through_their_exchange(tmp_path: Path) -> None:
    desired = mixed(tmp_path)
    network = network_of(desired)
    ways = {
        (source, party): [hop.router for hop in explain(network, source, party, "fateflow")[0].hops]
        for source, party in (("9999", "11000"), ("9999", "10000"), ("10000", "9999"))
    }
    assert ways == {
        ("9999", "11000"): ["9999/osx@a1", "11000/osx@c1"],
        ("9999", "10000"): ["9999/osx@a1", HUB, "10000/osx@b1"],
        ("10000", "9999"): ["10000/osx@b1", HUB, "9999/osx@a1"],
    }
    assert flaws(network) == ()
    outside, inside = desired.services["9999/osx@a1"], desired.services["10000/osx@b1"]
    assert set(outside.process.networks) == {
        *("127.0.0.0/8", "::1/128", "192.0.2.11/32", "192.0.2.1/32"),
        *("192.0.2.31/32", "203.0.113.7/32"),
    }
    assert set(inside.process.networks) == {"127.0.0.0/8", "::1/128", "192.0.2.21/32", "192.0.2.1/32"}
    direct = {edge.target: str(edge.endpoint) for edge in outside.edges if edge.direct and edge.kind != "manager"}
    assert direct[HUB] == "192.0.2.1:9370"
    assert (direct["11000/osx@c1"], "10000/osx@b1" in direct) == ("192.0.2.31:9370", False)
    asked = next(probe.argv for probe in outside.probes if "192.0.2.1:9370=hub" in probe.argv)
    assert {"10000=192.0.2.1:9370", "11000=192.0.2.31:9370", "12000=203.0.113.7:9370"} <= set(asked)


def test_a_changed_table_of_the_exchange_explains_what_does_not_arrive() -> None:
    drifted = Finding("FILE_DRIFTED", "warning", Subject("hub", "hub", HUB), "")
    lost = [
        Finding(code, "critical", Subject("9999", "a1", "9999/osx@a1"), "", about=about)
        for code, about in (("OSX_PEER_UNREACHABLE", "10000/"), ("OSX_PEER_FLOW_DOWN", "11000/"))
    ]
    found = explain_findings([*lost, drifted], all_codes(), desired(STAR))
    assert {finding.code: finding.caused_by for finding in found} == {
        "FILE_DRIFTED": (),
        "OSX_PEER_UNREACHABLE": (drifted.id,),
        "OSX_PEER_FLOW_DOWN": (drifted.id,),
    }


@pytest.mark.parametrize("role", ["fateflow", "default"])
def test_a_packet_goes_through_the_exchange_to_the_other_party(role: str) -> None:
    (way,) = explain(network_of(desired(STAR)), "9999", "10000", role)
    assert way.arrives
    assert [hop.router for hop in way.hops] == ["9999/osx@a1", HUB, "10000/osx@b1"]
    (peer,) = explain(network_of(desired(STAR)), "9999", "12000", role)
    assert (peer.end, [hop.router for hop in peer.hops]) == ("handed over", ["9999/osx@a1", HUB])


def test_a_star_has_no_flaw() -> None:
    assert flaws(network_of(desired(STAR))) == ()
    assert flaws(network_of(desired("eggroll-shared-nodes"))) == ()


def loaded(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text(text)
    load(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{osx: {exchange: hub}}", "{osx: {exchange: hubb}}", "no group 'hubb' with an osx; did you mean 'hub'?"),
        ("services: {flow: b1}", "services: {flow: b1, osx: {group: hub}}", "osx cannot be taken from a group"),
        (
            "services: {osx: hub}",
            "services: {osx: hub}\n    config: {osx: {exchange: hub}}",
            "an exchange that sends everything to another one (hub) cannot tell what is for whom",
        ),
    ],
    ids=["unknown", "in place of the own", "of an exchange"],
)
def test_what_no_exchange_can_be_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InventoryError) as caught:
        loaded(tmp_path, TEXT.replace(old, new, 1))
    assert said in caught.value.message


def test_an_exchange_is_asked_for_its_own_health_alone(answers: dict[str, Asked]) -> None:  # noqa: F811
    assert state("h", 1, "hub", has_flow=False) == REFUSED
    answers[messages.INVOKE] = ({"ok": True}, healthy("", "PARTY_hub:null"))
    assert state("h", 1, "hub", has_flow=False) == {"ok": True, "party": "hub"}
    argv = {name: desired(STAR).services[name].probes[0].argv for name in (HUB, "9999/osx@a1")}
    assert (argv[HUB][-1], argv["9999/osx@a1"][-1]) == ("hub", "flow")


def test_what_does_not_arrive_is_laid_on_the_exchange_only_where_it_is_silent(
    answers: dict[str, Asked],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(router_questions, "connected", lambda *_: open("/dev/null"))  # noqa: SIM115, PTH123 - closed there

    def ask() -> dict[str, Any]:
        return probe_peers.ask("own:1", "9999", {"hub:1": "hub"}, "10000", "hub:1")

    answers[f"own:1 {messages.UNARY}"] = (UNKNOWN, b"")
    answers[f"hub:1 {messages.INVOKE}"] = (HANGS, b"")
    assert (ask()["kind"], ask()["exchange"]) == ("unanswered", True)
    answers[f"hub:1 {messages.INVOKE}"] = ({"ok": True}, healthy("", "PARTY_hub:null"))
    assert ask()["kind"] == "party"
    assert "exchange" not in ask()
    answers[f"own:1 {messages.UNARY}"] = ({"ok": True}, packet(2000))
    assert ask() == {"ok": True, "behind": {"ok": True, "code": 2000}}


def changed_files(
    tmp_path: Path, key: str, *edits: tuple[str, str], example: str = "eggroll-workers"
) -> dict[str, bool]:
    """Names of the files of a service that an edit of the inventory changes -> whether it is restarted for that."""
    text = (folder("inventories") / f"{example}.yml").read_text()
    found = []
    for pairs in ((), edits):
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "inventory.yml"
        path.write_text(text)
        cluster = load(path)
        service = resolve(cluster, catalogue.releases_of(cluster)).services[key]
        found.append({file.path: file for file in render_specs(service.specs, key, folder("templates"))})
    before, after = found
    return {name.rpartition("/")[2]: file.restarts for name, file in after.items() if file.text != before[name].text}


def test_another_address_of_a_peer_changes_the_table_alone_and_restarts_nothing(tmp_path: Path) -> None:
    edits = (('proxy: "203.0.113.7:9370"', 'proxy: "203.0.113.7:9371"'),)
    assert changed_files(tmp_path, "9999/osx@gate", *edits) == {"route_table.json": False}


def test_what_changes_at_a_peer_of_a_star_is_the_exchanges_alone(tmp_path: Path) -> None:
    edits = (("203.0.113.7", "203.0.113.8"),)
    assert changed_files(tmp_path, "9999/osx@a1", *edits, example=STAR) == {}
    assert changed_files(tmp_path, HUB, *edits, example=STAR)["route_table.json"] is False


def test_other_networks_of_a_peer_change_their_list_and_restart_nothing(tmp_path: Path) -> None:
    edits = (("addresses: [203.0.113.7]", "addresses: [203.0.113.0/28]"),)
    assert changed_files(tmp_path, "9999/osx@gate", *edits) == {"networks.conf": False}
