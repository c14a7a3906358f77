import json
from typing import Any

from flow_replay import FIXTURES

from fatecloud.components.flow.tracebacks import last_error, refusal
from fatecloud.components.flow.v2.answers import job_rows, roles_of, tasks_of


def recorded(name: str, key: str) -> Any:
    """The last answer to a question in a recording that still had data."""
    runs = json.loads((FIXTURES / f"{name}.json").read_text())
    found = next(value for path, value in runs.items() if path.startswith(key))
    return [run["answer"]["data"] for run in found if run["answer"].get("data")][-1]


def test_the_error_of_a_chained_traceback_with_a_message_of_several_lines() -> None:
    tasks = tasks_of(recorded("toyfail", "GET /v2/job/task/query"))
    assert last_error(tasks[0].report) == (
        "fate.components.core.component_desc._parameter.ComponentParameterApplyError: apply value `-1` to parameter "
        "`data_num` failed: 1 validation error for ParsingModel[ConstrainedIntValue]"
    )
    assert tasks[0].failed
    assert tasks[0].logs.startswith("/srv/fate/flow/logs/")
    assert tasks[0].logs.endswith("/toy_0")


def test_the_error_of_a_report_without_a_traceback() -> None:
    report = 'Check failed[{"code":7001,"message":"No found table: name[t_guest],namespace[fatecloud_proof]"}\n]'
    assert last_error(report).startswith('Check failed[{"code":7001')
    assert last_error("") == ""


def test_tasks_come_in_the_order_of_their_ends_and_unfinished_ones_last() -> None:
    tasks = tasks_of(
        [
            {"task_name": name, "role": "guest", "party_id": "1", "party_status": "running", "end_time": end}
            for name, end in (("open", None), ("late", 2000), ("early", 1000))
        ]
    )
    assert [task.task for task in tasks] == ["early", "late", "open"]
    assert tasks[0].ended_at == 1.0
    assert tasks[0].logs == ""


def test_roles_of_a_running_and_of_an_ended_job() -> None:
    rows = roles_of(recorded("toy", "GET /v2/job/query"))
    assert [(row.role, row.party, row.status, row.ended) for row in rows] == [
        ("guest", "9999", "success", True),
        ("host", "9999", "success", True),
    ]
    assert all(5 < row.elapsed < 100 for row in rows)


def test_a_refused_submission_names_the_party_in_the_traceback() -> None:
    message = (
        "Traceback (most recent call last):\n"
        '  File "/srv/fate/venv/lib/python3.10/site-packages/fate_flow/scheduler/scheduler.py", line 389, in create\n'
        '    raise Exception("create job failed", response)\n'
        "Exception: ('create job failed', {'guest': {'9999': {'code': 0, 'message': 'success'}}, 'host': {'10000': "
        "{'code': 104, 'message': 'Federated schedule error, 502 Server Error: Bad Gateway for url: "
        "http://127.0.0.1:9300/v2/partner/job/create'}}})\n"
    )
    assert refusal(message) == (
        "party 10000 (host): Federated schedule error, 502 Server Error: Bad Gateway for url: "
        "http://127.0.0.1:9300/v2/partner/job/create"
    )


def test_the_traceback_of_a_party_inside_of_the_answers_is_read_to_its_error() -> None:
    inner = repr('Traceback (most recent call last):\n  File "x.py", line 1, in y\nValueError: data_num is wrong\n')
    answers = {"guest": {9999: {"retcode": 100, "retmsg": f"Exception({inner})"}}}
    assert (
        refusal(f"Exception: ('create job failed', {answers})") == "party 9999 (guest): ValueError: data_num is wrong"
    )
    odd = {"guest": {9999: {"retcode": 100, "retmsg": "Exception('a' 'b\\x')"}}}
    assert refusal(f"Exception: ('create job failed', {odd})").startswith("party 9999 (guest): Exception(")


def test_a_submission_that_fate_1_11_refused_names_the_party_as_well() -> None:
    answers = "{'guest': {9999: {'retcode': 0, 'retmsg': 'success'}}, 'host': {10000: {'retcode': 104, 'retmsg': 'x'}}}"
    assert refusal(f"Exception: ('create job failed', {answers})") == "party 10000 (host): x"


def test_a_refused_submission_in_plain_words() -> None:
    assert refusal("Federated schedule error, connection refused") == "Federated schedule error, connection refused"
    assert refusal("ValueError: (1, 2)") == "ValueError: (1, 2)"
    for deep in ("-" * 5000 + "1", "[" * 5000, "(" * 100_000):
        assert refusal(f"ValueError: {deep}") == f"ValueError: {deep}"


def test_rows_of_a_job_list() -> None:
    row = {
        "job_id": "1",
        "role": "guest",
        "party_id": "9999",
        "status": "running",
        "partners": ["10000"],
        "create_time": 1795635162160,
    }
    rows = job_rows([row, {**row, "partners": []}])
    assert rows[0].partners == "with 10000"
    assert rows[1].partners == "alone"
    assert rows[0].created == 1795635162.16


def test_a_row_of_one_job_has_its_sides_its_cores_and_its_priority() -> None:
    row = {
        "job_id": "1",
        "role": "host",
        "party_id": "10000",
        "status": "running",
        "parties": [{"role": "guest", "party_id": ["9999"]}, {"role": "host", "party_id": ["10000"]}],
        "cores": 4,
        "resource_in_use": True,
        "apply_resource_time": 1795635162160,
        "scheduler_party_id": "9999",
        "dag": {"dag": {"conf": {"priority": 3}}},
    }
    (found,) = job_rows([row])
    assert (found.sides, found.partners) == ((("guest", "9999"), ("host", "10000")), "with 9999")
    assert (found.cores, found.held, found.held_since) == (4, True, 1795635162.16)
    assert (found.scheduler, found.priority) == ("9999", 3)
