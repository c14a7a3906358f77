"""FATE-Flow 1.4.5 as it answered (fixtures/flow/v1_4, two parties on EggRoll 2.0.2), and what is made of that."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from component_world import CASES, desired, rendered, report

from fatecloud.components.flow.exchange import REFUSED, FlowApiError
from fatecloud.components.flow.v1 import probe_api
from fatecloud.components.flow.v1.proof_jobs import TOY_TASK as TASK
from fatecloud.components.flow.v1_4 import http_exchange, probe_address, probe_jobs
from fatecloud.components.flow.v1_4.api import FlowApi
from fatecloud.components.flow.v1_4.proof import toy_job
from fatecloud.components.flow.v1_4.states import HEAVY

EXAMPLE, FLOW = "eggroll-rollsite-1.4", "9999/flow@a1"
FIXTURES = Path(__file__).parent / "fixtures" / "flow" / "v1_4"
ANSWERS = {"/v1/job/query": "jobs", "/v1/job/task/query": "tasks"}
NONE = {"retcode": 101, "retmsg": "find job failed"}


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


def test_a_job_and_its_roles_are_read_from_the_rows_of_the_database() -> None:
    (row,) = recorded("/v1/job/query")["data"]
    (known,) = FlowApi(Fixed()).known(row["f_job_id"])
    assert (known.role, known.party, known.status, known.partners) == ("guest", "9999", "success", "with 10000")
    assert (known.sides, known.scheduler) == ((("guest", "9999"), ("host", "10000")), "9999")
    assert known.elapsed == pytest.approx(row["f_elapsed"] / 1000)
    (role,) = FlowApi(Fixed()).roles(row["f_job_id"])
    assert (role.role, role.party, role.status, role.ended) == ("guest", "9999", "success", True)


def test_the_tasks_of_all_parties_are_there_where_a_job_is_scheduled() -> None:
    tasks = FlowApi(Fixed()).tasks("1")
    assert {(task.task, task.role, task.party, task.status) for task in tasks} == {
        (TASK, "guest", "9999", "success"),
        (TASK, "host", "10000", "success"),
    }
    assert all(task.ended_at > task.started_at > 0 for task in tasks)


def test_nothing_found_is_an_answer() -> None:
    flow = FlowApi(Fixed(NONE))
    assert (flow.active(), flow.newest(3), flow.known("1"), flow.tasks("1")) == ((), (), (), ())
    with pytest.raises(FlowApiError):
        FlowApi(Fixed({"retcode": 100, "retmsg": "(2003, ...)"})).newest(1)


def test_there_is_no_list_so_each_state_is_asked_for_and_the_newest_come_first() -> None:
    exchange = Fixed()
    rows = FlowApi(exchange).newest(2)
    assert len(rows) == 2
    assert {body["status"] for _, body in exchange.asked} > {"running", "waiting", "success", "failed"}


def test_a_flow_that_does_not_run_has_no_active_jobs() -> None:
    def refused(*_: Any, **__: Any) -> Mapping[str, Any]:
        raise FlowApiError(REFUSED, "connection refused", "/")

    assert FlowApi(refused).active() == ()
    with pytest.raises(FlowApiError):
        FlowApi(refused).newest(1)


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
