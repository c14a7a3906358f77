"""FATEBoard 1.4: it reads flow's database itself and has no login, so it gets no more than everyone near it may see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from board_fakes import HOME, NO_PAGE, said
from component_world import GOLDEN, desired, rendered, report, say, set_answer
from mysql_server import Server, refusal
from web_fakes import closed_port, serving

from fatecloud.components.board.v1_4 import probe_database, probe_flow, probe_state
from fatecloud.errors import InventoryError
from fatecloud.inventory import load
from fatecloud.render.placeholders import names

EXAMPLE, HERE = "eggroll-rollsite-1.4", "9999/board@a1"
CONF = "trees/fateboard/conf/application.properties"
WRONG = said(code=10002, message="Some request parameters are wrong!")
WORD = "s3cret"
ROWS = "select count(*) from t_job"


@pytest.mark.parametrize(
    ("pages", "kind"),
    [
        ({"/": (200, HOME), probe_state.QUESTION: (200, WRONG)}, None),
        ({"/": (200, "<title>x</title>"), probe_state.QUESTION: (200, WRONG)}, "page"),
        ({"/": (404, NO_PAGE), probe_state.QUESTION: (200, WRONG)}, "page"),
        ({"/": (200, HOME), probe_state.QUESTION: (200, "no board")}, "foreign"),
        ({"/": (200, HOME)}, "foreign"),
    ],
)
def test_it_is_known_by_its_page_and_by_an_answer_that_asks_neither_flow_nor_the_database(
    pages: dict[str, Any], kind: str | None
) -> None:
    with serving(pages) as port:
        found = probe_state.state("127.0.0.1", port)
    assert (found["ok"], found.get("kind")) == (kind is None, kind)
    assert probe_state.state("127.0.0.1", closed_port())["kind"] == "refused"


FLOW = {"/v1/version/get": (200, {"retcode": 0, "data": {"FATE": "1.4.5"}})}


@pytest.mark.parametrize(
    ("through", "jobs", "kind"),
    [
        (said(code=101, message="find job failed"), said([]), None),
        (said(code=10003, message="Fateflow module connection error!"), said([]), "unreached"),
        (said(code=10005, message="Retcode of fateflow is null!"), said([]), "unreached"),
        ("no board", said([]), "board"),
        (said(code=101), said(code=10010, message="System error!"), "jobs"),
        (said(code=101), "no board", "jobs"),
    ],
)
def test_it_is_followed_to_flow_and_to_the_jobs(through: Any, jobs: Any, kind: str | None) -> None:
    with serving(FLOW) as flow, serving({probe_flow.THROUGH: (200, through), "/job/query/status": (200, jobs)}) as port:
        found = probe_flow.judge("127.0.0.1", port, f"127.0.0.1:{flow}")
    assert (found["ok"], found.get("kind"), found["direct"]["version"]) == (kind is None, kind, "1.4.5")


def test_a_flow_that_is_down_is_not_looked_for_through_it() -> None:
    assert probe_flow.judge("127.0.0.1", closed_port(), f"127.0.0.1:{closed_port()}")["kind"] == "flow"


def settings(folder: Path, where: str, password: str = WORD) -> str:
    path, lead = folder / "application.properties", "fateboard.datasource."
    path.write_text(f"{lead}jdbc-url=jdbc:mysql://{where}/m?x=y\n{lead}username=fate\n{lead}password={password}\n")
    return str(path)


def test_its_own_account_counts_the_rows_of_jobs(tmp_path: Path) -> None:
    server = Server({ROWS: [("3",)]})
    with server.at() as where:
        assert probe_database.judge(settings(tmp_path, where)) == {"ok": True, "where": where, "jobs": 3}
        assert probe_database.judge(settings(tmp_path, where, "other"))["kind"] == "auth"
    assert max(map(len, server.asked)) > probe_database.PADDING


@pytest.mark.parametrize(("number", "kind"), [(1142, "schema"), (1146, "schema"), (1040, "full")])
def test_a_right_that_it_lacks_has_a_kind(tmp_path: Path, number: int, kind: str) -> None:
    with Server({ROWS: refusal(number, "no")}).at() as where:
        assert probe_database.judge(settings(tmp_path, where))["kind"] == kind


def test_settings_without_a_login_are_named(tmp_path: Path) -> None:
    assert probe_database.judge(str(tmp_path / "none"))["kind"] == "config"
    (tmp_path / "application.properties").write_text("server.port=8080\n")
    assert probe_database.judge(str(tmp_path / "application.properties"))["kind"] == "config"


def test_its_page_listens_on_loopback_and_no_setting_opens_it(tmp_path: Path) -> None:
    assert [port.bind for port in desired(EXAMPLE).services[HERE].ports] == ["127.0.0.1"]
    text = (GOLDEN / f"{EXAMPLE}.yml").read_text()
    for config in ("bind: 192.0.2.11", "account: me", "session: {hours: 1}"):
        changed = text.replace("board: a1}\n", f"board: a1}}\n    config: {{board: {{{config}}}}}\n")
        (tmp_path / "inventory.yml").write_text(changed)
        with pytest.raises(InventoryError, match=r"1\.4\.2"):
            load(tmp_path / "inventory.yml")


def test_its_account_reads_and_its_password_is_in_its_own_settings_alone() -> None:
    (own,) = [one for one in desired(EXAMPLE).services["9999/mysql@a1"].facts["databases"] if one["account"] == "board"]
    assert (own["name"], own["rights"]) == ("fate_flow", ["SELECT"])
    having = {
        (key, file.path.rpartition("/")[2])
        for key in desired(EXAMPLE).services
        for file in rendered(key, EXAMPLE).values()
        if "9999.mysql.board" in str(names(file.text))
    }
    assert having == {(HERE, "application.properties"), ("9999/mysql@a1", "objects.sql")}


def test_it_gets_no_logs_of_jobs() -> None:
    text = rendered(HERE, EXAMPLE)[CONF].text
    (logs,) = [line for line in text.splitlines() if line.startswith("FATE_DEPLOY_PREFIX=")]
    home = desired(EXAMPLE).services["9999/flow@a1"].home
    assert logs.endswith("-9999-board/none/")
    assert home not in text
    assert "ssh_config_file" not in " ".join(desired(EXAMPLE).services[HERE].process.argv)


def test_that_it_has_no_login_is_an_exposure() -> None:
    (found,) = [one for one in report(example=EXAMPLE).exposures if one.code == "EXPOSURE_BOARD_OPEN"]
    assert found.symptom == "users of the node can see the jobs of the party and stop them, without a login"


def test_an_account_that_is_refused_explains_that_no_jobs_come() -> None:
    refused = {"ok": False, "kind": "auth", "where": "127.0.0.1:3306", "error": "1045 Access denied"}
    jobs = {"ok": False, "kind": "jobs", "error": "code 10010: System error!", "direct": {"ok": True}}
    found = report(
        say(f"{HERE}:board.database", **refused), say(f"{HERE}:board.flow", **jobs), example=EXAMPLE
    ).findings
    assert [one.code for one in found if not one.caused_by] == ["BOARD_DATABASE_REFUSED"]
    assert len(found) == 2


def test_a_right_that_was_revoked_is_the_databases_and_not_flows() -> None:
    denied = {"ok": False, "kind": "schema", "where": "127.0.0.1:3306", "error": "1142 SELECT command denied"}
    revoked = set_answer("9999/mysql@a1:mysql.admin", joined__board__rights=[])
    found = report(revoked, say(f"{HERE}:board.database", **denied), example=EXAMPLE).findings
    (root,) = [one for one in found if not one.caused_by]
    assert (root.id, root.symptom) == ("MYSQL_USER_MISSING@9999/mysql@a1", "account board: no rights on fate_flow")
    assert [one.code for one in found if one.caused_by] == ["BOARD_DATABASE_REFUSED"]
