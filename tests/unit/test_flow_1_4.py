"""FATE-Flow 1.4.5 as it answered (fixtures/flow/v1_4, two parties on EggRoll 2.0.2), and what is made of that."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from component_world import CASES, desired, rendered, report, set_answer

from fatecloud.components.flow.exchange import REFUSED, Exchange, FlowApiError
from fatecloud.components.flow.v1 import probe_api
from fatecloud.components.flow.v1.proof_jobs import TOY_TASK as TASK
from fatecloud.components.flow.v1_4 import http_exchange, newest_jobs, probe_address, probe_jobs, probe_schedule
from fatecloud.components.flow.v1_4.api import FlowApi
from fatecloud.components.flow.v1_4.proof import toy_job
from fatecloud.components.flow.v1_4.states import HEAVY
from fatecloud.model.jobs import Attempt

EXAMPLE, FLOW = "eggroll-rollsite-1.4", "9999/flow@a1"
FIXTURES = Path(__file__).parent / "fixtures" / "flow" / "v1_4"
ANSWERS = {"/v1/job/query": "jobs", "/v1/job/task/query": "tasks"}
NONE = {"retcode": 101, "retmsg": "find job failed"}


def test_it_is_not_asked_for_logs_that_only_later_flows_give_out() -> None:
    flow = Fixed()
    given = api(flow)
    found = given.attempt("1", "guest", "9999"), given.blamed("1", "guest", "9999"), given.refused("1", "guest", "9999")
    assert (found, flow.asked) == ((Attempt(), ("", "", ""), ""), [])


def test_the_remedy_for_a_nodemanager_that_does_not_answer_leaves_the_clustermanager_alone() -> None:
    (case,) = [case for case in CASES if case.file.stem == "FLOW_COMPUTING_DOWN.a-nodemanager-of-1-4"]
    (finding,) = report(case.change, example=EXAMPLE).findings
    worker = finding.about
    assert worker.partition("/")[2].startswith("nodemanager@")
    commands = [str(one) for one in finding.remedy]
    assert [one for one in commands if "fatecloud restart" in one] == [f"or: fatecloud restart {worker}"]
    assert not [one for one in commands if "clustermanager" in one]


def recorded(path: str) -> dict[str, Any]:
    return dict(json.loads((FIXTURES / f"{ANSWERS[path]}.json").read_text()))


class Fixed:
    """A flow with one answer, or with the recorded ones."""

    def __init__(self, envelope: Mapping[str, Any] | None = None) -> None:
        self.envelope = envelope
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, method: str, path: str, **given: Any) -> Mapping[str, Any]:
        assert method == "POST"
        self.asked.append((path, given["body"]))
        return recorded(path) if self.envelope is None else self.envelope


def api(exchange: Exchange) -> FlowApi:
    return FlowApi(exchange, exchange, "/jobs")


def test_a_job_and_its_roles_are_read_from_the_rows_of_the_database() -> None:
    (row,) = recorded("/v1/job/query")["data"]
    (known,) = api(Fixed()).known(row["f_job_id"])
    assert (known.role, known.party, known.status, known.partners) == ("guest", "9999", "success", "with 10000")
    assert (known.sides, known.scheduler) == ((("guest", "9999"), ("host", "10000")), "9999")
    assert known.elapsed == pytest.approx(row["f_elapsed"] / 1000)
    (role,) = api(Fixed()).roles(row["f_job_id"])
    assert (role.role, role.party, role.status, role.ended) == ("guest", "9999", "success", True)


def test_the_tasks_of_all_parties_are_there_where_a_job_is_scheduled() -> None:
    tasks = api(Fixed()).tasks("1")
    assert {(task.task, task.role, task.party, task.status) for task in tasks} == {
        (TASK, "guest", "9999", "success"),
        (TASK, "host", "10000", "success"),
    }
    assert all(task.ended_at > task.started_at > 0 for task in tasks)


def test_nothing_found_is_an_answer() -> None:
    flow = api(Fixed(NONE))
    assert (flow.active(), flow.known("1"), flow.tasks("1")) == ((), (), ())
    with pytest.raises(FlowApiError):
        api(Fixed({"retcode": 100, "retmsg": "(2003, ...)"})).active()


def test_open_jobs_are_asked_for_by_their_status() -> None:
    exchange = Fixed()
    assert len(api(exchange).active()) == 2
    assert [body["status"] for _, body in exchange.asked] == ["running", "waiting"]


class Flow:
    """One that answers on the node about single jobs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any] | None = None) -> None:
        self.asked: list[str] = []
        self._answer = answer
        monkeypatch.setattr(newest_jobs, "exchange", self)

    def __call__(self, request: Mapping[str, Any], _limit: int) -> dict[str, Any]:
        job = request["body"]["job_id"]
        self.asked.append(job)
        if self._answer is not None:
            return dict(self._answer)
        (row,) = recorded("/v1/job/query")["data"]
        body = (
            NONE if job == "0" else {"retcode": 0, "data": [{**row, "f_job_id": job, "f_create_time": int(job[-2:])}]}
        )
        return {"status": 200, "body": body}


