"""EggRoll's managers and OSX: what their probes make of real answers, and which settings each of their files has."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from component_world import NOW, desired, rendered, report, say
from mysql_server import Server, refusal

from fatecloud.checks.engine import judge
from fatecloud.components.clustermanager import commands, forget_sessions, manager_state, probe_database
from fatecloud.components.clustermanager.v3 import asking_manager, probe_workers
from fatecloud.components.clustermanager.v3.commands import META, RESOURCES, nodes
from fatecloud.components.declared import component_checks
from fatecloud.components.flow.v2.task_question import PADDING
from fatecloud.components.nodemanager.v3 import probe_state as nodemanager_state
from fatecloud.components.osx import messages, probe_peers
from fatecloud.components.osx import probe_state as osx_state
from fatecloud.components.osx.want import generation_of
from fatecloud.model.needs import MIB
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.probing.grpc.wire import field, fields
from fatecloud.probing.properties import settings as properties_of
from fatecloud.render.placeholders import names

EXAMPLE, WORKERS = "eggroll", "eggroll-workers"
CONF = "trees/eggroll/conf/eggroll.properties"
REFUSED = {"ok": False, "kind": "refused", "error": "connection refused"}
HANGS = {"ok": False, "kind": "unanswered", "error": "no answer within 6 s"}
INVALID = {"ok": False, "kind": "status", "status": "INTERNAL", "error": "INTERNAL: invalid request"}
UNKNOWN = {"ok": False, "kind": "status", "status": "UNKNOWN", "error": "UNKNOWN"}

Asked = tuple[dict[str, Any], bytes]


def node(where: str, status: str) -> bytes:
    host, port = where.split(":")
    row = field(1, 2) + field(4, field(1, host) + field(2, int(port))) + field(5, "NODE_MANAGER") + field(6, status)
    return row + field(7, field(1, "VCPU_CORE") + field(2, 2) + field(3, 1))


def listed(*rows: bytes) -> bytes:
    """The answer to queryClusterResourceInfo."""
    cluster = b"".join(field(3, row) for row in rows)
    return field(3, field(1, 1) + field(2, cluster))


def shown(**settings: object) -> bytes:
    """The answer to nodeMetaInfo."""
    lead = "eggroll.resourcemanager."
    pairs = [field(1, field(1, lead + key.replace("_", ".")) + field(2, str(value))) for key, value in settings.items()]
    return field(3, b"".join(pairs))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Asked]:
    """By uri, or path: what a server answers; everything else is refused."""
    given: dict[str, Asked] = {}

    def asked(host: str, port: int, path: str, message: bytes = b"", **_: Any) -> Asked:
        uri = fields(message).get(2, [b""])[0].decode() if path == commands.CALL else path
        return given.get(f"{host}:{port} {uri}") or given.get(uri, (REFUSED, b""))

    monkeypatch.setattr(commands, "asked", asked)
    monkeypatch.setattr(messages, "asked", asked)
    return given


def test_the_list_of_nodes_has_their_places_and_states(answers: dict[str, Asked]) -> None:
    answers[RESOURCES] = (
        {"ok": True},
        listed(node("127.0.0.1:4671", "HEALTHY"), node("10.0.0.9:4671", "LOSS")),
    )
    found = manager_state.state("127.0.0.1", 4670, nodes)
    assert found["ok"]
    assert [(one["where"], one["status"]) for one in found["nodes"]] == [
        ("127.0.0.1:4671", "HEALTHY"),
        ("10.0.0.9:4671", "LOSS"),
    ]
    assert found["nodes"][0]["resources"] == {"VCPU_CORE": 2}
    answers[RESOURCES] = ({"ok": True}, listed())
    assert manager_state.state("127.0.0.1", 4670, nodes) == {"ok": True, "nodes": []}


@pytest.mark.parametrize(
    ("list_says", "unknown_says", "kind"),
    [
        (REFUSED, INVALID, "refused"),
        (HANGS, INVALID, "database"),
        ({**UNKNOWN, "status": "INTERNAL"}, INVALID, "database"),
        (HANGS, HANGS, "unanswered"),
    ],
    ids=["down", "waits for its database", "its database refuses", "frozen"],
)
def test_a_lost_database_is_another_kind_than_a_frozen_process(
    answers: dict[str, Asked], list_says: dict[str, Any], unknown_says: dict[str, Any], kind: str
) -> None:
    answers[RESOURCES], answers[commands.UNKNOWN] = (list_says, b""), (unknown_says, b"")
    assert manager_state.state("127.0.0.1", 4670, nodes)["kind"] == kind


@pytest.mark.parametrize("body", [b"\xff", field(3, b"\xff"), field(3, field(2, b"\xff")), field(3, field(2, 5))])
def test_an_answer_of_something_else_counts_as_foreign(answers: dict[str, Asked], body: bytes) -> None:
    answers[RESOURCES] = ({"ok": True}, body)
    assert manager_state.state("127.0.0.1", 4670, nodes)["kind"] == "foreign"


def test_a_nodemanager_says_where_it_reports_and_the_clustermanager_what_it_thinks(answers: dict[str, Asked]) -> None:
    def state() -> dict[str, Any]:
        return nodemanager_state.state("127.0.0.1", 4671, "127.0.0.1:4671")

    assert state()["kind"] == "refused"
    answers[META] = ({"ok": True}, shown(clustermanager_host="10.0.0.7", clustermanager_port=4670))
    assert (state()["kind"], state()["manager"]) == ("manager", "10.0.0.7:4670")
    answers[RESOURCES] = ({"ok": True}, listed(node("127.0.0.1:4671", "HEALTHY")))
    known = {"manager": "10.0.0.7:4670", "registers": "", "status": "HEALTHY", "times": 1}
    assert state() == {"ok": True, **known}
    for rows, status in (((), ""), ((node("127.0.0.1:4671", "LOSS"),), "LOSS")):
        answers[RESOURCES] = ({"ok": True}, listed(*rows))
        assert (state()["kind"], state()["status"]) == ("unregistered", status)
    own = {"nodemanager_host": "10.0.0.9", "nodemanager_port": 4671}
    answers[META] = ({"ok": True}, shown(clustermanager_host="10.0.0.7", clustermanager_port=4670, **own))
    assert state()["registers"] == "10.0.0.9:4671"
    answers[META] = ({"ok": True}, shown(clustermanager_host="x"))
    assert state()["kind"] == "foreign"


def test_the_way_to_a_manager_is_asked_with_a_question_of_a_real_size(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    def asked(_host: str, _port: int, _path: str, message: bytes, **_: Any) -> Asked:
        lengths.append(len(message))
        return {"ok": True}, shown(nodemanager_port=1)

    monkeypatch.setattr(commands, "asked", asked)
    assert asking_manager.judge("h", 1) == {"ok": True}
    assert probe_workers.ask("9999/nodemanager@a1", "h:1") == {"ok": True}
    assert min(lengths) > commands.PADDING


def healthy(code: str, message: str) -> bytes:
    return (field(3, code) if code else b"") + field(4, message)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("", "PARTY_9999:null", None),
        ("", "PARTY_7:null", "party"),
        ("130", "PARTY_7:can not found router info", "party"),
        ("E0000000607", "PARTY_7:send to 10.0.0.1_9370 error : UNAVAILABLE", "status"),
    ],
)
def test_osx_says_whose_it_is(answers: dict[str, Asked], code: str, message: str, kind: str | None) -> None:
    answers[messages.INVOKE] = ({"ok": True}, healthy(code, message))
    assert messages.health("h", 1, "10000", "9999", seconds=1).get("kind") == kind


def packet(code: int) -> bytes:
    return field(2, field(1, "/v2") + field(2, json.dumps({"code": code, "message": "x"})))


def test_osx_is_asked_for_its_health_only_where_the_flow_behind_it_says_nothing(answers: dict[str, Asked]) -> None:
    def state() -> dict[str, Any]:
        return osx_state.state("h", 1, "9999")

    assert state() == REFUSED
    answers[messages.UNARY] = ({"ok": True}, packet(2000))
    assert state() == {"ok": True, "party": "9999", "behind": {"ok": True, "code": 2000}}
    answers[messages.UNARY] = (UNKNOWN, b"")
    answers[messages.INVOKE] = ({"ok": True}, healthy("", "PARTY_9999:null"))
    assert state() == {"ok": True, "party": "9999", "behind": UNKNOWN}
    answers[messages.INVOKE] = (HANGS, b"")
    assert state()["kind"] == "unanswered"


def test_a_peer_is_asked_through_the_own_osx_and_directly_before_there_is_one(answers: dict[str, Asked]) -> None:
    def ask(endpoint: str = "127.0.0.1:1") -> dict[str, Any]:
        return probe_peers.ask("own:1", "9999", {}, "10000", endpoint)

    answers[f"own:1 {messages.UNARY}"] = ({"ok": True}, packet(5000))
    assert ask() == {"ok": True, "behind": {"ok": True, "code": 5000}}
    answers[f"own:1 {messages.UNARY}"] = (REFUSED, b"")
    answers[f"127.0.0.1:1 {messages.UNARY}"] = ({"ok": True}, packet(2000))
    assert ask() == {"ok": True, "behind": {"ok": True, "code": 2000}}
    answers[f"own:1 {messages.UNARY}"] = (UNKNOWN, b"")
    assert ask()["kind"] == "refused"


def test_a_flow_of_fate_1_is_another_version_and_no_foreign_software(answers: dict[str, Asked]) -> None:
    page = b'{"retcode": 100, "retmsg": "<NotFound \'404: Not Found\'>"}'
    answers[f"own:1 {messages.UNARY}"] = ({"ok": True}, field(2, field(2, page)))
    found = probe_peers.ask("own:1", "9999", {}, "10000", "127.0.0.1:1")
    assert (found["ok"], found["named"], found["behind"]["kind"]) == (True, "version", "api")


@pytest.mark.parametrize("failure", [UNKNOWN, HANGS], ids=["error", "silence"])
def test_a_command_that_is_answered_past_the_own_osx_accuses_it(
    answers: dict[str, Asked], failure: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = f"127.0.0.1:{server.getsockname()[1]}"
        answers[f"own:1 {messages.UNARY}"] = (failure, b"")
        answers[f"{other} {messages.INVOKE}"] = ({"ok": True}, healthy("", "PARTY_10000:null"))
        answers[f"{other} {messages.UNARY}"] = (UNKNOWN, b"")
        assert "own" not in probe_peers.ask("own:1", "9999", {}, "10000", other)
        answers[f"{other} {messages.UNARY}"] = ({"ok": True}, packet(2000))
        found = probe_peers.ask("own:1", "9999", {}, "10000", other)
    assert (found["ok"], found["own"], found["behind"]["ok"]) == (True, True, False)


def test_another_osx_that_loses_long_commands_does_not_accuse_the_own_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(_host: str, _port: int, path: str, message: bytes = b"", **_: Any) -> Asked:
        if path == messages.INVOKE:
            return {"ok": True}, healthy("", "PARTY_10000:null")
        return (HANGS, b"") if len(message) > PADDING else ({"ok": True}, packet(2000))

    monkeypatch.setattr(messages, "asked", asked)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = probe_peers.ask("own:1", "9999", {}, "10000", f"127.0.0.1:{server.getsockname()[1]}")
    assert (found["ok"], found["behind"]["kind"]) == (True, "large")
    assert "own" not in found


@pytest.mark.parametrize(("version", "generation"), [("2.5.3", "v2"), ("3.2.0", "v3"), ("20.1", "v3")])
def test_the_protobuf_set_follows_eggroll(version: str, generation: str) -> None:
    assert generation_of(version) == generation


def test_osx_has_the_protobuf_set_and_the_version_of_its_release() -> None:
    argv = desired(EXAMPLE).services["9999/osx@a1"].process.argv
    assert "/pb_lib/v3/*" in argv[argv.index("-cp") + 1]
    assert "pb_lib/v2" not in " ".join(argv)
    assert "eggroll.version=3.2.0" in rendered("9999/osx@a1", EXAMPLE)["trees/osx/conf/broker/broker.properties"].text


def test_only_the_clustermanager_has_the_login_to_eggrolls_database() -> None:
    texts = {
        key: rendered(key, EXAMPLE)[CONF].text
        for key in ("9999/clustermanager@a1", "9999/nodemanager@a1", "9999/flow@a1")
    }
    assert names(texts["9999/clustermanager@a1"]) == {"9999.mysql.eggroll_meta"}
    for key in ("9999/nodemanager@a1", "9999/flow@a1"):
        assert "jdbc" not in texts[key]
        assert names(texts[key]) == set()


def test_scripts_find_each_key_of_a_nodemanager_once() -> None:
    """They look for it as a text, and take what is behind the first `=` of each line that has it."""
    lines = rendered("9999/nodemanager@a1", EXAMPLE)[CONF].text.splitlines()
    keys = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    for key in keys:
        assert sum(key in line for line in lines) == 1, key
    assert all(line.count("=") == 1 for line in lines if line.startswith("eggroll."))


def test_a_nodemanager_has_a_jvm_and_the_python_of_its_eggs() -> None:
    wanted = desired(EXAMPLE)
    service, flow = (wanted.services[f"9999/{name}@a1"] for name in ("nodemanager", "flow"))
    assert service.javas is not None
    # Jobs hand functions on to eggs: both sides have the same packages.
    assert service.python == flow.python == "fate"
    assert f"{service.home}/venv/.complete" in service.markers
    assert f"egg_pair.venv={service.home}/venv\n" in rendered("9999/nodemanager@a1", EXAMPLE)[CONF].text
    assert wanted.services["9999/clustermanager@a1"].python == ""


def test_what_hands_addresses_on_has_those_that_all_nodes_reach() -> None:
    registered = [
        rendered(f"9999/nodemanager@{name}", WORKERS)[CONF].text.split("nodemanager.host=")[1].split()[0]
        for name in ("w1", "w2", "w3")
    ]
    assert registered == ["192.0.2.41", "192.0.2.42", "worker.example"]
    assert 'host: "198.51.100.34"' in rendered("9999/flow@flow", WORKERS)["conf/service_conf.yaml"].text
    alone = rendered("9999/nodemanager@a1", EXAMPLE)[CONF].text
    assert "nodemanager.host=127.0.0.1\n" in alone


def test_a_manager_takes_packets_of_its_party_alone_where_all_nodes_have_addresses() -> None:
    closed = desired(EXAMPLE).services["9999/nodemanager@a1"].process.networks
    assert closed == ("127.0.0.0/8", "::1/128", "192.0.2.11/32")
    # A node that is known by its name only: nothing can be said about packets.
    assert desired(WORKERS).services["9999/nodemanager@w1"].process.networks == ()


SHARED = "eggroll-shared-nodes"


def test_a_flow_that_eggs_on_other_nodes_reach_takes_packets_of_its_party_alone() -> None:
    flow = desired(SHARED).services["9999/flow@n1"]
    assert not flow.ports[0].bind.startswith("127.")
    assert flow.process.networks == desired(SHARED).services["9999/nodemanager@n2"].process.networks
    # On loopback nothing comes in, and a node that is known by its name only says nothing about packets.
    assert desired(EXAMPLE).services["9999/flow@a1"].process.networks == ()
    assert desired(WORKERS).services["9999/flow@flow"].process.networks == ()


def test_what_anyone_can_reach_is_a_warning() -> None:
    """Where nodes and parties have addresses it is an exposure, for no stranger comes near."""
    codes = {"EXPOSURE_EGGROLL_OPEN", "EXPOSURE_FLOW_AUTH"}
    closed = report(example=EXAMPLE)
    assert codes <= {one.code for one in closed.exposures}
    assert not closed.findings
    wanted = desired(WORKERS)
    specs = [spec for spec in component_checks() if codes & {code.name for code in spec.codes}]
    nodes = {name: NodeFacts(name, {"services": Fact({})}, {}, 0.1) for name in wanted.cluster.nodes}
    found = judge(wanted, Observed(nodes, 0.0, 0.1), specs).findings
    open_ones = ["flow@flow", "clustermanager@roll", *(f"nodemanager@{name}" for name in ("w1", "w2", "w3"))]
    assert {str(one.subject) for one in found} == {f"9999/{name}" for name in open_ones}
    assert {one.severity for one in found} == {"warning"}


def test_a_nodemanager_needs_room_for_its_eggs() -> None:
    services = desired(WORKERS).services
    more = services["9999/nodemanager@w2"].needs.memory - services["9999/nodemanager@w1"].needs.memory
    assert more == (8 - 1) * 400 * MIB + (512 - 192) * MIB


def properties(tmp_path: Path, url: str, word: str = "s3=cret\\\\\\ud83d\\ude00") -> str:
    lead = "eggroll.resourcemanager.clustermanager.jdbc."
    path = tmp_path / "eggroll.properties"
    path.write_text(f"# x\n[eggroll]\n{lead}url={url}\n{lead}username=eggroll\n{lead}password={word}\n", "latin-1")
    return str(path)


def test_the_settings_are_read_as_java_reads_them(tmp_path: Path) -> None:
    read = properties_of(properties(tmp_path, "jdbc:mysql://h:3306/m?a=b&c='%2B00:00'"))
    assert read["eggroll.resourcemanager.clustermanager.jdbc.password"] == "s3=cret\\😀"
    assert read["eggroll.resourcemanager.clustermanager.jdbc.url"] == "jdbc:mysql://h:3306/m?a=b&c='%2B00:00'"


@pytest.mark.parametrize(("number", "kind"), [(1146, "schema"), (1044, "schema"), (1040, "full"), (1213, "other")])
def test_a_database_that_refuses_has_a_kind_for_its_reason(tmp_path: Path, number: int, kind: str) -> None:
    server = Server({"select count(*) from server_node": refusal(number, "no")})
    with server.at() as where:
        found = probe_database.judge(properties(tmp_path, f"jdbc:mysql://{where}/m?x=y", "s3cret"))
    assert (found["ok"], found["kind"], found["where"]) == (False, kind, where)


def test_a_database_that_works_says_how_many_managers_were_registered(tmp_path: Path) -> None:
    sessions: list[Sequence[str | None]] = [("2026_toy", "NEW", "4", None, "70", "60")]
    server = Server(
        {
            "select count(*) from server_node": [("2",)],
            probe_database.SESSIONS: sessions,
            probe_database.NODES: [("10.0.0.1:4671", "HEALTHY", "4"), ("10.0.0.2:4671", "INIT", None)],
            probe_database.EGGS: [
                ("2026_toy", "10.0.0.1:4671", "11"),
                ("2026_toy", "10.0.0.1:4671", "12"),
                ("2026_toy", "10.0.0.2:4671", "11"),
            ],
        }
    )
    with server.at() as where:
        well = probe_database.judge(properties(tmp_path, f"jdbc:mysql://{where}/m?x=y", "s3cret"))
        found = probe_database.judge(properties(tmp_path, f"jdbc:mysql://{where}/m?x=y", "wrong"))
    assert (found["kind"], well["rows"]) == ("auth", 2)
    (session,) = well["sessions"]
    assert session == {"id": "2026_toy", "status": "NEW", "total": 4, "active": 0, "age": 70, "changed": 60}
    assert well["heartbeats"] == {"10.0.0.1:4671": ["HEALTHY", 4], "10.0.0.2:4671": ["INIT", 0]}
    assert well["eggs"] == {"2026_toy": {"10.0.0.1:4671": [11, 12], "10.0.0.2:4671": [11]}}
    assert max(map(len, server.asked)) > probe_database.PADDING


@pytest.mark.parametrize(
    ("age", "found"), [(5, set()), (60, {"NODEMANAGER_UNREGISTERED", "CLUSTERMANAGER_NODE_MISSING"})]
)
def test_a_nodemanager_that_was_lost_with_the_database_is_given_its_next_heartbeat(age: float, found: set[str]) -> None:
    lost = say("9999/nodemanager@a1:nodemanager.state", ok=False, kind="unregistered", error="no", status="LOSS")
    listed = say("9999/clustermanager@a1:clustermanager.state", ok=True, nodes=[])
    began = say("9999/mysql@a1", since=NOW - age)
    codes = {finding.code for finding in report(lost, listed, began, example=EXAMPLE, settle=30).findings}
    assert codes >= found
    assert bool(codes) == bool(found)


def test_rows_of_sessions_that_ended_long_ago_are_removed_and_counted(tmp_path: Path) -> None:
    server = Server({"show tables": [("session_main",), ("session_option",)], "select row_count()": [("7",)]})
    with server.at() as where:
        said = forget_sessions.forget(properties(tmp_path, f"jdbc:mysql://{where}/m?x=y", "s3cret"), 14)
    assert said == "removed 7 ended sessions from the database"
    options, sessions = [text for text in server.asked if text.startswith("delete")]
    old = "session_main.updated_at < utc_timestamp() - interval 14 day"
    assert options.startswith("delete session_option from session_option join session_main")
    assert sessions.startswith("delete from session_main where session_main.status in ('CLOSED', ")
    assert options.endswith(old)
    assert sessions.endswith(old)


def test_a_database_that_cannot_be_used_keeps_them_and_is_named(tmp_path: Path) -> None:
    server = Server({"show tables": refusal(1040, "Too many connections")})
    with server.at() as where:
        said = forget_sessions.forget(properties(tmp_path, f"jdbc:mysql://{where}/m?x=y", "s3cret"), 14)
    assert said == "old sessions stay in the database: 1040 Too many connections"
    assert "/None/eggroll.properties" in forget_sessions.forget("/None/eggroll.properties", 14)


def test_settings_of_another_form_are_named(tmp_path: Path) -> None:
    assert probe_database.judge(properties(tmp_path, "jdbc:h2:./x"))["kind"] == "config"
    assert probe_database.judge(str(tmp_path / "none"))["kind"] == "config"
