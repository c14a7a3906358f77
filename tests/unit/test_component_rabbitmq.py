"""The broker's files, and what its probe makes of the management API's answers."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from component_world import RABBITMQ, rendered, service
from web_fakes import Page, closed_port, saying, serving, silent

from fatecloud.components.rabbitmq import probe_admin, probe_peers
from fatecloud.probing import dialing
from fatecloud.render.placeholders import fill

HOME = "/data/projects/fate/demo-eeeeee-9999-rabbitmq"
SECRETS = {"9999.rabbitmq.flow": 'p"w\\', "9999.rabbitmq.monitor": "m'", "9999.rabbitmq.cookie": "COOKIE"}
RIGHTS = {"user": "fate", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
NODE = {
    "mem_alarm": False,
    "disk_free_alarm": True,
    "mem_used": 1,
    "mem_limit": 2,
    "disk_free": 3,
    "disk_free_limit": 4,
    "enabled_plugins": ["rabbitmq_management", "rabbitmq_federation"],
    "applications": [{"name": "rabbit", "version": "3"}, {"name": "rabbitmq_management", "version": "3"}],
}
HEALTHY: dict[str, Page] = {
    "/api/whoami": (200, {"name": "fate", "tags": ["administrator"]}),
    "/api/users/fate/permissions": (200, [RIGHTS]),
    "/api/overview": (200, {"rabbitmq_version": "3.10.8", "queue_totals": {"messages": 5}}),
    "/api/nodes": (200, [NODE]),
    "/api/parameters/federation-upstream": (200, []),
}


def test_the_definitions_make_an_administrator_with_all_rights() -> None:
    file = rendered(RABBITMQ)["conf/definitions.json"]
    read = json.loads(fill(file.text, SECRETS))
    flow, monitor = read["users"]
    assert flow == {"name": "fate", "password": 'p"w\\', "tags": "administrator"}
    assert monitor == {"name": "fatecloud", "password": "m'", "tags": "monitoring"}
    nothing = dict.fromkeys(("configure", "write", "read"), "^$")
    assert read["permissions"] == [RIGHTS, {"user": "fatecloud", "vhost": "/", **nothing}]
    assert read["vhosts"] == [{"name": "/"}]
    assert (file.mode, file.restarts) == (0o640, False)


def test_the_broker_loads_them_so_that_it_makes_no_default_account() -> None:
    conf = rendered(RABBITMQ)["conf/rabbitmq.conf"].text
    settings = dict(line.split(" = ") for line in conf.splitlines() if line and not line.startswith("#"))
    assert settings["load_definitions"] == f"{HOME}/conf/definitions.json"
    assert settings["listeners.tcp.default"] == "0.0.0.0:5672"
    assert (settings["log.console"], settings["log.file"]) == ("true", "false")


def test_the_cookie_is_bare_and_closed() -> None:
    file = rendered(RABBITMQ)[".erlang.cookie"]
    assert (fill(file.text, SECRETS), file.mode) == ("COOKIE", 0o400)


def test_its_distribution_and_port_mapper_stay_on_the_machine() -> None:
    binds = {port.name: (port.bind, port.peers) for port in service(RABBITMQ).ports}
    assert binds["dist"] == binds["epmd"] == ("127.0.0.1", False)
    assert binds["amqp"][1]


def test_the_environment_that_scripts_read_names_our_places_only(tmp_path: Path) -> None:
    script = tmp_path / "environment"
    script.write_text(rendered(RABBITMQ)["bin/environment"].text)
    done = subprocess.run(["sh", "-c", f". {script}; env"], capture_output=True, text=True, check=True, env={})
    read = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert read["RABBITMQ_NODENAME"] == "fatecloud-demo-eeeeee-9999-rabbitmq@localhost"
    assert (read["ERL_EPMD_ADDRESS"], read["ERL_EPMD_PORT"], read["RABBITMQ_DIST_PORT"]) == (
        "127.0.0.1",
        "4370",
        "25672",
    )
    paths = [value for name, value in read.items() if value.startswith("/") and name.startswith("RABBITMQ")]
    assert len(paths) >= 8
    assert all(path.startswith("/data/projects/fate/") for path in paths)


def ask(tmp_path: Path, pages: dict[str, Page]) -> dict[str, Any]:
    definitions = tmp_path / "definitions.json"
    definitions.write_text(fill(rendered(RABBITMQ)["conf/definitions.json"].text, SECRETS))
    with serving(HEALTHY | pages) as port:
        return probe_admin.judge("127.0.0.1", port, str(definitions))


def test_a_healthy_broker_reports_its_state(tmp_path: Path) -> None:
    answer = ask(tmp_path, {})
    assert answer["account"] == {"ok": True, "tags": ["administrator"]}
    assert (answer["version"], answer["alarms"], answer["messages"]) == ("3.10.8", ["disk"], 5)
    assert answer["plugins"] == ["rabbitmq_management"]
    assert answer["links"] == []


def test_a_list_of_what_runs_without_the_plugin_that_answers_is_of_a_broker_that_starts(tmp_path: Path) -> None:
    early = [NODE | {"applications": [{"name": "rabbitmq_prelaunch", "version": "3"}]}]
    answer = ask(tmp_path, {"/api/nodes": (200, early)})
    assert (answer["ok"], answer["kind"]) == (False, "starting")


def test_its_state_is_read_with_the_account_that_can_do_nothing_else(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    definitions = tmp_path / "definitions.json"
    definitions.write_text(fill(rendered(RABBITMQ)["conf/definitions.json"].text, SECRETS))
    with serving(HEALTHY, seen) as port:
        probe_admin.judge("127.0.0.1", port, str(definitions))
    names = [base64.b64decode(headers["authorization"].split()[1]).split(b":")[0].decode() for headers in seen]
    assert names == ["fate", "fate", "fatecloud", "fatecloud", "fate"]


@pytest.mark.parametrize("page", ["/api/overview", "/api/nodes"])
def test_a_refused_account_for_the_state_is_reported_beside_that_of_flow(tmp_path: Path, page: str) -> None:
    answer = ask(tmp_path, {page: (401, {"reason": "Login failed"})})
    assert (answer["ok"], answer["account"]["ok"], answer["monitor"]["ok"]) == (True, True, False)
    assert answer["monitor"]["error"]
    assert "version" not in answer


def test_links_that_tasks_asked_for_and_that_do_not_run_are_listed_with_how_long_their_task_waits(
    tmp_path: Path,
) -> None:
    def upstream(vhost: str, name: str) -> dict[str, Any]:
        return {"vhost": vhost, "name": name, "value": {"uri": "amqp://u:p@192.0.2.21:5672", "queue": "q"}}

    lines = [
        {"type": "direct", "connected_at": 1},
        {"type": "network", "connected_at": (time.time() - 100) * 1000},
        {"type": "network", "connected_at": (time.time() - 50) * 1000},
    ]
    pages: dict[str, Page] = {
        "/api/parameters/federation-upstream": (200, [upstream("j", "r1"), upstream("j", "r2"), upstream("k", "r3")]),
        "/api/federation-links": (
            200,
            [
                {"vhost": "j", "upstream": "r1", "status": "running"},
                {"vhost": "k", "upstream": "r3", "status": "error", "error": "econnrefused"},
            ],
        ),
        "/api/vhosts/j/connections": (200, lines),
        "/api/vhosts/k/connections": (200, []),
    }
    waiting, left = ask(tmp_path, pages)["links"]
    assert (waiting["queue"], waiting["status"], waiting["endpoint"]) == ("r2", "connecting", "192.0.2.21:5672")
    assert 99 < waiting["connected"] < 130
    assert (left["queue"], left["status"], left["error"], left["connected"]) == ("r3", "error", "econnrefused", None)
    assert "u:p" not in json.dumps([waiting, left])


def test_links_come_last_and_cost_no_other_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = probe_admin.Api.get

    def get(self: probe_admin.Api, path: str) -> tuple[int, Any]:
        asked.append(path)
        if "federation" in path:
            raise TimeoutError
        return real(self, path)

    monkeypatch.setattr(probe_admin.Api, "get", get)
    answer = ask(tmp_path, {})
    assert (answer["ok"], answer["alarms"], answer["links"]) == (True, ["disk"], None)
    assert "TimeoutError" in answer["links_error"]
    assert asked[-1] == "/api/parameters/federation-upstream"


def test_all_questions_share_one_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []
    clock = [100.0]

    def get(*_: Any, timeout: float, **__: Any) -> tuple[int, str, bytes]:
        limits.append(timeout)
        clock[0] += 8.0
        return 200, "OK", b"{}"

    monkeypatch.setattr(probe_admin, "get", get)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    api = probe_admin.Api("127.0.0.1", 1, {"name": "fate", "password": "x"})
    for _ in range(4):
        api.get("/")
    assert limits == [5, 5, 4.0, 0.001]


START = b"\x01\x00\x00" + (300).to_bytes(4, "big") + b"\x00\x0a\x00\x0a" + b"x" * 296 + b"\xce"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ([START], None),
        ([START[:5], START[5:]], None),
        ([b""], "reset"),
        ([b"AMQP\x00\x01\x00\x00"], "foreign"),
        ([b"HTTP/1.1 400 Bad Request\r\n"], "foreign"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "foreign"),
    ],
)
def test_the_first_words_show_whether_it_is_a_broker(said: list[bytes], kind: str | None) -> None:
    with saying(*said) as port:
        answer = probe_peers.ask("10000", f"127.0.0.1:{port}")
    assert (answer["ok"], answer.get("kind")) == (kind is None, kind)


@pytest.mark.parametrize(
    ("properties", "version"),
    [
        (b"\x07productS\x00\x00\x00\x08RabbitMQ\x07versionS\x00\x00\x00\x063.10.8", "3.10.8"),
        (b"\x07versionS\x00\x00\x00\xff\x1b[2J" + b"9" * 255, "[2J" + "9" * 36),
        (b"\x07productS\x00\x00\x00\x05Other", ""),
    ],
)
def test_the_first_words_name_the_brokers_version(properties: bytes, version: str) -> None:
    payload = b"\x00\x0a\x00\x0a\x00\x09" + len(properties).to_bytes(4, "big") + properties
    with saying(b"\x01\x00\x00" + len(payload).to_bytes(4, "big") + payload + b"\xce") as port:
        assert probe_peers.ask("10000", f"127.0.0.1:{port}") == {"ok": True, "version": version}


def test_no_connection_no_answer_and_no_name_are_distinguished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_peers, "SECONDS", 0.3)
    with silent() as deaf:
        pairs = [f"1=127.0.0.1:{closed_port()}", f"2=127.0.0.1:{deaf}", "3=fate.invalid:1"]
        answers = dialing.asked(pairs, probe_peers.ask, 10)["peers"]
    assert [answers[party]["kind"] for party in "123"] == ["refused", "silent", "name"]
    assert answers["2"]["error"] == "connected, then no answer within 0.3 s"


def test_a_broker_that_gives_up_first_was_silent_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question with patience waits longer than the ten seconds after which a broker breaks off."""
    monkeypatch.setattr(probe_peers, "SECONDS", 0.2)
    monkeypatch.setenv("FATECLOUD_PATIENCE", "20")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def gives_up() -> None:
            connection, _ = server.accept()
            with connection:
                time.sleep(0.3)

        threading.Thread(target=gives_up, daemon=True).start()
        answer = probe_peers.ask("10000", f"127.0.0.1:{server.getsockname()[1]}")
    assert answer == {"ok": False, "kind": "silent", "error": "connected, then no answer in 0 s, until it broke off"}