def newest_in(directory: Path, rows: int, timeout: float = 20.0) -> dict[str, Any]:
    query, body = {"directory": str(directory)}, {"rows": rows}
    return newest_jobs.newest({"url": "http://h/v1/job/query", "query": query, "body": body, "timeout": timeout})


def jobs_in(directory: Path, count: int) -> list[str]:
    jobs = [f"2026113010000000000{number:02}" for number in range(1, count + 1)]
    for job in jobs:
        (directory / job).mkdir()
    (directory / "fate_flow").mkdir()
    return jobs


def test_only_the_newest_jobs_are_read_however_many_there_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question for all with a status would fetch each job that ever was, with its whole description."""
    jobs, flow = jobs_in(tmp_path, 20), Flow(monkeypatch)
    answer = newest_in(tmp_path, 3)
    assert flow.asked == jobs[:-4:-1]
    assert not any(name in row for row in answer["body"]["data"] for name in HEAVY)
    assert [row.job for row in api(Fixed(answer["body"])).newest(2)] == [jobs[-1], jobs[-2]]


def test_a_flow_without_jobs_is_asked_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = Flow(monkeypatch)
    for directory in (tmp_path, tmp_path / "absent"):
        assert newest_in(directory, 3) == {"status": 200, "body": {"retcode": 0, "data": []}}
    assert flow.asked == ["0", "0"]
    refused = {"error": "connection refused", "refused": True}
    Flow(monkeypatch, refused)
    assert newest_in(tmp_path, 3) == refused


def test_an_error_of_the_database_differs_from_an_empty_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs_in(tmp_path, 2)
    Flow(monkeypatch, {"status": 200, "body": {"retcode": 100, "retmsg": "(2003, ...)"}})
    assert "2003" in newest_in(tmp_path, 3)["error"]


def test_a_slow_flow_gives_the_newest_that_there_is_time_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, flow, now = jobs_in(tmp_path, 9), Flow(monkeypatch), iter(range(0, 900, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    rows = newest_in(tmp_path, 9, timeout=25)["body"]["data"]
    assert [row["f_job_id"] for row in rows] == flow.asked == jobs[:-3:-1]


def test_a_flow_that_does_not_run_has_no_active_jobs() -> None:
    def refused(*_: Any, **__: Any) -> Mapping[str, Any]:
        raise FlowApiError(REFUSED, "connection refused", "/")

    assert api(refused).active() == ()
    with pytest.raises(FlowApiError):
        api(refused).newest(1)


def test_descriptions_of_jobs_stay_on_the_node() -> None:
    answer: dict[str, Any] = {"status": 200, "body": recorded("/v1/job/query")}
    assert any(name in answer["body"]["data"][0] for name in HEAVY)
    assert not any(name in http_exchange.lightened(answer)["body"]["data"][0] for name in HEAVY)
    others: tuple[dict[str, Any], ...] = (
        *({"error": "no"}, {"body": []}, {"body": {"data": {"f_dsl": 1}}}),
        {"body": {"data": [None, "f_dsl", ["f_dsl"]]}},
    )
    for other in others:
        assert http_exchange.lightened(dict(other)) == other


def test_a_database_without_jobs_works(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"code": 0, "message": "", "data": {"FATE": "1.4.5"}, "seconds": 0.0}

    def ask(_host: str, _port: int, path: str, *_: Any) -> dict[str, Any]:
        return said if "version" in path else {**said, "code": 101, "message": "find job failed", "data": None}

    monkeypatch.setattr(probe_api, "ask", ask)
    assert probe_api.judge("h", 1, nothing=101)["stage"] == "ready"
    assert probe_api.judge("h", 1)["ok"] is False


def test_open_jobs_are_counted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = recorded("/v1/job/query")["data"]

    def ask(_host: str, _port: int, _path: str, body: Mapping[str, Any], _seconds: float) -> dict[str, Any]:
        if body["status"] == "waiting":
            return {"code": 101, "message": "find job failed", "data": None}
        return {"code": 0, "message": "success", "data": rows}

    monkeypatch.setattr(probe_jobs, "ask", ask)
    found = probe_jobs.judge("h", 1)
    assert (found["ok"], found["running"], found["waiting"]) == (True, 1, 0)
    (job,) = found["jobs"]
    assert (job["role"], job["party"], job["partners"]) == ("guest", "9999", ["10000"])


def logged(age: float, message: str) -> str:
    """A line as flow 1.4 writes it."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - age))
    return f"[INFO] [{stamp},123] [4711:140] - dag_scheduler.py[line:97]: {message}\n"


