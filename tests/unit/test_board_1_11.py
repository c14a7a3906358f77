"""FATEBoard 1.11: its settings, its logs, and how flow's answers are followed through it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from board_fakes import FakeBoard, said
from component_world import GOLDEN, desired, rendered, report, say
from web_fakes import serving

from fatecloud import catalogue
from fatecloud.components.board.probe_state import state
from fatecloud.components.board.v1.probe_flow import FLOW
from fatecloud.components.board.way import INFO, judge
from fatecloud.inventory import load
from fatecloud.resolve.desired import resolve

EXAMPLE, BOARD = "eggroll-rollsite", "9999/board@a1"
VERSION = "/v1/version/get"
SERVER = {
    VERSION: (200, {"retcode": 0, "retmsg": "success", "data": {"API": "v1", "FATE": "1.11.4"}}),
    INFO: (200, {"retcode": 0, "retmsg": "success", "data": {"flow-127.0.0.1-9380": {}}}),
}


@pytest.fixture
def conf(tmp_path: Path) -> str:
    path = tmp_path / "application.properties"
    path.write_text("server.board.login.username=fate\nserver.board.login.password=s3cret\\\\\\ud83d\\ude00\n", "ascii")
    return str(path)


@pytest.mark.parametrize(
    ("changes", "server", "kind"),
    [
        ({}, {}, None),
        ({"info": said(code=109, message="signature authentication failed")}, {}, "signed"),
        ({"info": said({"flow-127.0.0.1-9381": {}})}, {}, "other"),
        ({"info": said(code=10003)}, {}, "unreached"),
        ({"jobs": said(code=10010, message="System error!")}, {}, "jobs"),
        ({}, {VERSION: (200, {"code": 0})}, "flow"),
    ],
    ids=["well", "flow wants signatures", "another flow", "it asks where no flow is", "database", "no flow"],
)
def test_the_way_to_the_jobs_is_followed_to_where_it_fails(
    conf: str, changes: dict[str, Any], server: dict[str, Any], kind: str | None
) -> None:
    board = FakeBoard(**changes)
    with board.at() as port, serving(SERVER | server) as flow:
        found = judge(conf, "127.0.0.1", port, f"127.0.0.1:{flow}", FLOW)
    assert (found["ok"], found.get("kind")) == (kind is None, kind)
    if kind is None:
        assert found["direct"] == {"ok": True, "version": "1.11.4"}
    assert not board.sessions


def test_its_page_has_a_title_of_its_own(conf: str) -> None:
    with FakeBoard(home=(200, "<html><head><title>FATE Board</title></head></html>")).at() as port:
        assert state(conf, "127.0.0.1", port)["ok"]


def test_it_is_one_jar_with_the_settings_beside_it_and_no_file_with_logins_by_ssh() -> None:
    argv = desired(EXAMPLE).services[BOARD].process.argv
    assert argv[-1] == "org.springframework.boot.loader.JarLauncher"
    assert argv[argv.index("-cp") + 1].endswith("/trees/fateboard/fateboard-1.11.2.jar")
    assert any(word.endswith("/conf/application.properties") for word in argv)
    assert "ssh_config_file" not in " ".join(argv)


def test_no_other_address_of_flow_comes_before_its_partys() -> None:
    text = rendered(BOARD, EXAMPLE)["trees/fateboard/conf/application.properties"].text
    values = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    assert (values["fateflow.url"], values["fateflow.url-list"]) == ("http://127.0.0.1:9380", "")


def test_its_log_is_the_file_that_is_read_with_a_level_in_brackets() -> None:
    text = rendered(BOARD, EXAMPLE)["trees/fateboard/conf/logback.xml"].text
    assert re.findall(r"<file>(.*)</file>", text) == ["logs/info.log"]
    assert re.findall(r"<pattern>(.*)</pattern>", text)[0].startswith("[%-5level] %d")
    service = desired(EXAMPLE).services[BOARD]
    assert {log.path.rsplit("/", 1)[1] for log in service.logs if log.levels} == {"info.log"}
    assert any(word.endswith("/conf/logback.xml") for word in service.process.argv)


def test_on_loopback_nothing_of_it_is_open_and_elsewhere_what_crosses_the_network(tmp_path: Path) -> None:
    codes = {one.code for one in report(example=EXAMPLE).exposures if str(one.subject) == BOARD}
    assert codes == set()
    file = tmp_path / "inventory.yml"
    text = (GOLDEN / f"{EXAMPLE}.yml").read_text()
    file.write_text(text.replace("board: a1}", "board: a1}\n    config: {board: {bind: 192.0.2.11}}"))
    cluster = load(file)
    service = resolve(cluster, catalogue.releases_of(cluster)).services[BOARD]
    assert [port.bind for port in service.ports] == ["192.0.2.11"]


def test_a_flow_that_is_down_explains_what_the_board_lacks() -> None:
    flow = {"ok": False, "kind": "flow", "error": "connection refused", "direct": {"ok": False, "kind": "refused"}}
    down = {"ok": False, "kind": "refused", "stage": "api", "error": "nothing listens"}
    found = report(say(f"{BOARD}:board.flow", **flow), say("9999/flow@a1:flow.api", **down), example=EXAMPLE).findings
    assert "BOARD_FLOW_DOWN" in {one.code for one in found}
    assert "BOARD_FLOW_DOWN" not in {one.code for one in found if not one.caused_by}
