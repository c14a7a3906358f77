"""Flow's questions, asked of a fake flow on loopback: what they make of each kind of answer."""

from __future__ import annotations

import base64
import json
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from component_world import FLOW, service
from web_fakes import Page, closed_port, serving, silent

from fatecloud.components.flow import own_database, probe_schedule
from fatecloud.components.flow.v2 import (
    probe_api,
    probe_broker,
    probe_jobs,
    probe_sqlite,
)

SERVER = "/v2/server/fateflow"
LIST = "/v2/job/list/query?limit=1&page=1"
PROVIDER = "/v2/provider/query?name=fate"
HEALTHY: dict[str, Page] = {
    SERVER: (200, {"code": 0, "data": {"flow-1": {"host": "127.0.0.1", "version": "2.2.0"}}}),
    LIST: (200, {"code": 0, "data": {"count": 0, "data": []}}),
    PROVIDER: (200, {"code": 0, "data": [{"name": "fate", "version": "2.2.0"}]}),
}


def ask_api(**pages: Page) -> dict[str, Any]:
    changed = {"server": SERVER, "list": LIST, "provider": PROVIDER}
    with serving(HEALTHY | {changed[name]: page for name, page in pages.items()}) as port:
        return probe_api.judge("127.0.0.1", port)


def test_a_healthy_flow_is_ready_with_version_and_providers() -> None:
    answer = ask_api()
    assert (answer["ok"], answer["stage"], answer["version"]) == (True, "ready", "2.2.0")
    assert answer["providers"] == ["2.2.0"]


def test_the_script_prints_one_document_when_it_is_run_as_on_a_node() -> None:
    probe = next(probe for probe in service(FLOW).probes if probe.name == "flow.api")
    options = [word for word in probe.argv if word.startswith("-")]
    with serving(HEALTHY) as port:
        argv = [sys.executable, *options, "127.0.0.1", str(port), "/no/settings.py"]
        done = subprocess.run(argv, input=probe.stdin, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["ok"] is True
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Can't connect to MySQL server on '127.0.0.1' ([Errno 111] Connection refused)", "refused"),
        ("Access denied for user 'fate'@'localhost' (using password: YES)", "auth"),
        ("Unknown database 'fate_flow'", "schema"),
        ("BusyError('database is locked')", "locked"),
        ("something else", "other"),
    ],
)
def test_a_flow_that_answers_from_memory_is_not_ready(message: str, kind: str) -> None:
    answer = ask_api(list=(200, {"code": 2003, "message": message}))
    assert (answer["ok"], answer["stage"], answer["kind"], answer["version"]) == (False, "database", kind, "2.2.0")
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ((200, "<html>hello</html>"), "foreign"),
        ((200, {"status": "up"}), "foreign"),
        ((200, {"code": 5001, "message": "Invalid parameter: name[appId]"}), "client-auth"),
        ((200, {"code": 6000, "message": "<NotFound '404: Not Found'>"}), "other"),
    ],
)
def test_answers_that_are_not_from_flow_are_distinguished(page: Page, kind: str) -> None:
    answer = ask_api(server=page)
    assert (answer["ok"], answer["stage"], answer["kind"]) == (False, "api", kind)


def test_a_closed_port_is_refused_and_a_silent_one_times_out() -> None:
    assert probe_api.judge("127.0.0.1", closed_port())["kind"] == "refused"
    with silent() as port:
        assert probe_api.ask("127.0.0.1", port, "/", 0.1)["kind"] == "timeout"


