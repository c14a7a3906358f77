"""EggRoll 2.5.3 and its rollsite: what is made of the bytes that they answered, and which settings they get."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from component_world import desired, rendered

from fatecloud.components.clustermanager import commands, manager_state, own_database, trial
from fatecloud.components.clustermanager.sessions import CREATE, GET, KILL
from fatecloud.components.clustermanager.v2 import asking_manager, probe_workers
from fatecloud.components.clustermanager.v2.commands import NODES, RESOURCE, alive, nodes, resource
from fatecloud.components.declared import component_checks
from fatecloud.components.mysql.jdbc import NoLogin
from fatecloud.components.nodemanager.v2 import probe_state as nodemanager_state
from fatecloud.components.rollsite import messages, probe_peers, probe_state
from fatecloud.components.rollsite.own_table import OwnTable
from fatecloud.probing.grpc.wire import field, fields
from fatecloud.render.placeholders import names

EXAMPLE, ROLLSITE = "eggroll-rollsite", "9999/rollsite@a1"
CONF, TABLE = "trees/eggroll/conf/eggroll.properties", "trees/eggroll/conf/route_table.json"
Asked = tuple[dict[str, Any], bytes]

# Recorded.
LIST = bytes.fromhex(
    "0a0966617465636c6f756412001a2b1a290801220e0a093132372e302e302e3110cf722a0c4e4f44455f4d414e4147455232074845414c544859"
)
RESOURCES = bytes.fromhex(
    "0a0966617465636c6f756412001a41080122003a0f0a09564350555f434f5245100218013a0b0a09564750555f434f52453a1d0a0f504859534943"
    "414c5f4d454d4f52591080a0e3945e1880e093f935"
)
PONG = bytes.fromhex("0a062a04706f6e67")
VERSION = b'{"data": {"API": "v1", "FATE": "1.11.4"}, "retcode": 0, "retmsg": "success"}'
TRACE = (
    "UNAVAILABLE: \n[Roll Site Error TransInfo] \n location msg=UNAVAILABLE: io exception \n stack info="
    "io.grpc.StatusRuntimeException: UNAVAILABLE: io exception\n\tat io.grpc.stub.ClientCalls.toStatusRuntimeException"
    "(ClientCalls.java:271)\n \n\nexception trans path: 127.0.0.1(10000) --> 127.0.0.1(9999)"
)
NO_ROUTE = (
    "\n[Roll Site Error TransInfo] \n location msg=The routing table not have current party=7777 and default party \n"
    " stack info=java.lang.Exception: The routing table\n\tat com.webank.eggroll.rollsite.Router$.query(Router.scala)"
    "\n \n\nexception trans path: 127.0.0.1(9999)"
)
NO_COMMAND = (
    "INTERNAL: 172.24.0.1:-1: com.webank.eggroll.core.error.CommandRoutingException: [COMMANDROUTING] Failed to route "
    "to serviceName v1/health/none at com.webank.eggroll.core.command.CommandRouter$.query"
)
REFUSED = {"ok": False, "kind": "refused", "error": "connection refused"}
UNKNOWN_COMMAND = {"ok": False, "kind": "status", "status": "INTERNAL", "error": NO_COMMAND}
HANGS = {"ok": False, "kind": "unanswered", "error": "no answer within 8 s"}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Asked]:
    """By uri of a command, or by operator of a packet: what a server answers; everything else is refused."""
    given: dict[str, Asked] = {}

    def commanded(host: str, port: int, _path: str, message: bytes = b"", **_: Any) -> Asked:
        uri = fields(message)[2][0].decode()
        return given.get(f"{host}:{port} {uri}") or given.get(uri, (REFUSED, b""))

    def sent(host: str, port: int, _path: str, message: bytes = b"", **_: Any) -> Asked:
        operator = fields(fields(message)[1][0])[5][0].decode()
        return given.get(f"{host}:{port} {operator}") or given.get(operator, (REFUSED, b""))

    monkeypatch.setattr(commands, "asked", commanded)
    monkeypatch.setattr(messages, "asked", sent)
    return given


def test_the_list_of_nodes_and_a_nodemanagers_own_words_are_read(answers: dict[str, Asked]) -> None:
    answers[NODES], answers[RESOURCE] = ({"ok": True}, LIST), ({"ok": True}, RESOURCES)
    (node,) = nodes("h", 1, seconds=1)["nodes"]
    assert (node["id"], node["where"], node["status"]) == (1, "127.0.0.1:14671", "HEALTHY")
    assert resource("h", 1, seconds=1) == {"ok": True, "registered": True}
    # From the notes: the id of a nodemanager that no clustermanager knows is -1, and no node is an empty result.
    answers[RESOURCE] = ({"ok": True}, field(3, field(1, -1)))
    assert resource("h", 1, seconds=1) == {"ok": True, "registered": False}
    answers[NODES] = ({"ok": True}, field(3, b""))
    assert nodes("h", 1, seconds=1) == {"ok": True, "nodes": []}


@pytest.mark.parametrize("body", [b"\xff", field(3, b"\xff"), field(3, field(3, 5))])
def test_an_answer_of_something_else_counts_as_foreign(answers: dict[str, Asked], body: bytes) -> None:
    answers[NODES] = ({"ok": True}, body)
    assert nodes("h", 1, seconds=1)["kind"] == "foreign"


def test_a_manager_that_refuses_an_unknown_command_is_alive(answers: dict[str, Asked]) -> None:
    answers[commands.UNKNOWN] = (UNKNOWN_COMMAND, b"")
    assert alive("h", 1, seconds=1) == asking_manager.judge("h", 1) == {"ok": True}
    answers[commands.UNKNOWN] = ({**UNKNOWN_COMMAND, "error": "INTERNAL: something else"}, b"")
    assert alive("h", 1, seconds=1)["kind"] == "status"
    answers[commands.UNKNOWN] = ({"ok": True}, b"")
    assert alive("h", 1, seconds=1)["kind"] == "foreign"


def test_a_lost_database_is_another_kind_than_a_frozen_process(answers: dict[str, Asked]) -> None:
    answers[NODES], answers[commands.UNKNOWN] = (HANGS, b""), (UNKNOWN_COMMAND, b"")
    assert manager_state.state("h", 1, nodes)["kind"] == "database"
    answers[commands.UNKNOWN] = (HANGS, b"")
    assert manager_state.state("h", 1, nodes)["kind"] == "unanswered"


def test_a_nodemanager_is_looked_up_on_its_own_partys_list(answers: dict[str, Asked]) -> None:
    def state(where: str = "127.0.0.1:14671") -> dict[str, Any]:
        return nodemanager_state.state("127.0.0.1", 14671, where, "127.0.0.1:14670")

    assert state()["kind"] == "refused"
    answers[RESOURCE] = ({"ok": True}, RESOURCES)
    assert (state()["kind"], state()["registered"]) == ("manager", True)
    answers[NODES] = ({"ok": True}, LIST)
    assert state() == {"ok": True, "registered": True, "status": "HEALTHY", "times": 1}
    assert (state("10.0.0.9:4671")["kind"], state("10.0.0.9:4671")["status"]) == ("unregistered", "")
    assert probe_workers.ask("9999/nodemanager@a1", "h:1") == {"ok": True}


def test_a_session_of_one_egg_per_node_is_tried_with_this_generations_list(
    answers: dict[str, Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    egg = field(2, 1) + field(5, "RUNNING") + field(6, field(1, "h") + field(2, 7)) + field(9, 4711)
    active = field(3, field(1, "s") + field(3, "ACTIVE") + field(5, egg))
    answers[NODES] = ({"ok": True}, LIST)
    answers.update({uri: ({"ok": True}, active) for uri in (CREATE, KILL, GET)})

    def gone(*_: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(trial, "connected", gone)
    found = trial.tried("h", 1, "s", 30.0, nodes)
    assert (found["ok"], found["started"], found["left"]) == (True, ["127.0.0.1:14671"], [])


@pytest.mark.parametrize(
    ("said", "short"),
    [
        (TRACE, "UNAVAILABLE: io exception, on the way back 127.0.0.1(10000) --> 127.0.0.1(9999)"),
        (
            NO_ROUTE,
            "The routing table not have current party=7777 and default party, on the way back 127.0.0.1(9999)",
        ),
        ("io exception", "io exception"),
    ],
)
def test_of_an_error_the_words_and_the_way_back_are_kept_and_not_the_trace(said: str, short: str) -> None:
    assert messages.in_short(said) == short


def test_a_ping_ends_at_the_rollsite_that_is_the_partys(answers: dict[str, Asked]) -> None:
    answers["ping"] = ({"ok": True}, PONG)
    assert messages.health("h", 1, "9999", "10000") == {"ok": True, "party": "10000"}
    lost = {"ok": False, "kind": "status", "status": "UNKNOWN", "error": f"UNKNOWN: {messages.in_short(NO_ROUTE)}"}
    answers["ping"] = (lost, b"")
    assert messages.health("h", 1, "9999", "7777")["kind"] == "party"
    other = {"ok": False, "kind": "status", "status": "UNIMPLEMENTED", "error": "Method not found"}
    answers["ping"] = (other, b"")
    assert messages.health("h", 1, "9999", "7777")["kind"] == "foreign"
    for body in (b"", b"\xff", field(1, field(5, "ping"))):
        answers["ping"] = ({"ok": True}, body)
        assert messages.health("h", 1, "9999", "7777")["kind"] == "foreign"


def test_a_question_to_a_flow_names_no_task_for_which_flow_would_keep_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []

    def asked(_host: str, _port: int, _path: str, message: bytes, **_: Any) -> Asked:
        sent.append(message)
        return {"ok": True}, field(2, field(1, "/v1/version/get") + field(2, VERSION))

    monkeypatch.setattr(messages, "asked", asked)
    assert messages.flow("h", 1, "9999", "10000", padding=4000, seconds=1) == {"ok": True, "version": "1.11.4"}
    head, body = (fields(fields(sent[0])[number][0]) for number in (1, 2))
    assert 1 not in head
    assert (head[5], fields(head[3][0])[2], fields(head[3][0])[3]) == ([b"POST"], [b"10000"], [b"fateflow"])
    assert len(body[2][0]) > 4000


def test_rollsite_is_not_asked_to_connect_to_what_is_not_there(answers: dict[str, Asked]) -> None:
    """It would keep a connection that failed, and try it again after up to two minutes."""
    answers["ping"], answers["POST"] = ({"ok": True}, PONG), ({"ok": True}, field(2, field(2, VERSION)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = f"127.0.0.1:{server.getsockname()[1]}"
        well = probe_state.state("h", 1, "9999", there, OwnTable())
        peer = probe_peers.ask("h:1", "9999", OwnTable(), "10000", there)
    assert well == {"ok": True, "party": "9999", "behind": {"ok": True, "version": "1.11.4"}}
    assert peer == {"ok": True, "behind": {"ok": True, "version": "1.11.4"}}
    del answers["POST"]
    down = probe_state.state("h", 1, "9999", there, OwnTable())
    assert (down["ok"], down["behind"]["kind"]) == (True, "refused")
    assert probe_peers.ask("h:1", "9999", OwnTable(), "10000", there)["kind"] == "refused"


def test_only_the_clustermanager_has_the_login_to_eggrolls_database() -> None:
    texts = {
        key: rendered(f"9999/{key}@a1", EXAMPLE)[CONF].text
        for key in ("clustermanager", "nodemanager", "flow", "rollsite")
    }
    # It prints these settings at its start.
    assert names(texts["clustermanager"]) == set()
    manager = "9999/clustermanager@a1"
    assert names(rendered(manager, EXAMPLE)["trees/eggroll/conf/database.properties"].text) == {
        "9999.mysql.eggroll_meta"
    }
    argv = desired(EXAMPLE).services[manager].process.argv
    assert argv[argv.index("-cp") + 1].endswith("/trees/eggroll/conf")
    del texts["clustermanager"]
    for text in texts.values():
        assert "jdbc" not in text
        assert names(text) == set()


def test_its_password_is_read_where_it_is(tmp_path: Path) -> None:
    text = rendered("9999/clustermanager@a1", EXAMPLE)[CONF].text
    (tmp_path / "eggroll.properties").write_text(text)
    with pytest.raises(NoLogin):
        own_database.login_of(str(tmp_path / "eggroll.properties"))
    (tmp_path / own_database.APART).write_text("# x\npassword=s3\\u0063ret\n")
    login = own_database.login_of(str(tmp_path / "eggroll.properties"))
    found = (login.where, login.name, login.account, login.password)
    assert found == ("127.0.0.1:3306", "eggroll_meta", "eggroll", "s3cret")


def test_the_tables_are_those_of_eggroll_2() -> None:
    sql = rendered("9999/mysql@a1", EXAMPLE)["conf/objects.sql"].text
    assert "`partitioner` VARCHAR(2000)" in sql
    assert "before_status" not in sql
    assert "key_serdes_type" not in sql
    newer = rendered("9999/mysql@a1", "eggroll")["conf/objects.sql"].text
    assert "before_status" in newer
    assert "key_serdes_type" in newer


def test_scripts_find_each_key_of_a_nodemanager_once() -> None:
    lines = rendered("9999/nodemanager@a1", EXAMPLE)[CONF].text.splitlines()
    keys = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    for key in keys:
        assert sum(key in line for line in lines) == 1, key
    assert all(line.count("=") == 1 for line in lines if line.startswith("eggroll."))


def test_its_own_address_is_the_same_text_in_its_table_and_in_its_settings() -> None:
    """Else it would send what is for its own party to itself, until it has no thread left."""
    table = json.loads(rendered(ROLLSITE, EXAMPLE)[TABLE].text)
    settings = rendered(ROLLSITE, EXAMPLE)[CONF].text
    (own,) = table["route_table"]["9999"]["default"]
    assert f"eggroll.rollsite.host={own['ip']}\neggroll.rollsite.port={own['port']}\n" in settings
    assert table["route_table"]["9999"]["fateflow"] == [{"ip": "127.0.0.1", "port": 9360}]
    # A party without `default` is not reached even for another role.
    assert set(table["route_table"]["10000"]) == {"default"}
    assert table["permission"] == {"default_allow": True}


def test_rollsite_takes_packets_of_its_party_and_its_partners_alone() -> None:
    closed = desired(EXAMPLE).services[ROLLSITE].process.networks
    assert closed == ("127.0.0.0/8", "::1/128", "192.0.2.11/32", "192.0.2.21/32")


def test_no_flag_of_upstreams_own_is_left_that_ends_a_newer_jvm() -> None:
    argv = desired(EXAMPLE).services[ROLLSITE].process.argv
    assert "com.webank.eggroll.rollsite.EggSiteBootstrap" in argv
    assert "-XX:+PrintGCDateStamps" not in argv


def test_its_table_is_open_to_no_one() -> None:
    """Who is on no list gets no answer about it; the key for it would be in its output."""
    assert "route.table.whitelist" not in rendered(ROLLSITE, EXAMPLE)[CONF].text
    assert "route.table.key" not in rendered(ROLLSITE, EXAMPLE)[CONF].text


def test_checks_that_need_a_nodemanagers_settings_are_of_eggroll_3_alone() -> None:
    kinds = {code.name: spec.kinds for spec in component_checks() for code in spec.codes}
    for name in ("NODEMANAGER_MISDIRECTED", "NODEMANAGER_ADDRESS_WRONG"):
        assert kinds[name] == {"nodemanager/v3"}
    assert kinds["NODEMANAGER_UNREGISTERED"] == {"nodemanager/v2_0", "nodemanager/v2", "nodemanager/v3"}
    assert kinds["FLOW_DATABASE_AUTH"] == {"flow/v1_4", "flow/v1", "flow/v2"}
