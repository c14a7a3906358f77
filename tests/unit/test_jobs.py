"""A change asks which jobs it would end, and reports services that gave no answer."""

import json
import socket
import subprocess
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from preflight_world import a_desired, a_service
from sessions import stand_in

from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.components.flow.v2.api import FlowApi
from fatecloud.components.flow.v2.job_api import flow_api
from fatecloud.errors import FatecloudError, Refused, UsageError
from fatecloud.model.duration import duration_text, seconds
from fatecloud.model.event import Event
from fatecloud.model.identity import ServiceId
from fatecloud.model.jobs import JobRunner
from fatecloud.model.observed import Fact, NodeFacts, Observed, Unreachable
from fatecloud.workflow import jobs
from fatecloud.workflow.job_runners import runners_there
from fatecloud.workflow.jobs import Answers, active_jobs, refuse_or_wait
from fatecloud.workflow.service_commands import ServiceCommands

ROW = SimpleNamespace(job="202601", role="guest", status="running", partners="host 10000", created=0.0)


class Apis:
    """Services that answer with jobs, or not at all."""

    answers: dict[str, list[Any]]

    def __init__(self, runner: JobRunner, _run: object) -> None:
        self.asked = runner.id.owner

    def active(self) -> Any:
        answer = self.answers[self.asked].pop(0)
        if isinstance(answer, FatecloudError):
            raise answer
        return answer


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    monkeypatch.setattr(jobs, "job_api", lambda _component: Apis)
    monkeypatch.setattr(jobs, "POLL", 0)
    return []


def runner(party: str, **changes: Any) -> JobRunner:
    return replace(JobRunner(ident(f"{party}/flow@a1"), "flow/v2", "/home", "http://127.0.0.1:9380"), **changes)


def ident(key: str) -> ServiceId:
    return ServiceId.parse(DESIRED.cluster.label, key)


def hit(reported: list[Event], wait: float = 0, *, interrupt: bool = False, **changes: Any) -> None:
    session: Any = SimpleNamespace(cluster=DESIRED.cluster)
    runners = (runner("1", **changes), runner("2"))
    refuse_or_wait(session, runners, interrupt=interrupt, wait=wait, events=reported.append)


def test_running_jobs_are_named_and_the_change_refused(reported: list[Event]) -> None:
    Apis.answers = {"1": [[]], "2": [[ROW]]}
    with pytest.raises(Refused, match=r"202601 \(guest of party 2"):
        hit(reported)


def test_a_job_is_counted_once_however_many_roles_and_parties_report_it(reported: list[Event]) -> None:
    others = [SimpleNamespace(**{**vars(ROW), "role": role, "status": "waiting"}) for role in ("host", "arbiter")]
    Apis.answers = {"1": [[ROW]], "2": [others]}
    with pytest.raises(Refused) as refusal:
        hit(reported)
    first, job = refusal.value.message.splitlines()
    assert first == "1 job would be interrupted:"
    assert job.startswith("  202601 (guest of party 1, host of party 2, arbiter of party 2; running for ")


def test_jobs_that_end_in_time_are_waited_for(reported: list[Event]) -> None:
    Apis.answers = {"1": [[], []], "2": [[ROW], []]}
    hit(reported, wait=60)
    assert [event.kind for event in reported] == ["wait"]


def test_a_flow_without_an_answer_is_reported_once(reported: list[Event]) -> None:
    lost = FatecloudError("no answer in 10 s")
    Apis.answers = {"1": [lost, lost], "2": [[ROW], []]}
    hit(reported, wait=60)
    notes = [event.text for event in reported if event.kind == "note"]
    assert notes == ["cannot find out whether 1/flow@a1 runs jobs: no answer in 10 s"]


def test_a_flow_that_is_down_runs_nothing_and_needs_no_note() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

        def on_node(argv: tuple[str, ...], text: bytes, _: float) -> bytes:
            return subprocess.run(argv, input=text, capture_output=True, check=True).stdout

        assert FlowApi(NodeExchange(on_node, url, "v2/http_exchange.py")).active() == ()


def test_a_flow_that_is_to_go_and_gives_no_answer_is_not_ended_unasked(reported: list[Event]) -> None:
    lost = FatecloudError("no answer in 10 s")
    Apis.answers = {"1": [lost], "2": [[]]}
    with pytest.raises(Refused, match=r"whether 1/flow@a1 runs jobs: no answer in 10 s; it would be") as refusal:
        hit(reported, leaving=True)
    assert "--interrupt-jobs" in refusal.value.remedy
    hit(reported, leaving=True, interrupt=True)


def test_a_flow_that_is_to_go_and_answers_in_time_is_waited_for(reported: list[Event]) -> None:
    Apis.answers = {"1": [FatecloudError("it starts"), []], "2": [[], []]}
    hit(reported, wait=60, leaving=True)


def test_without_a_way_to_ask_for_jobs_the_change_is_refused(reported: list[Event]) -> None:
    Apis.answers = {"1": [], "2": [[]]}
    with pytest.raises(Refused, match="does not have the address of its job API"):
        hit(reported, leaving=True, url="")


