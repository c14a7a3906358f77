"""EggRoll 2.0.2 and its rollsite: what is made of the bytes that they answered, and which settings they get."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from component_world import desired, rendered

from fatecloud.components.clustermanager import commands
from fatecloud.components.clustermanager.v2.commands import NODES, alive, nodes
from fatecloud.components.clustermanager.v2_0 import probe_workers
from fatecloud.components.clustermanager.v2_0.commands import WORKER
from fatecloud.components.flow.v1_4 import probe_proxy
from fatecloud.components.nodemanager.v2_0 import probe_state as nodemanager_state
from fatecloud.components.rollsite import messages as shared
from fatecloud.components.rollsite.own_table import OwnTable
from fatecloud.components.rollsite.v2_0 import messages, probe_peers, probe_state
from fatecloud.probing.grpc.wire import field, fields
from fatecloud.render.placeholders import names

EXAMPLE = "eggroll-rollsite-1.4"
NO_TABLE = OwnTable()
"""A table that cannot be read, as before a deploy."""
MANAGER, ROLLSITE = "9999/clustermanager@a1", "9999/rollsite@a1"
CONF, TABLE = "trees/eggroll/conf/eggroll.properties", "trees/eggroll/conf/route_table.json"
POOLS = "trees/eggroll/conf/applicationContext-proxy.xml"
Asked = tuple[dict[str, Any], bytes]

# Recorded.
LIST = bytes.fromhex(
    "1a35080212093132372e302e302e31220f0a093132372e302e302e3110f7b8012a0c4e4f44455f4d414e4147455232074845414c544859"
)
HELLO = bytes.fromhex("1207120568656c6c6f")
ENDPOINT = bytes.fromhex("0a093132372e302e302e3110d0b702")
VERSION = b'{"data": {"FATE": "1.4.5"}, "retcode": 0, "retmsg": "success"}'
NO_COMMAND = (
    "INTERNAL: 172.18.0.1:-1: com.webank.eggroll.core.error.CommandRoutingException: [COMMANDROUTING] Failed to route "
    "to serviceName v1/health/none"
)
NO_ROUTE = (
    "INTERNAL: 172.18.0.1:-1: java.lang.NullPointerException: no valid route for topic: "
    '{"name":"probe","partyId":"4711","role":"default"}'
)
REFUSED = {"ok": False, "kind": "refused", "error": "connection refused"}
UNKNOWN = {"ok": False, "kind": "status", "status": "INTERNAL", "error": NO_COMMAND}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Asked]:
    """By uri of a command, by operator of a packet, or `route`: what a server answers; everything else is refused."""
    given: dict[str, Asked] = {}

    def commanded(_host: str, _port: int, _path: str, message: bytes = b"", **_: Any) -> Asked:
        return given.get(fields(message)[2][0].decode(), (REFUSED, b""))

    def sent(host: str, port: int, _path: str, message: bytes = b"", **_: Any) -> Asked:
        head = fields(fields(message)[1][0])
        operator = head[5][0].decode()
        if (straight := given.get(f"{host}:{port} {operator}")) is not None:
            return straight
        # It routes no packet whose topics have no name, and says nothing about it.
        assert all(fields(head[number][0])[1] == [b"fatecloud"] for number in (2, 3))
        return given.get(operator, (REFUSED, b""))

    def routed(host: str, port: int, _path: str, message: bytes = b"", **_: Any) -> Asked:
        assert sorted(fields(message)) == [1, 2, 3]
        return given.get(f"route of {host}:{port}", given.get("route", (REFUSED, b"")))

    monkeypatch.setattr(commands, "asked", commanded)
    monkeypatch.setattr(shared, "asked", sent)
    monkeypatch.setattr(messages, "asked", routed)
    return given


def test_the_list_of_nodes_is_read_as_that_of_2_5(answers: dict[str, Asked]) -> None:
    answers[NODES] = ({"ok": True}, field(3, LIST))
    (node,) = nodes("h", 1, seconds=1)["nodes"]
    assert (node["id"], node["where"], node["status"]) == (2, "127.0.0.1:23671", "HEALTHY")
    # Recorded: no node is an empty result.
    answers[NODES] = ({"ok": True}, field(3, b""))
    assert nodes("h", 1, seconds=1) == {"ok": True, "nodes": []}


def test_a_nodemanager_is_known_by_a_command_that_a_clustermanager_does_not_have(answers: dict[str, Asked]) -> None:
    answers[commands.UNKNOWN] = answers[WORKER] = (UNKNOWN, b"")
    assert alive("h", 1, seconds=1) == {"ok": True}
    assert probe_workers.ask("9999/nodemanager@a1", "h:1")["kind"] == "status"
    answers[WORKER] = ({"ok": True}, field(3, b""))
    assert probe_workers.ask("9999/nodemanager@a1", "h:1") == {"ok": True}


def test_a_nodemanager_is_looked_up_on_its_own_partys_list(answers: dict[str, Asked]) -> None:
    def state(where: str) -> dict[str, Any]:
        return nodemanager_state.state("127.0.0.1", 23671, where, "127.0.0.1:23670")

    assert state("127.0.0.1:23671")["kind"] == "refused"
    answers[WORKER] = ({"ok": True}, field(3, b""))
    assert state("127.0.0.1:23671")["kind"] == "manager"
    answers[NODES] = ({"ok": True}, field(3, LIST))
    assert state("127.0.0.1:23671") == {"ok": True, "status": "HEALTHY", "times": 1}
    assert state("10.0.0.9:4671")["kind"] == "unregistered"


def test_rollsite_is_asked_for_a_route_before_a_packet_is_sent(answers: dict[str, Asked]) -> None:
    """A packet without a route gets no answer, and one with a route to this rollsite takes all of its threads."""
    answers["registerBroker"] = ({"ok": True}, HELLO)
    answers["POST"] = ({"ok": True}, field(2, field(2, VERSION)))
    answers["route"] = ({"ok": False, "kind": "status", "status": "INTERNAL", "error": NO_ROUTE}, b"")
    for ask in (messages.flow, messages.health):
        assert ask("127.0.0.1", 9370, "9999", "4711", seconds=3)["kind"] == "party"
    answers["route"] = ({"ok": True}, ENDPOINT)
    assert messages.route("h", 1, "9999", seconds=1) == {"ok": True, "where": "127.0.0.1:39888"}
    assert messages.flow("127.0.0.1", 9370, "9999", "10000", seconds=3) == {"ok": True, "version": "1.4.5"}
    assert messages.health("127.0.0.1", 9370, "9999", "9999") == {"ok": True, "party": "9999"}
    itself = messages.flow("127.0.0.1", 39888, "9999", "10000", seconds=3)
    assert (itself["kind"], itself["error"]) == ("party", "its entry for party 10000 leads to itself")


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Parties to which a packet was sent."""
    sent: list[str] = []

    def way_to(_own: str, _own_party: str, _exchanges: Any, party: str, _endpoint: str, **_: Any) -> dict[str, Any]:
        sent.append(party)
        return {"ok": True}

    monkeypatch.setattr(probe_peers, "way_to", way_to)
    return sent


