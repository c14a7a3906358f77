"""Rollsite's table as rollsite looks up in it, connections that it holds on to, and tables and versions elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from component_world import desired, rendered, report, say, set_answer
from test_eggroll_2 import CONF, EXAMPLE, NO_ROUTE, PONG, ROLLSITE, TABLE, TRACE, VERSION

from fatecloud.components import router_questions
from fatecloud.components.flow.v1.version_question import judged
from fatecloud.components.rollsite import messages, probe_peers, probe_state
from fatecloud.components.rollsite.own_table import OwnTable, own_table
from fatecloud.probing.grpc.wire import field, fields

OWN, UPSTREAM, THERE = "127.0.0.1:9370", "127.0.0.1:9360", "192.0.2.21:9370"
WANTED = [("9999", "default", OWN), ("9999", "fateflow", UPSTREAM), ("10000", "fateflow", THERE)]
NO_ROLE = (
    "\n[Roll Site Error TransInfo] \n location msg=operation POST not supported \n stack info=scala.x.NotDone: "
    "operation POST not supported\n \n\nexception trans path: 127.0.0.1(10000) --> 127.0.0.1(9999)"
)
Asked = tuple[dict[str, Any], bytes]
STALE = {"ok": False, "kind": "status", "status": "UNAVAILABLE", "error": "UNAVAILABLE: UNAVAILABLE: io exception"}


def at(ip: str, port: Any) -> list[dict[str, Any]]:
    return [{"ip": ip, "port": port}]


def table(**changes: Any) -> OwnTable:
    """As it is deployed, after changes: `_9999` is the entry of that party."""
    parties: dict[str, Any] = {
        "9999": {"default": at("127.0.0.1", 9370), "fateflow": at("127.0.0.1", 9360)},
        "10000": {"default": at("192.0.2.21", 9370)},
    }
    return OwnTable(OWN, {**parties, **{name.removeprefix("_"): value for name, value in changes.items()}})


def test_the_deployed_table_leads_where_the_inventory_says(tmp_path: Path) -> None:
    files = rendered(ROLLSITE, EXAMPLE)
    (tmp_path / "route_table.json").write_text(files[TABLE].text)
    where = desired(EXAMPLE).services[ROLLSITE].home
    (tmp_path / "conf").write_text(files[CONF].text.replace(f"{where}/{TABLE}", f"{tmp_path}/route_table.json"))
    found = own_table(str(tmp_path / "conf"))
    assert (found.known, found.own) == (True, OWN)
    assert found.wrong(WANTED) == []
    assert not own_table(str(tmp_path / "absent")).known
    (tmp_path / "route_table.json").write_text("{")
    assert not own_table(str(tmp_path / "conf")).known


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"_9999": {"default": at("localhost", 9370), "fateflow": at("127.0.0.1", 9360)}},
            ["what is for default of party 9999 goes to localhost:9370, not to 127.0.0.1:9370"],
        ),
        (
            {"_9999": {"default": at("127.0.0.1", 9370)}},
            ["what is for fateflow of party 9999 goes to 127.0.0.1:9370, not to 127.0.0.1:9360"],
        ),
        (
            {"_10000": {"fateflow": at("192.0.2.21", 9360)}},
            ["what is for fateflow of party 10000 goes to 192.0.2.21:9360, not to 192.0.2.21:9370"],
        ),
        (
            {"_10000": {}, "default": {"default": at("192.0.2.21", 9370)}},
            ["what is for fateflow of party 10000 goes to no address, not to 192.0.2.21:9370"],
        ),
        (
            {"_10000": {"default": at("192.0.2.21", "9370")}},
            ['what is for fateflow of party 10000 goes to 192.0.2.21:"9370", not to 192.0.2.21:9370'],
        ),
    ],
)
def test_what_leads_elsewhere_is_named(changes: dict[str, Any], said: list[str]) -> None:
    assert table(**changes).wrong(WANTED) == said


def test_a_party_without_an_entry_has_that_of_all_others_and_ipv6_its_brackets() -> None:
    found = OwnTable("[::1]:9370", {"default": {"default": at("::1", 9370)}})
    assert found.leads("10000", "fateflow") == "[::1]:9370"
    assert OwnTable(OWN, []).leads("1", "x") == OwnTable(OWN, {"1": 7}).leads("1", "x") == ""


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Asked]:
    """By `host:port operator`, or by operator: what a rollsite answers, and a flow that is asked directly."""
    given: dict[str, Asked] = {}

    def sent(host: str, port: int, _path: str, message: bytes = b"", **_: Any) -> Asked:
        operator = fields(fields(message)[1][0])[5][0].decode()
        return given.get(f"{host}:{port} {operator}") or given[operator]

    monkeypatch.setattr(messages, "asked", sent)
    for module in (probe_state, probe_peers, router_questions):
        monkeypatch.setattr(module, "connected", lambda *_: open("/dev/null"))  # noqa: SIM115, PTH123 - closed there
    return given


FLOW = ({"ok": True}, field(2, field(2, VERSION)))


def state(found: OwnTable) -> dict[str, Any]:
    return probe_state.state("127.0.0.1", 9370, "9999", UPSTREAM, found)


def test_a_question_that_would_go_round_is_not_asked(answers: dict[str, Asked]) -> None:
    loop = table(_9999={"default": at("localhost", 9370), "fateflow": at("127.0.0.1", 9360)})
    assert (state(loop)["kind"], len(state(loop)["table"])) == ("route", 1)
    assert answers == {}


def test_another_entry_that_is_wrong_is_said_beside_the_answer(answers: dict[str, Asked]) -> None:
    answers["POST"] = FLOW
    own = state(table(_9999={"default": at("127.0.0.1", 9370)}))
    assert (own["ok"], len(own["table"])) == (True, 1)
    others = probe_peers.look(OWN, "9999", table(_10000={"default": at("192.0.2.21", 9371)}), [f"10000={THERE}"])
    assert (others["ok"], len(others["table"])) == (True, 1)
    assert "table" not in {*state(table()), *probe_peers.look(OWN, "9999", table(), [f"10000={THERE}"])}


def test_a_connection_that_is_held_on_to_is_another_fault_than_a_flow_that_is_down(answers: dict[str, Asked]) -> None:
    answers["ping"], answers["POST"] = ({"ok": True}, PONG), (STALE, b"")
    assert "named" not in state(table())["behind"]
    answers[f"{UPSTREAM} POST"] = FLOW
    assert state(table())["behind"]["named"] == "stale"
    # Where rollsite itself sends elsewhere, it holds on to nothing.
    assert "named" not in state(table(_9999={"default": at("127.0.0.1", 9370)}))["behind"]
    assert "named" not in state(OwnTable())["behind"]


def test_to_another_party_likewise(answers: dict[str, Asked]) -> None:
    def ask(found: OwnTable) -> dict[str, Any]:
        return probe_peers.ask(OWN, "9999", found, "10000", THERE)

    answers[f"{OWN} POST"], answers[f"{THERE} POST"] = (STALE, b""), FLOW
    assert (ask(table())["own"], ask(table())["named"]) == (True, "stale")
    assert "named" not in ask(table(_10000={"default": at("192.0.2.21", 9371)}))
    answers[f"{OWN} POST"] = ({**STALE, "status": "UNKNOWN", "error": "UNKNOWN"}, b"")
    assert "named" not in ask(table())


def test_a_table_elsewhere_shows_in_the_first_name_on_the_way_back(answers: dict[str, Asked]) -> None:
    def ask(said: str) -> dict[str, Any]:
        error = {"ok": False, "kind": "status", "status": "UNKNOWN", "error": f"UNKNOWN: {messages.in_short(said)}"}
        answers["POST"], answers["ping"] = (error, b""), ({"ok": True}, PONG)
        return probe_peers.ask(OWN, "9999", table(), "10000", THERE)

    theirs = NO_ROUTE.replace("127.0.0.1(9999)", "10.0.0.2(10000) --> 127.0.0.1(9999)")
    assert ask(theirs)["named"] == "route"
    assert "named" not in ask(NO_ROUTE)
    # Without an entry for the role of its flow.
    assert ask(NO_ROLE)["named"] == "route"
    answers["ping"] = answers["POST"]
    assert probe_peers.ask(OWN, "9999", table(), "10000", THERE)["named"] == "route"


@pytest.mark.parametrize(
    ("error", "party"), [(messages.in_short(TRACE), "10000"), ("io exception", ""), ("x, on the way back y", "")]
)
def test_who_says_an_error_is_read_from_its_way_back(error: str, party: str) -> None:
    assert messages.failed_at(error) == party


def test_a_flow_of_fate_2_is_another_version_and_no_foreign_software(answers: dict[str, Asked]) -> None:
    page = b'{"code": 6000, "message": "<NotFound \'404: Not Found\'>"}'
    assert judged(page)["kind"] == "api"
    answers["POST"], answers["ping"] = ({"ok": True}, field(2, field(2, page))), ({"ok": True}, PONG)
    found = probe_peers.ask(OWN, "9999", table(), "10000", THERE)
    assert (found["ok"], found["named"], found["behind"]["kind"]) == (True, "version", "api")


@pytest.mark.parametrize(
    ("version", "codes"),
    [
        ("1.11.4", []),
        ("1.11.2", []),
        ("", []),
        ("1.9.2", []),
        ("1.1.0", ["ROLLSITE_PEER_VERSION"]),
        ("1.8.0", ["ROLLSITE_PEER_VERSION"]),
        ("2.2.0", ["ROLLSITE_PEER_VERSION"]),
    ],
)
def test_the_version_of_another_party_is_held_against_the_catalogue(version: str, codes: list[str]) -> None:
    change = set_answer("9999/rollsite@a1:rollsite.peers", peers__10000__behind__version=version)
    found = report(change, example=EXAMPLE)
    assert [finding.code for finding in found.findings] == codes


def test_what_is_named_elsewhere_is_not_said_twice() -> None:
    """At both ends: the other party's table, and what it does here."""
    theirs, ours = "10000/rollsite@b1:rollsite.state", "9999/rollsite@a1:rollsite.peers"
    wrong = "what is for fateflow of party 10000 goes to no address, not to 127.0.0.1:9360"
    behind = {"ok": False, "kind": "party", "error": "UNKNOWN: no route, on the way back x(10000) --> y(9999)"}
    there = {"endpoint": THERE, "ok": True, "party": "10000", "named": "route", "behind": behind}
    changes = (set_answer(theirs, table=[wrong]), say(ours, ok=False, peers={"10000": there}))
    roots = [f.code for f in report(*changes, example=EXAMPLE).findings if not f.caused_by]
    assert roots == ["ROLLSITE_TABLE_WRONG"]


def test_its_questions_are_given_its_settings_and_all_ways() -> None:
    probes = {probe.name: probe.argv for probe in desired(EXAMPLE).services[ROLLSITE].probes}
    conf = f"{desired(EXAMPLE).services[ROLLSITE].home}/{CONF}"
    # Another address of a partner changes one of them alone, and what the other one shows is judged on.
    assert probes["rollsite.state"][-2:] == (UPSTREAM, conf)
    assert probes["rollsite.peers"][-2:] == (conf, f"10000={THERE}")
    assert json.loads(rendered(ROLLSITE, EXAMPLE)[TABLE].text)["route_table"]["10000"]["default"]