@pytest.mark.parametrize(("silent_page", "stage"), [(LIST, "database"), (PROVIDER, "providers")])
def test_a_database_that_never_answers_is_not_taken_for_a_hung_flow(
    monkeypatch: pytest.MonkeyPatch, silent_page: str, stage: str
) -> None:
    asked = {}

    def ask(host: str, port: int, path: str, timeout: float, settings: str) -> dict[str, Any]:
        asked[path] = timeout
        healthy = {"code": 0, "message": "", "data": {"f": {"version": "2.2.0"}}, "seconds": 4.0}
        return healthy if path != silent_page else {"kind": "timeout", "error": "no answer", "seconds": timeout}

    monkeypatch.setattr(probe_api, "ask", ask)
    answer = probe_api.judge("127.0.0.1", 1)
    assert (answer["stage"], answer["kind"]) == (stage, "database-timeout")
    assert asked.get(PROVIDER, 6.0) == 6.0, "both pages share one time"


def jobs_of(**pages: tuple[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """What is reported about the jobs of a flow that has these: count and rows by status, `_` between several."""
    served: dict[str, Page] = {
        f"/v2/job/list/query?limit=50&page=1&status={status.replace('_', '&status=')}": (
            200,
            {"code": 0, "data": {"count": count, "data": rows}},
        )
        for status, (count, rows) in pages.items()
    }
    with serving(served) as port:
        return probe_jobs.judge("127.0.0.1", port)


def job_row(job: str, status: str) -> dict[str, Any]:
    begin = (time.time() - 100) * 1000
    return {"job_id": job, "role": "guest", "party_id": "9999", "status": status, "create_time": begin}


def test_jobs_come_with_their_age_on_one_page() -> None:
    answer = jobs_of(
        running_waiting_ready=(3, [job_row("s", "ready"), job_row("w", "waiting"), job_row("r", "running")])
    )
    assert (answer["ok"], answer["running"], answer["waiting"], answer["ready"]) == (True, 1, 1, 1)
    assert [(job["job"], job["status"]) for job in answer["jobs"]] == [
        ("r", "running"),
        ("w", "waiting"),
        ("s", "ready"),
    ]
    assert all(99 <= job["age"] <= 110 for job in answer["jobs"])


def test_jobs_of_more_than_a_page_are_counted_by_flow() -> None:
    waiting, running = [job_row("w", "waiting")] * 50, [job_row("r", "running")]
    answer = jobs_of(running_waiting_ready=(58, waiting), ready=(0, []), running=(1, running), waiting=(57, waiting))
    assert (answer["ok"], answer["running"], answer["waiting"]) == (True, 1, 57)
    assert (answer["jobs"][0]["job"], len(answer["jobs"])) == ("r", 51)


def test_jobs_are_unavailable_when_flow_cannot_list_them() -> None:
    with serving({}) as port:
        assert probe_jobs.judge("127.0.0.1", port)["kind"] == "unavailable"


def schedule(folder: Path, *lines: str) -> dict[str, Any]:
    log = folder / "fate_flow_schedule.log"
    log.write_text("".join(lines))
    return probe_schedule.judge(str(log), lambda _: None)


def line(age: float, message: str = "start schedule waiting jobs") -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - age))
    return f"[INFO] [{stamp},123] [Server] [1:2] - [scheduler.run_do] [line:93]: {message}\n"


def test_the_age_is_that_of_the_last_complete_line(tmp_path: Path) -> None:
    answer = schedule(tmp_path, line(300), line(200), line(0)[:40])
    assert 198 <= answer["age"] <= 203


@pytest.mark.parametrize("offset", [7200, -7200], ids=["the zone went west", "the zone went east"])
def test_a_scheduler_that_began_in_another_time_zone_works_while_lines_come(tmp_path: Path, offset: int) -> None:
    log = tmp_path / "fate_flow_schedule.log"
    log.write_text(line(offset + 2))

    def tick(_: float) -> None:
        with log.open("a") as stream:
            stream.write(line(offset))

    assert probe_schedule.judge(str(log), tick)["age"] == 0
    assert probe_schedule.judge(str(log), lambda _: None)["age"] > probe_schedule.LATE