DETECTED, BEAT = "finish detect running job", "start run queue_2, total num 0"


def schedule(folder: Path, detect: str, stat: str, **older: str) -> dict[str, Any]:
    (folder / "fate_flow_detect.log").write_text(detect)
    (folder / "fate_flow_stat.log").write_text(stat)
    for day, text in older.items():
        (folder / f"fate_flow_stat.log.2026-11-{day.removeprefix('d')}").write_text(text)
    return probe_schedule.judge(str(folder), lambda _: None)


def test_the_detector_alone_does_not_show_that_the_scheduler_works(tmp_path: Path) -> None:
    detect = logged(1, DETECTED)
    assert 99 <= schedule(tmp_path, detect, logged(100, BEAT) + logged(0, "lock mysql"))["age"] <= 103
    assert 899 <= schedule(tmp_path, detect, logged(900, BEAT) + logged(0, "lock mysql"))["age"] <= 903
    assert schedule(tmp_path, detect, logged(0, "lock mysql"))["kind"] == "empty"
    assert schedule(tmp_path, "", logged(1, BEAT))["kind"] == "empty"
    (tmp_path / "fate_flow_detect.log").write_text(detect)
    (tmp_path / "fate_flow_stat.log").unlink()
    assert probe_schedule.judge(str(tmp_path), lambda _: None)["kind"] == "absent"


def test_a_detector_without_new_lines_is_late_as_well(tmp_path: Path) -> None:
    assert schedule(tmp_path, logged(900, DETECTED), logged(901, BEAT))["age"] >= 899


def test_the_schedulers_line_may_be_in_the_file_of_the_day_before(tmp_path: Path) -> None:
    stat = logged(0, "lock mysql")
    found = schedule(tmp_path, logged(1, DETECTED), stat, d29=logged(90000, BEAT), d30=logged(60, BEAT))
    assert 59 <= found["age"] <= 63


def test_another_time_zone_of_flow_makes_no_line_late(tmp_path: Path) -> None:
    detect, stat = tmp_path / "fate_flow_detect.log", tmp_path / "fate_flow_stat.log"
    detect.write_text(logged(7201, DETECTED))
    stat.write_text(logged(7200 + 60, BEAT))

    def tick(_: float) -> None:
        with detect.open("a") as stream:
            stream.write(logged(7200, DETECTED))

    assert 59 <= probe_schedule.judge(str(tmp_path), tick)["age"] <= 61


def test_the_first_line_after_a_start_is_waited_for(tmp_path: Path) -> None:
    stat = tmp_path / "fate_flow_stat.log"
    (tmp_path / "fate_flow_detect.log").write_text(logged(1, DETECTED))
    stat.write_text(logged(900, BEAT))

    def tick(_: float) -> None:
        stat.write_text(logged(900, BEAT) + logged(0, BEAT))

    assert probe_schedule.judge(str(tmp_path), tick)["age"] <= 3


@pytest.mark.parametrize(("age", "found"), [(0, 0), (130, 0), (299, 0), (301, 1)])
def test_two_lines_of_the_scheduler_have_to_be_missing(age: int, found: int) -> None:
    seen = report(set_answer(f"{FLOW}:flow.schedule", age=age), example=EXAMPLE)
    assert [one.code for one in seen.findings] == ["FLOW_SCHEDULER_STALLED"] * found


