"""Each fault of flow raises exactly its code, at flow, with a remedy; and its neighbours' faults explain flow's."""

from __future__ import annotations

import pytest
from component_world import (
    FLOW,
    MYSQL,
    NGINX,
    RABBITMQ,
    Change,
    findings,
    root_codes,
    say,
    service,
    set_answer,
)

from fatecloud.components.flow import check_service
from fatecloud.model.remedy import Ask, Run, immediate

API, DATABASE, BROKER, JOBS, SCHEDULE = (
    f"{FLOW}:flow.{name}" for name in ("api", "database", "broker", "jobs", "schedule")
)


def test_what_is_wrong_with_the_own_proxy_alone_explains_that_it_is_not_reached() -> None:
    (finding,) = findings(say(f"{FLOW}:flow.proxy", ok=False, kind="timeout", error="no answer within 5 s"))
    assert finding.about == NGINX


def refused(kind: str) -> Change:
    return say(DATABASE, ok=False, engine="mysql", kind=kind, where="127.0.0.1:3306", error=f"0 {kind}")


def broker(amqp: str | None, management: str | None, **more: object) -> Change:
    """What the broker's two doors say; None is an open door."""

    def change(answers: dict[str, dict[str, object]]) -> None:
        doors = {
            name: {"ok": False, "kind": kind, "where": "127.0.0.1:1", "error": kind}
            for name, kind in (("amqp", amqp), ("management", management))
            if kind is not None
        }
        answers[BROKER] = answers[BROKER] | doors | {"ok": False, "kind": amqp or management, "error": "no"} | more

    return change


WAITING = {"job": "j1", "role": "guest", "party": "9999", "status": "waiting", "age": 601}


def test_a_job_that_waits_too_long_is_a_warning_that_names_it() -> None:
    (finding,) = findings(set_answer(JOBS, waiting=3, jobs=[WAITING]))
    assert (finding.code, finding.severity) == ("FLOW_JOBS_WAITING", "warning")
    assert "j1" in finding.symptom
    assert "3 wait in total" in finding.symptom


@pytest.mark.parametrize("job", [WAITING | {"age": 599}, WAITING | {"status": "running"}, WAITING | {"age": None}])
def test_a_job_that_runs_or_has_just_begun_to_wait_raises_no_finding(job: dict[str, object]) -> None:
    assert findings(set_answer(JOBS, waiting=1, jobs=[job])) == []


def test_a_tick_just_inside_the_limit_raises_no_finding() -> None:
    assert findings(set_answer(SCHEDULE, age=90)) == []


def test_a_scheduler_that_is_set_to_write_no_line_is_not_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    late = set_answer(SCHEDULE, age=9000)
    assert [finding.code for finding in findings(late)] == ["FLOW_SCHEDULER_STALLED"]
    monkeypatch.setattr(check_service, "_INFO", service(FLOW).facts["log_level"] - 1)
    assert findings(late) == []


def test_a_sqlite_file_that_flow_has_yet_to_make_raises_no_finding() -> None:
    assert findings(say(DATABASE, ok=False, engine="sqlite", kind="schema", where="/x", error="does not exist")) == []


def test_a_database_that_is_down_hides_what_rests_on_it() -> None:
    rests = [set_answer(SCHEDULE, age=500), set_answer(API, providers=[]), set_answer(JOBS, waiting=1, jobs=[WAITING])]
    assert root_codes(refused("refused"), *rests) == [f"FLOW_DATABASE_REFUSED@{FLOW}"]


@pytest.mark.parametrize(
    "fault",
    [
        refused("refused"),
        refused("dropped"),
        broker("dropped", "dropped"),
        say(f"{FLOW}:flow.proxy", ok=False, kind="dropped", error="no connection within 5 s"),
    ],
)
def test_a_neighbour_that_runs_is_not_started_where_something_closes_the_way_to_it(fault: Change) -> None:
    (finding,) = findings(fault)
    acts = [remedy for remedy in finding.remedy if not (remedy.instead or (isinstance(remedy, Run) and remedy.looks))]
    assert [type(remedy) for remedy in acts] == [Ask]
    assert f"let {FLOW} connect to " in str(acts[0])


def test_a_missing_schema_explains_flow_and_the_remedy_is_the_script_of_the_database() -> None:
    found = findings(set_answer(f"{MYSQL}:mysql.admin", databases__fate_flow__schema=False), refused("schema"))
    assert [(f.code, f.caused_by) for f in found] == [
        ("MYSQL_SCHEMA_MISSING", ()),
        ("FLOW_DATABASE_SCHEMA", (f"MYSQL_SCHEMA_MISSING@{MYSQL}",)),
    ]
    # Flow makes its tables when it starts, and the apps of the parties are in them.
    for one in found:
        commands = [run.command for run in immediate(one.remedy)]
        assert commands[0].endswith("demo-eeeeee-9999-mysql/bin/objects")
        assert commands[1] == "fatecloud restart 9999/flow@a1"


def test_an_account_without_rights_explains_flow() -> None:
    known = {"ok": False, "kind": "rights", "error": "not an administrator", "tags": []}
    found = findings(set_answer(f"{RABBITMQ}:rabbitmq.admin", account=known), broker(None, "auth"))
    assert [(f.code, bool(f.caused_by)) for f in found] == [
        ("RABBITMQ_USER_RIGHTS", False),
        ("FLOW_BROKER_RIGHTS", True),
    ]


def test_a_flow_that_answers_nonsense_explains_its_proxy() -> None:
    assert root_codes(
        say(API, ok=False, stage="api", kind="foreign", error="not flow"),
        say(f"{NGINX}:nginx.upstream", ok=False, kind="foreign", status=200, error="what answers is not flow"),
    ) == [f"FLOW_API_DOWN@{FLOW}"]


def test_a_probe_that_printed_nothing_is_unknown_and_names_the_probe() -> None:
    found = findings(silent=(DATABASE,))
    assert [(f.code, f.severity) for f in found] == [("FACT_ABSENT", "unknown")]
    assert "flow.database" in found[0].symptom