def test_errors_of_earlier_ticks_that_are_over_are_not_reported_again(tmp_path: Path) -> None:
    trouble = "Traceback (most recent call last):\npeewee.OperationalError: (2003, ...)\n"
    old = schedule(tmp_path, line(6), trouble, line(4), line(2))
    new = schedule(tmp_path, line(4), line(2), trouble)
    assert (old["traceback"], old["last_error"]) == (False, "")
    assert (new["traceback"], new["last_error"]) == (True, "peewee.OperationalError: (2003, ...)")


def test_an_absent_or_silent_log_gives_no_heartbeat(tmp_path: Path) -> None:
    assert probe_schedule.judge(str(tmp_path / "absent"))["kind"] == "absent"
    assert schedule(tmp_path, "nonsense\n")["kind"] == "empty"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(2003, "Can't connect to MySQL server on 'h' ([Errno 111] Connection refused)"), "refused"),
        (OSError(2003, "Can't connect to MySQL server on 'h' (timed out)"), "dropped"),
        (OSError(2013, "Lost connection to MySQL server during query"), "timeout"),
        (OSError(1045, "Access denied for user 'fate'"), "auth"),
        (OSError(1130, "Host '1.2.3.4' is not allowed to connect"), "auth"),
        (OSError(1044, "Access denied for user 'fate' to database 'fate_flow'"), "schema"),
        (OSError(1049, "Unknown database 'fate_flow'"), "schema"),
        (OSError(1040, "Too many connections"), "full"),
        (OSError(1836, "read only"), "other"),
    ],
)
def test_each_refusal_of_a_database_has_its_kind(error: OSError, kind: str) -> None:
    assert own_database.explained(error, {"passwd": "s3cret"})["kind"] == kind


def test_a_name_without_an_address_differs_from_a_server_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = socket.gaierror(-2, "Name or service not known")
    error = OSError(2003, "Can't connect to MySQL server on 'db' ([Errno -2] Name or service not known)")
    error.original_exception = unknown  # type: ignore[attr-defined]
    assert own_database.explained(error, {"passwd": "s3cret"})["kind"] == "name"

    def page(*_: object) -> tuple[int, Any]:
        raise unknown

    monkeypatch.setattr(probe_broker, "page", page)
    assert probe_broker.management({**BROKER, "mng_port": 1})["kind"] == "name"


def test_the_password_never_comes_back_with_an_error() -> None:
    error = own_database.explained(OSError(1045, "no s3cret here"), {"passwd": "s3cret"})
    assert "s3cret" not in json.dumps(error)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A file that is as flow's is: in WAL mode, with two tables, below a directory with a difficult name."""
    folder = tmp_path / "50% a#b?c"
    folder.mkdir()
    path = folder / "flow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("pragma journal_mode = wal; create table a (x); create table b (x);")
    return path


def test_a_sqlite_file_is_counted_and_left_as_it_is(database: Path) -> None:
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}
    answer = probe_sqlite.judge(str(database))
    assert (answer["ok"], answer["engine"], answer["tables"]) == (True, "sqlite", 2)
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before