@pytest.mark.parametrize(
    ("address", "networks", "kind"),
    [
        ("127.0.0.9", [], None),
        ("127.0.0.9", ["127.0.0.0/8", "::1/128"], None),
        ("127.0.0.9", ["192.0.2.11/32"], "dropped"),
        ("203.0.113.9", [], "foreign"),
        (None, [], "name"),
    ],
)
def test_the_address_at_which_flow_asks_itself_is_tried(
    monkeypatch: pytest.MonkeyPatch, address: str | None, networks: list[str], kind: str | None
) -> None:
    def resolved(_name: str) -> str:
        if address is None:
            raise socket.gaierror(-2, "Name or service not known")
        return address

    monkeypatch.setattr(socket, "gethostbyname", resolved)
    monkeypatch.setattr(probe_address, "CARDS", ())
    assert probe_address.judge(networks).get("kind") == kind


@pytest.mark.parametrize(
    "error", [OSError(24, "Too many open files"), UnicodeError("label too long"), socket.herror(1)]
)
def test_a_name_that_cannot_be_looked_up_has_no_address(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def resolved(_name: str) -> str:
        raise error

    monkeypatch.setattr(socket, "gethostbyname", resolved)
    answer = probe_address.judge([])
    assert (answer["kind"], "has no address" in answer["error"]) == ("name", True)


def test_a_loopback_address_gives_way_to_that_of_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "127.0.1.1")
    monkeypatch.setattr(probe_address, "CARDS", ("none0", "lo"))
    assert probe_address.judge([])["address"] == "127.0.0.1"


def test_it_gets_its_own_settings_and_none_of_upstreams() -> None:
    base = "trees/fate/python/arch/conf"
    conf = yaml.safe_load(rendered(FLOW, EXAMPLE)[f"{base}/base_conf.yaml"].text.replace("@@", ""))
    assert (conf["work_mode"], conf["fate_flow"]) == (1, {"host": "0.0.0.0", "http_port": 9380, "grpc_port": 9360})  # noqa: S104
    assert conf["database"]["name"] == "fate_flow"
    servers = json.loads(rendered(FLOW, EXAMPLE)[f"{base}/server_conf.json"].text)["servers"]
    assert servers["proxy"] == {"host": "127.0.0.1", "port": 9370}


def test_it_finds_its_tasks_interpreter_and_waits_for_the_nodemanagers() -> None:
    process = desired(EXAMPLE).services[FLOW].process
    assert process.environment["PATH"].startswith(f"{desired(EXAMPLE).services[FLOW].home}/venv/bin:")
    # It comes up with a session, in which each nodemanager has an egg.
    targets = {edge.target for edge in desired(EXAMPLE).services[FLOW].edges if edge.hard}
    assert {"9999/clustermanager@a1", "9999/nodemanager@a1", "9999/rollsite@a1", "9999/mysql@a1"} == targets


def test_the_toy_has_what_flow_1_4_asks_for() -> None:
    conf = toy_job("9999", "10000")["job_runtime_conf"]
    assert conf["job_parameters"]["work_mode"] == 1
    assert conf["role"] == {"guest": [9999], "host": [10000]}
    assert conf["role_parameters"]["host"] == {TASK: {"seed": [321]}}


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        ("sys.exit('no database')", 1, "no database\n"),
        ("sys.exit(['no', 'database'])", 1, "['no', 'database']\n"),
        ("sys.exit(7)", 7, ""),
        ("sys.exit()", 0, ""),
        ("pass", 1, ""),
    ],
)
def test_the_end_of_flow_is_that_of_its_own_program(tmp_path: Path, ending: str, status: int, said: str) -> None:
    """It also ends where a thread of flow's does not."""
    program, serve = tmp_path / "server.py", tmp_path / "serve.py"
    program.write_text(f"import sys, threading\nthreading.Thread(target=threading.Event().wait).start()\n{ending}\n")
    serve.write_text(rendered(FLOW, EXAMPLE)["bin/serve.py"].text)
    done = subprocess.run([sys.executable, serve, program], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (status, said)
