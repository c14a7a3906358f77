"""FATE-Flow 1.11 as it answered (fixtures/flow/v1, two parties on EggRoll 2.5.3), and what is made of its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from component_world import desired, rendered, report

from fatecloud.components.flow.exchange import REFUSED, FlowApiError
from fatecloud.components.flow.proof_figures import auc, losses, shared
from fatecloud.components.flow.v1 import asking, http_exchange, probe_api, probe_jobs
from fatecloud.components.flow.v1.api import FlowApi
from fatecloud.components.flow.v1.proof_jobs import (
    EVALUATION_TASK,
    LR_TASK,
    PSI_TASK,
    TOY_TASK,
    lr_job,
    psi_job,
    toy_job,
    upload_request,
)
from fatecloud.components.flow.v1.version_question import judged
from fatecloud.render.placeholders import names
from fatecloud.workflow.prove import proofs

EXAMPLE, FLOW = "eggroll-rollsite", "9999/flow@a1"
JOB = "202611302014238411720"
FIXTURES = Path(__file__).parent / "fixtures" / "flow" / "v1"
ANSWERS = {
    "/v1/job/query": "jobs",
    "/v1/job/task/query": "tasks",
    "/v1/job/list/job": "list",
}


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


def test_jobs_and_their_roles_are_read_from_the_list_and_from_the_database_rows_alike() -> None:
    flow = FlowApi(Fixed())
    newest, *_ = flow.newest(2)
    (known,) = flow.known(JOB)
    assert newest == known
    assert (known.job, known.role, known.party, known.status) == (JOB, "guest", "9999", "success")
    assert (known.partners, known.scheduler, known.progress, known.cores) == ("with 10000", "9999", 100, 1)
    assert known.elapsed == pytest.approx(14.318)
    (role,) = flow.roles(JOB)
    assert (role.role, role.party, role.status, role.ended) == ("guest", "9999", "success", True)


def test_a_job_that_never_got_its_cores_says_in_its_parameters_what_it_asks_for() -> None:
    asked = {"adaptation_parameters": {"task_cores_per_node": 4, "task_nodes": 2}, "task_parallelism": 1}
    row = recorded("/v1/job/query")["data"][0] | {
        "f_status": "waiting",
        "f_cores": 0,
        "f_runtime_conf_on_party": {"job_parameters": asked},
    }
    rows = [row, row | {"f_role": "arbiter"}]
    assert [one.cores for one in FlowApi(Fixed({"retcode": 0, "data": rows})).known(JOB)] == [8, 0]
    assert [one.cores for one in FlowApi(Fixed({"retcode": 0, "data": rows})).roles(JOB)] == [8, 0]


def test_the_tasks_of_other_parties_are_left_out_because_some_of_their_columns_never_change() -> None:
    rows = recorded("/v1/job/task/query")["data"]
    assert [(row["f_party_id"], row["f_status"]) for row in rows] == [("9999", "success"), ("10000", "waiting")]
    (task,) = FlowApi(Fixed()).tasks(JOB)
    assert (task.task, task.party, task.status, task.error) == (TOY_TASK, "9999", "success", "")
    assert task.logs.endswith(f"/{JOB}/guest/9999/{TOY_TASK}")
    assert task.ended_at > task.started_at > 0


def test_nothing_found_is_an_answer_and_a_database_that_is_down_is_none() -> None:
    assert FlowApi(Fixed({"retcode": 101, "retmsg": "find task failed"})).tasks("1") == ()
    assert FlowApi(Fixed({"retcode": 0, "retmsg": "no job could be found", "data": []})).roles("1") == ()
    for ask in (FlowApi(Fixed({"retcode": 100, "retmsg": "2003"})).roles, FlowApi(Fixed({"x": 1})).tasks):
        with pytest.raises(FlowApiError):
            ask("1")


def test_a_job_that_was_not_taken_is_named_all_the_same() -> None:
    flow = FlowApi(Fixed({"jobId": JOB, "retcode": 103, "retmsg": "Traceback ...\nException: create job failed\n"}))
    with pytest.raises(FlowApiError) as raised:
        flow.submit(toy_job("9999", "10000"))
    assert raised.value.job == JOB


def test_a_job_that_is_not_known_is_not_cleaned() -> None:
    """Flow answers a question about one with an error of the program."""
    exchange = Fixed({"retcode": 0, "data": []})
    FlowApi(exchange).clean("1")
    assert [path for path, _ in exchange.asked] == ["/v1/job/query"]


def test_a_flow_that_does_not_run_has_no_active_jobs() -> None:
    def refused(*_: Any, **__: Any) -> Mapping[str, Any]:
        raise FlowApiError(REFUSED, "connection refused", "/")

    assert FlowApi(refused).active() == ()
    with pytest.raises(FlowApiError):
        FlowApi(refused).newest(1)


@pytest.mark.parametrize(
    "data", [None, 7, "x", [None], [7], {}, {"jobs": 7}, {"jobs": [{}]}, [{"f_job_id": 1}]], ids=str
)
def test_an_answer_of_another_form_is_an_error_and_no_crash(data: Any) -> None:
    flow = FlowApi(Fixed({"retcode": 0, "data": data}))
    asks = (
        flow.active,
        lambda: flow.newest(1),
        lambda: flow.known("1"),
        lambda: flow.tasks("1"),
        lambda: flow.submit({}),
        lambda: flow.upload({}),
        lambda: flow.measures("1", "host", "1", "t"),
        lambda: flow.attempt("1", "host", "1"),
        lambda: flow.blamed("1", "host", "1"),
        lambda: flow.refused("1", "host", "1"),
        lambda: flow.table_exists("n", "t"),
    )
    for ask in asks:
        with suppress(FlowApiError):
            ask()


def test_the_toy_has_ids_of_parties_as_numbers_and_the_partys_own_cores() -> None:
    conf = toy_job("9999", "10000")["job_runtime_conf"]
    assert conf["role"] == {"guest": [9999], "host": [10000]}
    assert conf["initiator"] == {"role": "guest", "party_id": 9999}
    assert conf["job_parameters"] == {"common": {}}


@pytest.mark.parametrize(
    ("side", "found"),
    [
        ("guest evaluation_0", [("auc", "hetero_lr_0 train", None, 0.956719)]),
        ("arbiter hetero_lr_0", [("loss", "train", 0, 0.6931471805599453), ("loss", "train", 1, 0.6794529063466249)]),
        ("local upload_0", [("count", "data_access upload", None, 200)]),
        ("guest reader_0", []),
    ],
)
def test_what_the_tasks_of_a_real_lr_recorded(side: str, found: list[Any]) -> None:
    answer, (role, task) = json.loads((FIXTURES / "metrics.json").read_text())[side], side.split()
    measures = FlowApi(Fixed(answer)).measures(JOB, role, "9999", task)
    assert [(one.name, one.of, one.step, one.value) for one in measures] == found


def test_the_figures_of_the_smoke_tests_are_in_it() -> None:
    answers = json.loads((FIXTURES / "metrics.json").read_text())
    assert shared(FlowApi(Fixed(answers["guest intersection_0"])).measures(JOB, "guest", "9999", PSI_TASK)) == 160
    assert losses(FlowApi(Fixed(answers["arbiter hetero_lr_0"])).measures(JOB, "arbiter", "9999", LR_TASK))[0] > 0.69
    assert (
        auc(FlowApi(Fixed(answers["guest evaluation_0"])).measures(JOB, "guest", "9999", EVALUATION_TASK)) == 0.956719
    )


def test_curves_and_what_is_not_a_number_are_left_out() -> None:
    curve = {"data": [[0.1, 0.2]], "meta": {"metric_type": "ROC_EVALUATION"}}
    odd = {"data": [["a", None], ["b", True], [7, 1.0], ["c", 2]], "meta": {}}
    found = FlowApi(Fixed({"retcode": 0, "data": {"train": {"roc": curve, "x": odd}}})).measures("1", "guest", "1", "t")
    assert [(one.name, one.value) for one in found] == [("c", 2.0)]
    assert FlowApi(Fixed({"retcode": 0, "retmsg": "no data", "data": {}})).measures("1", "guest", "1", "t") == ()


TABLES: dict[Any, str] = {"guest": "g", "host": "h"}


def test_jobs_on_data_read_the_tables_of_both_sides_and_the_label_of_the_guest() -> None:
    conf = psi_job("9999", "10000", TABLES)["job_runtime_conf"]
    sides = {role: given["0"] for role, given in conf["component_parameters"]["role"].items()}
    assert {role: given["reader_0"]["table"]["name"] for role, given in sides.items()} == TABLES
    assert {role: given["data_transform_0"]["with_label"] for role, given in sides.items()} == {
        "guest": True,
        "host": False,
    }
    components = lr_job("9999", "10000", "10000", TABLES)["job_dsl"]["components"]
    made = {f"{name}.data" for name in components}
    used = {
        one for part in components.values() for ones in part.get("input", {}).get("data", {}).values() for one in ones
    }
    assert used < made
    assert lr_job("9999", "10000", "10000", TABLES)["job_runtime_conf"]["role"]["arbiter"] == [10000]
    assert upload_request("guest", "/d/a.csv", "t")["use_local_data"] == 0


def test_an_upload_that_was_not_taken_is_an_error_although_its_envelope_says_success() -> None:
    refused = {"retcode": 0, "jobId": JOB, "data": {"code": 103, "message": "Traceback ...\nValueError: x\n"}}
    with pytest.raises(FlowApiError, match="ValueError: x") as raised:
        FlowApi(Fixed(refused)).upload({})
    assert raised.value.job == JOB
    assert FlowApi(Fixed({"retcode": 0, "jobId": JOB, "data": {"code": 0, "message": "success"}})).upload({}) == JOB


def test_a_table_that_is_gone_is_an_answer() -> None:
    assert not FlowApi(Fixed({"retcode": 0, "data": {"exist": 0}})).table_exists("n", "t")
    assert FlowApi(Fixed({"retcode": 0, "data": {"exist": 1}})).table_exists("n", "t")
    FlowApi(Fixed({"retcode": 101, "retmsg": "no find table"})).delete_table("n", "t")


def test_only_the_end_of_a_log_is_read_and_its_path_is_an_id_alone() -> None:
    """Flow makes the path a part of a command of a shell."""
    asked: list[Any] = []

    def flow(_method: str, path: str, **given: Any) -> Mapping[str, Any]:
        asked.append((path, given["body"]))
        content = [{"line_num": 1, "content": "[ERROR] [x] [y] [z] - [a] [line:1]: no cores"}]
        return {"retcode": 0, "data": {"size": 18000} if path == "/v1/log/size" else content}

    assert FlowApi(flow).refused("1", "guest", "9999") == "no cores"
    assert [path for path, _ in asked] == ["/v1/log/size", *["/v1/log/cat"] * 4]
    assert asked[1][1] == {"log_type": "jobScheduleError", "job_id": "1", "begin": 14001, "end": 15000}
    assert [body["begin"] for _, body in asked[2:]] == [15001, 16001, 17001], "an answer of all lines would be too long"
    asked.clear()
    assert FlowApi(flow).refused("1; reboot", "guest", "9999") == ""
    assert asked == []


VERSION = {"data": {"API": "v1", "FATE": "1.11.4"}, "retcode": 0, "retmsg": "success"}


def answering(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, Any]) -> None:
    def ask(_host: str, _port: int, path: str, _body: Any, _timeout: float) -> dict[str, Any]:
        given = answers[path]
        if "kind" in given:
            return {**given, "seconds": 0.1}
        return {"code": given["retcode"], "message": given["retmsg"], "data": given.get("data"), "seconds": 0.1}

    monkeypatch.setattr(probe_api, "ask", ask)
    monkeypatch.setattr(probe_jobs, "ask", ask)


@pytest.mark.parametrize(
    ("jobs", "stage", "kind"),
    [
        ({"retcode": 0, "retmsg": "no job could be found", "data": []}, "ready", None),
        ({"retcode": 100, "retmsg": "2003"}, "database", "refused"),
        ({"retcode": 100, "retmsg": '(1045, "Access denied")'}, "database", "auth"),
        ({"retcode": 100, "retmsg": "(1146, \"Table 'fate_flow.t_job' doesn't exist\")"}, "database", "schema"),
        ({"retcode": 100, "retmsg": "OperationalError(2006, 'MySQL server has gone away')"}, "database", "lost"),
        ({"retcode": 100, "retmsg": "ProgrammingError('(1146, \"no table\")')"}, "database", "schema"),
        # The same digits elsewhere say nothing of its database.
        ({"retcode": 100, "retmsg": "KeyError('2003')"}, "database", "other"),
        ({"retcode": 100, "retmsg": "job 202611302003123 (2013, of party 1045) is gone"}, "database", "other"),
        ({"kind": "timeout", "error": "no answer"}, "database", "database-timeout"),
    ],
)
def test_its_api_answers_from_memory_and_then_from_its_database(
    monkeypatch: pytest.MonkeyPatch, jobs: Mapping[str, Any], stage: str, kind: str | None
) -> None:
    answering(monkeypatch, {"/v1/version/get": VERSION, "/v1/job/query": jobs})
    answer = probe_api.judge("h", 1)
    assert (answer["ok"], answer["stage"], answer.get("kind"), answer["version"]) == (
        kind is None,
        stage,
        kind,
        "1.11.4",
    )


def test_jobs_that_have_not_ended_are_counted_by_their_status(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {probe_jobs.LIST: recorded(probe_jobs.LIST)})
    answer = probe_jobs.judge("h", 1)
    # The recorded list, for each status.
    assert answer["running"] == answer["waiting"] > 0
    assert {job["job"] for job in answer["jobs"]} >= {JOB}
    assert answer["jobs"][0]["partners"] == ["10000"]
    answering(monkeypatch, {probe_jobs.LIST: {"retcode": 400, "retmsg": "Invalid parameter 'status'."}})
    assert probe_jobs.judge("h", 1)["kind"] == "unavailable"


def test_an_answer_to_the_question_for_its_version_is_flows_alone() -> None:
    assert judged(json.dumps(VERSION).encode()) == {"ok": True, "version": "1.11.4"}
    assert judged(b'{"retcode": 404, "retmsg": "unknown module"}')["kind"] == "code"
    for body in (b"", b"[]", b'{"code": 0}', b"\xff", b'{"retcode": null}'):
        assert judged(body)["kind"] == "foreign"


def test_an_exchange_is_one_post_and_a_refused_one_has_a_kind_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def posted(host: str, port: int, path: str, body: bytes, **_: Any) -> tuple[int, str, bytes]:
        seen.append((host, port, path, json.loads(body)))
        return 200, "OK", b'{"retcode": 0}'

    monkeypatch.setattr(http_exchange, "post", posted)
    request = {"method": "POST", "url": "http://127.0.0.1:9380/v1/job/query", "body": {"job_id": "1"}}
    assert http_exchange.exchange(request) == {"status": 200, "body": {"retcode": 0}}
    assert seen == [("127.0.0.1", 9380, "/v1/job/query", {"job_id": "1"})]

    def refused(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(http_exchange, "post", refused)
    assert http_exchange.exchange(request)["refused"] is True


def test_an_answer_too_deep_to_read_is_not_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(*_: Any, **__: Any) -> tuple[int, str, bytes]:
        return 200, "OK", b"[" * 100_000

    monkeypatch.setattr(http_exchange, "post", deep)
    monkeypatch.setattr(asking, "post", deep)
    assert "without JSON" in http_exchange.exchange({"url": "http://127.0.0.1:9380/v1/job/query"})["error"]
    assert asking.ask("127.0.0.1", 9380, "/v1/job/query", {}, 1.0)["kind"] == "foreign"


def test_flow_carries_its_data_by_eggroll_and_says_where_rollsite_is() -> None:
    conf = yaml.safe_load(rendered(FLOW, EXAMPLE)["conf/service_conf.yaml"].text.replace("@@", "'"))
    # `rollsite` in this place ends flow at its start.
    assert conf["default_engines"] == {"computing": "eggroll", "federation": "eggroll", "storage": "eggroll"}
    assert conf["fateflow"]["proxy"] == "rollsite"
    assert conf["fate_on_eggroll"]["rollsite"] == {"host": "127.0.0.1", "port": 9370}
    # Without it, flow answers with an error to each job that it takes.
    assert conf["fateboard"]["host"]


def test_flow_and_eggs_find_fate_below_their_own_homes() -> None:
    for key in (FLOW, "9999/nodemanager@a1"):
        service = desired(EXAMPLE).services[key]
        environment = service.process.environment
        assert environment["FATE_PROJECT_BASE"] == service.home
        assert {environment[name] for name in ("FATE_BASE", "FATE_FLOW_BASE")} == {
            f"{service.home}/trees/fate",
            f"{service.home}/trees/fateflow",
        }
        assert "FATEFlow=1.11.2" in rendered(key, EXAMPLE)["fate.env"].text
    path = desired(EXAMPLE).services[FLOW].process.environment["PYTHONPATH"]
    assert [part.rsplit("/", 2)[1] for part in path.split(":")] == ["fate", "fateflow", "eggroll"]


def test_eggs_read_settings_of_fate_without_a_database() -> None:
    text = rendered("9999/nodemanager@a1", EXAMPLE)["conf/service_conf.yaml"].text
    assert names(text) == set()
    assert yaml.safe_load(text)["database"] == {"name": "none", "passwd": ""}


def test_what_flow_leaves_open_is_said_with_its_passwords() -> None:
    (found,) = [one for one in report(example=EXAMPLE).exposures if str(one.subject) == FLOW]
    assert found.code == "EXPOSURE_FLOW_AUTH"
    assert found.severity == "exposure"
    assert "partners, at their addresses," in found.symptom
    assert "passwords" in found.symptom


def test_its_smoke_tests_are_those_of_its_own_generation() -> None:
    """The newest one's would speak another API."""
    offered = proofs(desired("eggroll-rollsite"))
    assert set(offered) == {"egg", "toy", "psi", "lr"}
    assert ".v1." in offered["toy"][0].run
    newer = proofs(desired("eggroll"))
    assert set(newer) == {"egg", "toy", "psi", "lr"}
    assert ".v2." in newer["toy"][0].run
    assert ".v1." in offered["lr"][0].run