def test_who_does_not_come_back_in_time_is_not_waited_for() -> None:
    never = threading.Event()

    def ask_for_ever(_party: str, _endpoint: str) -> dict[str, Any]:
        never.wait()
        return {"ok": True}

    answer = dialing.asked(["1=fate.invalid:1"], ask_for_ever, 0.1)
    never.set()
    assert answer["peers"]["1"]["kind"] == "name"


@pytest.mark.parametrize(
    ("pages", "kind"),
    [
        ({"/api/whoami": (401, {"reason": "Login failed"})}, "auth"),
        ({"/api/whoami": (401, {"reason": "Not management user"})}, "rights"),
        ({"/api/whoami": (200, {"tags": "monitoring"})}, "rights"),
        ({"/api/users/fate/permissions": (200, [])}, "rights"),
        ({"/api/users/fate/permissions": (200, [RIGHTS | {"read": ""}])}, "rights"),
    ],
)
def test_a_bad_account_leaves_the_broker_alive(tmp_path: Path, pages: dict[str, Page], kind: str) -> None:
    answer = ask(tmp_path, pages)
    assert (answer["ok"], answer["account"]["ok"], answer["account"]["kind"]) == (True, False, kind)
    assert 'p"w' not in json.dumps(answer)


@pytest.mark.parametrize("page", [(200, "<html>"), (200, []), (404, "no")])
def test_something_else_on_the_port_is_foreign(tmp_path: Path, page: Page) -> None:
    assert ask(tmp_path, {"/api/whoami": page})["kind"] == "foreign"


def test_an_unused_port_is_reported_as_refused_and_a_lost_file_is_reported(tmp_path: Path) -> None:
    definitions = tmp_path / "definitions.json"
    assert probe_admin.judge("127.0.0.1", 1, str(definitions))["kind"] == "config"
    users = [{"name": name, "password": "x"} for name in ("fate", "fatecloud")]
    definitions.write_text(json.dumps({"users": users}))
    assert probe_admin.judge("127.0.0.1", closed_port(), str(definitions))["kind"] == "refused"