def test_each_trouble_of_a_sqlite_file_has_its_kind(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert probe_sqlite.judge(str(database.with_name("none.db")))["kind"] == "schema"
    assert probe_sqlite.judge(str(database.parent / "gone" / "flow.db"))["kind"] == "readonly"
    monkeypatch.setattr(probe_sqlite, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("pragma journal_mode = delete")
        other.execute("begin exclusive")
        assert probe_sqlite.judge(str(database))["kind"] == "locked"
    database.write_bytes(b"no database at all, of more than a hundred bytes" * 9)
    assert probe_sqlite.judge(str(database))["kind"] == "broken"


def test_an_interpreter_without_sqlite_still_reports_that_the_file_is_there(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    answer = probe_sqlite.judge(str(database))
    assert (answer["ok"], answer["tables"]) == (True, None)


BROKER = {"host": "127.0.0.1", "user": "fate", "password": "s3cret"}
RIGHTS = {"user": "fate", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}


def management(pages: dict[str, Page], seen: list[dict[str, str]] | None = None) -> dict[str, Any]:
    with serving(pages, seen) as port:
        return probe_broker.management({**BROKER, "mng_port": port})


def test_the_brokers_api_reports_tags_and_rights() -> None:
    seen: list[dict[str, str]] = []
    answer = management(
        {
            "/api/whoami": (200, {"name": "fate", "tags": ["administrator"]}),
            "/api/users/fate/permissions": (200, [RIGHTS]),
        },
        seen,
    )
    assert (answer["ok"], answer["tags"], answer["full_rights"]) == (True, ["administrator"], True)
    assert seen[0]["authorization"] == f"Basic {base64.b64encode(b'fate:s3cret').decode()}"


@pytest.mark.parametrize("rights", [[], [RIGHTS | {"vhost": "other"}], [RIGHTS | {"configure": "^$"}]])
def test_rights_that_lack_something_are_not_full(rights: list[dict[str, str]]) -> None:
    pages: dict[str, Page] = {
        "/api/whoami": (200, {"name": "fate", "tags": "administrator,other"}),
        "/api/users/fate/permissions": (200, rights),
    }
    assert management(pages)["full_rights"] is False


@pytest.mark.parametrize(
    ("page", "kind"),
    [((401, {"reason": "Login failed"}), "auth"), ((500, "oops"), "foreign"), ((503, {}), "other")],
)
def test_a_refusing_api_is_reported_with_its_kind(page: Page, kind: str) -> None:
    assert management({"/api/whoami": page})["kind"] == kind


def test_a_closed_management_port_is_refused() -> None:
    assert probe_broker.management({**BROKER, "mng_port": closed_port()})["kind"] == "refused"


class AMQPConnectionError(Exception):
    """As the driver calls it, and the next three."""


class AMQPConnectorException(Exception):
    pass


class AMQPConnectorStackTimeout(AMQPConnectorException):
    pass


class AMQPConnectorSocketConnectError(AMQPConnectorException):
    pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AMQPConnectorStackTimeout("Timeout during AMQP handshake"), "timeout"),
        (AMQPConnectorSocketConnectError(TimeoutError("TCP connection attempt timed out")), "dropped"),
        (AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "Connection refused")), "refused"),
        (AMQPConnectionError(socket.gaierror(-2, "Name or service not known")), "name"),
    ],
)
def test_each_way_in_which_a_broker_is_not_reached_has_its_kind(
    error: Exception, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(_: object) -> NoReturn:
        raise error

    driver = SimpleNamespace(
        BlockingConnection=connect,
        ConnectionParameters=SimpleNamespace,
        PlainCredentials=lambda *_: None,
        AMQPConnectionError=AMQPConnectionError,
        AMQPConnectorException=AMQPConnectorException,
        **dict.fromkeys(("ProbableAuthenticationError", "AuthenticationError"), PermissionError),
        **dict.fromkeys(("ProbableAccessDeniedError", "ConnectionClosedByBroker"), PermissionError),
    )
    monkeypatch.setattr("importlib.import_module", lambda _: driver)
    assert probe_broker.amqp({**BROKER, "port": 1})["kind"] == kind


def test_a_broker_that_only_short_questions_reach_has_a_kind_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def door(_: object, padding: int, __: float) -> dict[str, Any]:
        return {"ok": False, "kind": "timeout", "error": "no answer"} if padding else {"ok": True}

    monkeypatch.setattr(probe_broker, "amqp", door)
    monkeypatch.setattr(probe_broker, "management", door)
    settings = {"federation": {"rabbitmq": {**BROKER, "port": 1, "mng_port": 2}}}
    monkeypatch.setattr(probe_broker, "configuration", lambda path: settings if path == "conf" else {})
    answer = probe_broker.judge("conf", "table")
    assert (answer["kind"], answer["amqp"]["kind"], answer["management"]["kind"]) == ("large", "large", "large")
    assert answer["amqp"]["where"] == "127.0.0.1:1"