def leads_to(host: str, port: int) -> Asked:
    return {"ok": True}, field(1, host) + field(2, port)


@pytest.mark.parametrize(
    ("asked", "there", "itself"),
    [
        ("127.0.0.1", "127.0.0.9", True),
        ("127.0.0.9", "127.0.0.8", True),
        ("127.0.0.1", "0.0.0.0", True),  # noqa: S104
        ("192.0.2.21", "localhost", True),
        ("127.0.0.1", "192.0.2.21", False),
        ("192.0.2.21", "192.0.2.22", False),
    ],
)
def test_a_rollsite_is_the_same_one_at_all_addresses_of_its_machine(
    answers: dict[str, Asked], asked: str, there: str, *, itself: bool
) -> None:
    answers["route"] = leads_to(there, 9370)
    assert messages.route(asked, 9370, "9999", seconds=1)["ok"] is not itself
    answers["route"] = leads_to(there, 9360)
    assert messages.route(asked, 9370, "9999", seconds=1)["ok"]


def test_an_own_address_of_the_node_is_known(answers: dict[str, Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine need not have any but loopback addresses, so one of those stands for the others here."""
    answers["route"] = leads_to("127.0.0.9", 9370)
    monkeypatch.setattr(messages, "_is_loopback", lambda _: False)
    assert messages.route("127.0.0.1", 9370, "9999", seconds=1)["kind"] == "party"


@pytest.mark.parametrize("port", ["theirs", "own", "flow"])
def test_nothing_is_sent_where_the_other_rollsite_may_send_it_round(
    answers: dict[str, Asked], ways: list[str], port: str
) -> None:
    """Its table may lead to itself by an address that is not seen from here, or back to the own rollsite."""
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        theirs.listen()
        number = theirs.getsockname()[1]
        endpoint = f"127.0.0.1:{number}"
        answers[f"route of {endpoint}"] = leads_to("10.0.0.7", {"theirs": number, "own": 1, "flow": 2}[port])
        found = probe_peers.ask("h:1", "9999", NO_TABLE, "10000", endpoint)
        assert (found.get("kind"), ways) == ((None, ["10000"]) if port == "flow" else ("party", []))
        assert found.get("named") == (None if port == "flow" else "route")


@pytest.mark.parametrize(("there", "own", "sent"), [(9370, 9360, False), (9360, 9360, True), (9370, 9370, True)])
def test_flow_sends_nothing_that_a_rollsite_on_another_node_may_send_round(
    answers: dict[str, Asked], monkeypatch: pytest.MonkeyPatch, there: int, own: int, *, sent: bool
) -> None:
    """Its node may have more addresses than are known here. Where flow has the same port, it may be flow's."""
    monkeypatch.setattr(probe_proxy, "own_state", lambda *_, **__: {"ok": True})
    answers["route"] = leads_to("rollsite.bank.example", there)
    found = probe_proxy.state("192.0.2.21", 9370, "9999", own)
    assert (found["ok"], found.get("kind")) == ((True, None) if sent else (False, "party"))


@pytest.mark.parametrize(
    ("said", "kind", "sent"),
    [
        ({"kind": "status", "status": "INTERNAL", "error": NO_ROUTE}, "party", False),
        ({"kind": "unanswered", "error": "no answer"}, "unanswered", False),
        ({"kind": "status", "status": "UNIMPLEMENTED", "error": "Method not found"}, None, True),
    ],
)
def test_nothing_is_sent_where_the_other_rollsites_route_is_not_known(
    answers: dict[str, Asked], ways: list[str], said: dict[str, Any], kind: str | None, *, sent: bool
) -> None:
    """One of a later release does not know the question, and its packets have a time limit."""
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        theirs.listen()
        answers["route"] = ({"ok": False, **said}, b"")
        found = probe_peers.ask("h:1", "9999", NO_TABLE, "10000", f"127.0.0.1:{theirs.getsockname()[1]}")
    assert (found.get("kind"), bool(ways)) == (kind, sent)


def test_its_table_and_a_connection_that_it_holds_on_to_are_named_as_those_of_2_5(answers: dict[str, Asked]) -> None:
    """It says nothing of the place: the same question gets its answer from flow itself."""
    with socket.socket() as flow:
        flow.bind(("127.0.0.1", 0))
        flow.listen()
        port = flow.getsockname()[1]
        there = f"127.0.0.1:{port}"
        answers["registerBroker"], answers["route"] = ({"ok": True}, HELLO), leads_to("127.0.0.1", port)
        answers["POST"] = ({"ok": False, "kind": "status", "status": "UNAVAILABLE", "error": "io exception"}, b"")
        table = OwnTable("h:1", {"9999": {"fateflow": [{"ip": "127.0.0.1", "port": port}]}})
        answers[f"{there} POST"] = (REFUSED, b"")
        assert "named" not in probe_state.state("h", 1, "9999", there, table)["behind"]
        answers[f"{there} POST"] = ({"ok": True}, field(2, field(2, VERSION)))
        assert probe_state.state("h", 1, "9999", there, table)["behind"]["named"] == "stale"
        other = OwnTable("h:1", {"9999": {"fateflow": [{"ip": "127.0.0.1", "port": 9369}]}})
        found = probe_state.state("h", 1, "9999", there, other)
        assert found["table"] == [f"what is for fateflow of party 9999 goes to 127.0.0.1:9369, not to {there}"]
        assert "named" not in found["behind"]


@pytest.mark.parametrize("body", [b"\xff", field(2, field(2, b"other")), b""])
def test_an_answer_of_something_else_counts_as_foreign(answers: dict[str, Asked], body: bytes) -> None:
    answers["registerBroker"] = ({"ok": True}, body)
    assert messages.health("h", 1, "9999", "9999")["kind"] == "foreign"
    answers["route"] = ({"ok": True}, body)
    assert messages.route("h", 1, "9999", seconds=1)["kind"] == "foreign"


def test_rollsite_is_not_asked_to_connect_to_what_is_not_there(answers: dict[str, Asked]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        there = f"127.0.0.1:{free.getsockname()[1]}"
    answers["registerBroker"], answers["route"] = ({"ok": True}, HELLO), ({"ok": True}, ENDPOINT)
    found = probe_state.state("h", 1, "9999", there, NO_TABLE)
    assert (found["ok"], found["behind"]["kind"]) == (True, "refused")
    assert probe_peers.ask("h:1", "9999", NO_TABLE, "10000", there)["kind"] == "refused"


@pytest.mark.parametrize("example", [EXAMPLE, "eggroll-rollsite"])
def test_no_clustermanager_of_eggroll_2_starts_beside_another_one(example: str) -> None:
    """It would end because its port is taken, and end all sessions of the other one with it."""
    ((*look, port),) = desired(example).services[MANAGER].process.pre
    assert port == "4670"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = str(taken.getsockname()[1])
        assert subprocess.run([sys.executable, *look[1:], number], check=False).returncode == 0
        taken.listen()
        refused = subprocess.run([sys.executable, *look[1:], number], check=False, capture_output=True, text=True)
    assert (refused.returncode, refused.stderr) == (1, f"start refused: port {number} is taken\n")


def test_a_clustermanager_that_ends_no_sessions_needs_no_look_at_its_port() -> None:
    assert desired("eggroll").services[MANAGER].process.pre == ()


def test_the_list_of_nodemanagers_is_among_the_statements_and_a_node_keeps_its_number() -> None:
    sql = rendered("9999/mysql@a1", EXAMPLE)["conf/objects.sql"].text
    assert "node_resource" not in sql
    assert "`partitioner` VARCHAR(2000)" in sql
    here = "`host` = '127.0.0.1' AND `port` = 4671"
    assert f"`status` <> 'LOSS' AND NOT ({here});" in sql
    assert sql.count(f"'NODE_MANAGER' AND {here}") == 2
    assert "DELETE FROM" not in sql
    newer = rendered("9999/mysql@a1", "eggroll-rollsite")["conf/objects.sql"].text
    assert "node_resource" in newer
    assert "INSERT INTO `server_node`" not in newer


def test_the_password_is_in_the_clustermanagers_settings_alone() -> None:
    texts = {key: rendered(f"9999/{key}@a1", EXAMPLE)[CONF].text for key in ("nodemanager", "flow", "rollsite")}
    for text in texts.values():
        assert "jdbc" not in text
        assert names(text) == set()
    assert names(rendered(MANAGER, EXAMPLE)[CONF].text) == {"9999.mysql.eggroll_meta"}
    assert "eggroll.resourcemanager.nodemanager.port=4671\n" in rendered(MANAGER, EXAMPLE)[CONF].text


def test_scripts_find_each_key_of_a_nodemanager_once() -> None:
    text = rendered("9999/nodemanager@a1", EXAMPLE)[CONF].text
    lines = text.splitlines()
    keys = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    for key in keys:
        assert sum(key in line for line in lines) == 1, key
    assert all(line.count("=") == 1 for line in lines if line.startswith("eggroll."))
    # The script leaves the classpath without quotes: with a pattern first, the shell would expand it.
    assert "roll_pair_master.classpath=/data/projects/fate/demo-eeeeee-9999-nodemanager/trees/eggroll/conf/:/" in text


def test_rollsite_has_no_entry_that_leads_to_itself() -> None:
    table = json.loads(rendered(ROLLSITE, EXAMPLE)[TABLE].text)["route_table"]
    assert table == {
        "9999": {"fateflow": [{"ip": "127.0.0.1", "port": 9360}]},
        "10000": {"default": [{"ip": "192.0.2.21", "port": 9370}]},
    }


def test_rollsites_threads_are_a_setting_and_its_port_is_on_its_command_line() -> None:
    argv = desired(EXAMPLE).services[ROLLSITE].process.argv
    main = argv.index("com.webank.eggroll.rollsite.Proxy")
    # It refuses an option that it does not know, but not behind two dashes.
    assert argv[main + 1 :: 2][:2] == ("-c", "--")
    assert argv[main + 4 : main + 6] == ("-p", "9370")
    root = ET.fromstring(rendered(ROLLSITE, EXAMPLE)[POOLS].text)  # noqa: S314 - our own
    sizes = {one.get("pool-size") for one in root if one.tag.endswith("}executor")}
    assert sizes == {"0-600"}
    assert "keepalive" not in rendered(ROLLSITE, EXAMPLE)[CONF].text


def test_the_pool_of_rollsite_is_the_limit_of_its_threads() -> None:
    assert desired(EXAMPLE).services[ROLLSITE].facts["threads"] == 600