DESIRED = replace(
    a_desired(),
    services={
        "9999/flow@a2": a_service("a2", "flow", (), facts={"job_api": "http://127.0.0.1:9380"}),
        "9999/web@a1": a_service("a1", "web", ()),
    },
)
OLD = {"home": "/old", "job_api": "http://127.0.0.1:8000", "job_kind": "flow/v2"}


def there(manifests: dict[str, Any], states: dict[str, str] | None = None, parties: set[str] | None = None) -> Any:
    """The runners that nodes with these manifests have."""
    services = {key: {"state": state} for key, state in (states or {}).items()}
    nodes: dict[str, NodeFacts | Unreachable] = {
        name: NodeFacts(name, {"manifest": Fact(manifest), "services": Fact(services)}, {}, 0.1)
        for name, manifest in manifests.items()
    }
    return runners_there(DESIRED, Observed(nodes, 0.0), parties)


def test_a_flow_that_moves_is_asked_where_it_runs_and_not_where_it_will() -> None:
    record = {"services": {"9999/flow@a1": OLD, "9999/web@a1": {"home": "/web", "job_api": ""}}}
    assert there({"a1": record, "a2": None}, {"9999/flow@a1": "running"}) == (
        JobRunner(ident("9999/flow@a1"), "flow/v2", "/old", "http://127.0.0.1:8000", leaving=True),
    )
    assert there({"a1": record, "a2": None}, {"9999/flow@a1": "stopped"}) == ()


def test_a_removed_party_is_asked_when_the_change_affects_it() -> None:
    record = {"services": {"10000/flow@a1": OLD, "10000/gone@a1": {"home": "/gone", "job_api": ""}}}
    assert [r.id.key for r in there({"a1": record, "a2": {}}, parties={"10000"})] == ["10000/flow@a1"]
    assert there({"a1": record, "a2": {}}, parties={"9999"}) == ()
    unknown = {"services": {"10000/flow@a1": {"home": "/old"}}}
    assert [(r.url, r.leaving) for r in there({"a1": unknown, "a2": {}})] == [("", True)]
    homeless = {"services": {"10000/flow@a1": {"job_api": "http://127.0.0.1:8000"}}}
    assert [(r.url, r.home) for r in there({"a1": homeless, "a2": {}})] == [("", "")]


def test_a_flow_that_stays_is_asked_at_the_port_that_it_was_started_with() -> None:
    assert [r.url for r in there({"a2": {"services": {"9999/flow@a2": OLD}}})] == ["http://127.0.0.1:8000"]
    assert [r.url for r in there({"a1": {}})] == ["http://127.0.0.1:9380"]  # a2 was not read


def test_a_service_that_the_inventory_has_no_more_is_asked_by_its_own_interpreter() -> None:
    done = SimpleNamespace(
        exit=0, stdout=json.dumps({"status": 200, "body": {"code": 0, "data": {"data": []}}}).encode()
    )
    asked: list[Any] = []

    def run(argv: Any, **_: Any) -> Any:
        asked.append(argv[argv.index("--") + 1])
        return done

    def connect(node: Any, _seconds: float) -> Any:
        asked.append(node.name)
        return SimpleNamespace(run=run, close=lambda: asked.append("closed"))

    session = stand_in(DESIRED, connect=connect)
    answers = active_jobs(session, (runner("1", home="/old", leaving=True), runner("2", url="", leaving=True)))
    (lost,) = answers.blind
    assert answers == Answers((), (), (lost,))
    assert "manifest does not have the address of its job API" in lost
    assert (asked[0], asked[1], asked[2]) == ("a1", "/old/venv/bin/python", "closed")


def test_no_question_takes_longer_than_the_deadline_of_the_verb() -> None:
    limits: list[float] = []

    def run(_argv: Any, *, timeout: float, **_: Any) -> Any:
        limits.append(timeout)
        return SimpleNamespace(exit=0, stdout=json.dumps({"status": 200, "body": {"code": 0, "data": []}}).encode())

    def connect(_node: Any, seconds: float) -> Any:
        limits.append(seconds)
        return SimpleNamespace(run=run, close=lambda: None)

    session = stand_in(DESIRED, connect=connect)
    with ServiceCommands(session, time.monotonic() + 5) as commands:
        flow_api(runner("1"), commands.at(runner("1").id, "app")).tasks("202601")
    assert len(limits) == 2
    assert max(limits) <= 5
    with (
        ServiceCommands(session, time.monotonic() - 1) as late,
        pytest.raises(FatecloudError, match="has passed"),
    ):
        flow_api(runner("1"), late.at(runner("1").id, "app")).tasks("202601")


@pytest.mark.parametrize(("text", "value"), [(None, 0), ("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)])
def test_times(text: str | None, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["soon", "m", "-3s", "3d"])
def test_an_invalid_duration_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match=f"invalid duration '{text}': use 90s, 30m or 2h"):
        seconds(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (365, "6 min 5 s"),
        (3600, "1 h"),
        (7380, "2 h 3 min"),
        (180000, "2 d 2 h"),
    ],
)
def test_durations_for_people(length: float, text: str) -> None:
    assert duration_text(length) == text
