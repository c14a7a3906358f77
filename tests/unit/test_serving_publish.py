"""`serving publish`: what flow 1.x is asked, what of its answers is believed, and what stays when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from component_world import desired
from test_serving_verbs import GUEST, HOST, World, document, run, world

from fatecloud.components.flow.exchange import FlowApiError
from fatecloud.components.flow.v1.models import FlowModels
from fatecloud.components.flow.v1_4 import models as of_1_4
from fatecloud.components.registry import by_kind, publisher
from fatecloud.errors import Interrupted, Refused, RunError, UsageError
from fatecloud.model.identity import ServiceId
from fatecloud.model.jobs import JobRunner
from fatecloud.model.publication import Trained
from fatecloud.report.console import Console
from fatecloud.workflow import serving_publish

__all__ = ["world"]
JOB, DEPLOYED = "202612010230000000000", "202612010231000000000"
ID = "arbiter-10000#guest-9999#host-10000#model"
ROLES = {"guest": ("9999",), "host": ("10000",), "arbiter": ("10000",)}
ROW = {
    "f_model_id": ID,
    "f_model_version": JOB,
    "f_parent": True,
    "f_initiator_role": "guest",
    "f_initiator_party_id": 9999,
    "f_roles": {"guest": [9999], "host": [10000], "arbiter": [10000]},
}
MODEL = Trained(ID, JOB, "guest", "9999", ROLES, deployed=False)
DONE = {"retcode": 0, "retmsg": "success"}
EACH: dict[str, Any] = {"guest": {"9999": 0}, "host": {"10000": 0}, "arbiter": {"10000": 0}}
ALL: dict[str, Any] = {**DONE, "data": {**EACH, "model_version": DEPLOYED}}


class Flow:
    """What flow answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "/v1/model/query": {**DONE, "data": [ROW]},
            "/v1/model/deploy": ALL,
            "/v1/model/load": ALL,
            "/v1/model/bind": {**DONE, "retmsg": "service id is lr"},
        }
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.does: Callable[[str, Mapping[str, Any]], None] = lambda *_: None

    def __call__(self, method: str, path: str, *, query: Any, body: Any, timeout: float) -> Any:
        assert (method, query) == ("POST", None)
        assert timeout > 0
        self.asked.append((path, body))
        self.does(path, body)
        return self.answers[path]


def test_a_model_of_1_11_is_deployed_loaded_by_its_servers_and_bound() -> None:
    flow = Flow()
    models = FlowModels(flow)
    assert models.trained(JOB) == MODEL
    deployed = models.deploy(MODEL)
    assert (deployed.version, deployed.deployed, deployed.id) == (DEPLOYED, True, ID)
    models.load(deployed, by_servers=True)
    models.load(deployed, by_servers=False)
    models.bind(deployed, "lr")
    paths, (_, deploy, load, plain, bind) = zip(*flow.asked, strict=True)
    assert [path.rpartition("/")[2] for path in paths] == ["query", "deploy", "load", "load", "bind"]
    assert deploy == {"model_id": ID, "model_version": JOB}
    common = {
        "initiator": {"role": "guest", "party_id": "9999"},
        "role": {"guest": ["9999"], "host": ["10000"], "arbiter": ["10000"]},
    }
    parameters = {"model_id": ID, "model_version": DEPLOYED}
    assert load == {**common, "job_parameters": {**parameters, "use_transfer_url_on_serving": True}}
    assert plain == {**common, "job_parameters": parameters}
    assert bind == {**common, "job_parameters": parameters, "service_id": "lr"}


def test_a_version_that_was_deployed_is_not_deployed_again() -> None:
    flow = Flow()
    flow.answers["/v1/model/query"] = {**DONE, "data": [{**ROW, "f_parent": False}]}
    assert FlowModels(flow).trained(JOB).deployed
    older = {"f_train_runtime_conf": {"initiator": {"role": "guest", "party_id": 9999}, "role": ROW["f_roles"]}}
    row = {name: ROW[name] for name in ("f_model_id", "f_model_version")}
    flow.answers["/v1/model/query"] = {**DONE, "data": [{**row, **older}]}
    assert FlowModels(flow).trained(JOB) == MODEL


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({**DONE, "data": {}}, "guest 9999: no code: it was not asked"),
        (DONE, "success"),
        ({**DONE, "data": {"guest": {"9999": 0}, "host": {"10000": None}}}, "host 10000: no code: it was not asked"),
        ({**DONE, "data": {"guest": {"9999": 0}, "host": {"10000": False}}}, "host 10000: False"),
        (
            {
                "retcode": 101,
                "retmsg": "failed",
                "data": {
                    "guest": {"9999": 100},
                    "host": {"10000": 0},
                    "detail": {"guest": {"9999": {"retcode": 100, "retmsg": "Please configure servings address"}}},
                },
            },
            "guest 9999: 100: Please configure servings address",
        ),
        ({"retcode": 100, "retmsg": "KeyError"}, "code 100: KeyError"),
        ({"retcode": 101, "retmsg": "late", "data": EACH}, "code 101: late"),
    ],
)
def test_a_code_for_success_without_one_of_each_party_is_a_failure(answer: dict[str, Any], says: str) -> None:
    flow = Flow()
    flow.answers["/v1/model/load"] = flow.answers["/v1/model/deploy"] = answer
    with pytest.raises(FlowApiError) as failed:
        FlowModels(flow).load(MODEL, by_servers=True)
    assert says in failed.value.message
    with pytest.raises(FlowApiError):
        FlowModels(flow).deploy(MODEL)


@pytest.mark.parametrize("version", [JOB, "", "../x", None])
def test_a_deployment_without_a_version_of_its_own_is_refused(version: Any) -> None:
    flow = Flow()
    flow.answers["/v1/model/deploy"] = {**DONE, "data": {**EACH, "model_version": version}}
    with pytest.raises(FlowApiError, match="no version of the deployment"):
        FlowModels(flow).deploy(MODEL)


@pytest.mark.parametrize("answer", [{}, {"retcode": 100, "retmsg": "no"}, {"retcode": False}, {"retcode": "0"}])
def test_a_service_id_that_is_not_bound_is_a_failure(answer: dict[str, Any]) -> None:
    flow = Flow()
    flow.answers["/v1/model/bind"] = answer
    with pytest.raises(FlowApiError):
        FlowModels(flow).bind(MODEL, "lr")


@pytest.mark.parametrize("data", [[{}], [[]], "text", [{"f_model_id": 1}]])
def test_an_answer_of_another_form_is_refused(data: Any) -> None:
    flow = Flow()
    flow.answers["/v1/model/query"] = {**DONE, "data": data}
    with pytest.raises(FlowApiError, match="another form than flow's"):
        FlowModels(flow).trained(JOB)
    flow.answers["/v1/model/query"] = {"retcode": 100, "retmsg": "cannot find model", "data": []}
    with pytest.raises(UsageError, match="has no model of job"):
        FlowModels(flow).trained(JOB)


def test_a_model_of_1_4_is_loaded_as_the_job_made_it() -> None:
    flow = Flow()
    conf = {
        "initiator": {"role": "guest", "party_id": 9999},
        "job_parameters": {"work_mode": 1, "model_id": ID, "model_version": JOB},
        "role": ROW["f_roles"],
    }
    flow.answers["/v1/job/query"] = {**DONE, "data": [{"f_status": "success"}]}
    flow.answers["/v1/job/config"] = {**DONE, "data": {"runtime_conf": conf}}
    models = of_1_4.FlowModels(flow)
    model = models.trained(JOB)
    assert model == Trained(ID, JOB, "guest", "9999", ROLES, deployed=True)
    models.load(model, by_servers=True)
    (path, load) = flow.asked[-1]
    assert (path, load["job_parameters"]) == (
        "/v1/model/load",
        {"work_mode": 1, "model_id": ID, "model_version": JOB},
    )
    flow.answers["/v1/job/query"] = {**DONE, "data": [{"f_status": "failed"}]}
    with pytest.raises(UsageError, match="no model to publish: failed"):
        models.trained(JOB)


def test_only_flow_1_publishes_and_flow_2_says_why_not() -> None:
    kinds = {kind: bool(publisher(kind)) for kind in by_kind() if kind.startswith("flow/")}
    assert kinds == {"flow/v1": True, "flow/v1_4": True, "flow/v2": False}
    assert "answers code 0" in by_kind()["flow/v2"].publishes_not
    assert publisher("flow/v9") is None


@pytest.fixture
def flow(world: World, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A flow of the guest's party, whose servers do what it asks."""
    found = Flow()

    def does(path: str, body: Mapping[str, Any]) -> None:
        if path.endswith("/load"):
            for key, role, party in ((GUEST, "guest", "9999"), (HOST, "host", "10000")):
                other = ("host", "10000") if role == "guest" else ("guest", "9999")
                world.models[key].append(
                    {**part(role, party), "services": [], "since": 1.0, "partners": [part(*other)]}
                )
        if path.endswith("/bind"):
            world.script(GUEST, ("bind", "h", "1", json.dumps({**part("guest", "9999"), "services": ["lr"]})))

    def part(role: str, party: str) -> dict[str, str]:
        return {"table": DEPLOYED, "namespace": f"{role}#{party}#{ID}", "role": role, "party": party}

    found.does = does
    runner = JobRunner(ServiceId.parse("demo", "9999/flow@a1"), "flow/v1", "/home", "http://a1:9380", user="u")
    row = SimpleNamespace(scheduler="9999")
    services = SimpleNamespace(runners=[runner], known=lambda _job: [(runner, [row])])

    @contextmanager
    def job_services(*_: Any, **__: Any) -> Any:
        yield services

    monkeypatch.setattr(serving_publish, "job_services", job_services)
    monkeypatch.setattr(serving_publish, "publisher", lambda _kind: lambda *_: FlowModels(found))
    monkeypatch.setattr("fatecloud.workflow.serving_publish.ServiceCommands.at", lambda *_: None)
    return found


def test_publish_brings_a_model_into_all_servers_and_reads_back_that_it_is_there(world: World, flow: Flow) -> None:
    found = document(f"publish {JOB} lr --yes")
    assert (found["model"], found["servers"], found["before"]) == (DEPLOYED, [GUEST, HOST], {GUEST: "v1"})
    assert ("run", "serving publish", "a1", "g1", "h1") in world.asked
    assert [path.rpartition("/")[2] for path, _ in flow.asked] == ["query", "deploy", "load", "bind"]
    assert flow.asked[2][1]["job_parameters"]["use_transfer_url_on_serving"] is True
    done = run(f"publish {JOB} lr --yes")
    assert "to go back: fatecloud serving bind lr" not in done.output


def test_flows_word_alone_is_not_believed(world: World, flow: Flow) -> None:
    flow.does = lambda *_: None
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, RunError)
    assert f"model {DEPLOYED} is said to be loaded, and it is not in {GUEST}, {HOST}" in error.message
    assert "bind" not in [path.rpartition("/")[2] for path, _ in flow.asked]
    assert world.models[GUEST][0]["services"] == ["lr"], "what answered before still does"


def test_what_a_failed_publication_loaded_is_removed(world: World, flow: Flow) -> None:
    flow.answers["/v1/model/bind"] = {"retcode": 104, "retmsg": "model is not exist"}
    before = {key: [one["table"] for one in models] for key, models in world.models.items()}
    flow.does, loads = (lambda path, body: loads(path, body) if path.endswith("/load") else None), flow.does
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, RunError)
    assert "code 104: model is not exist" in error.message
    assert {key: [one["table"] for one in models] for key, models in world.models.items()} == before


def test_what_answered_before_a_publication_that_failed_after_binding_still_does(world: World, flow: Flow) -> None:
    flow.answers["/v1/model/bind"] = {"retcode": 105, "retmsg": "the second server is busy"}
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, RunError)
    assert error.message.endswith("the second server is busy; what was done is taken back")
    assert [(model["table"], model["services"]) for model in world.models[GUEST]] == [("v1", ["lr"]), ("v2", [])]


def test_a_model_that_still_answers_is_not_removed(world: World, flow: Flow) -> None:
    flow.answers["/v1/model/bind"] = {"retcode": 105, "retmsg": "busy"}
    world.refuses[GUEST, "bind"] = "busy too"
    does = flow.does

    def bound(path: str, body: Mapping[str, Any]) -> None:
        why = world.refuses.pop((GUEST, "bind"), "")
        does(path, body)
        world.refuses[GUEST, "bind"] = why

    flow.does = bound
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, RunError)
    assert error.message.endswith(f"; could not be taken back: {GUEST}: busy too")
    assert world.models[GUEST][-1]["services"] == ["lr"], "it would be a service id without a model"


def test_an_interrupted_publication_is_taken_back(world: World, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {key: [one["table"] for one in models] for key, models in world.models.items()}
    stop = Mock(side_effect=[None, Interrupted("interrupted by SIGTERM")])

    @contextmanager
    def held(_session: Any, _nodes: Any, changing: Any) -> Any:
        yield Mock(events=changing.ui, interruption=Mock(check=stop))

    monkeypatch.setattr(serving_publish, "held", held)
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, Interrupted)
    assert error.message == "interrupted by SIGTERM; what was done is taken back"
    assert {key: [one["table"] for one in models] for key, models in world.models.items()} == before
    assert flow.asked[-1][0] == "/v1/model/load"


def test_without_a_yes_nothing_is_published(world: World, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []
    monkeypatch.setattr(Console, "confirm", lambda _self, question: questions.append(question))
    assert isinstance(run(f"publish {JOB} lr").exception, Refused)
    (question,) = questions
    where = "to the servers of guest 9999, host 10000"
    assert question == f"publish model {JOB} {where}, and let it answer service id lr? Now model v1 answers it."
    assert [path for path, _ in flow.asked] == ["/v1/model/query"]
    assert not [words for words in world.asked if words[0] == "run"]


def test_a_partner_is_believed_its_word_and_that_is_said(world: World, flow: Flow) -> None:
    roles = {"guest": [9999], "host": [11000]}
    flow.answers["/v1/model/query"] = {**DONE, "data": [{**ROW, "f_roles": roles, "f_model_id": ID}]}
    data = {"guest": {"9999": 0}, "host": {"11000": 0}, "model_version": DEPLOYED}
    flow.answers["/v1/model/deploy"] = flow.answers["/v1/model/load"] = {**DONE, "data": data}
    found = document(f"publish {JOB} lr --yes")
    assert found["servers"] == [GUEST]
    assert "party 11000" in found["others"][0]
    assert "use_transfer_url_on_serving" not in flow.asked[2][1]["job_parameters"]
    assert world.models[HOST]


def test_a_flow_whose_party_did_not_start_the_job_is_refused(flow: Flow) -> None:
    row = {**ROW, "f_initiator_party_id": 10000}
    flow.answers["/v1/model/query"] = {**DONE, "data": [row]}
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, UsageError)
    assert "started by guest 10000, which has to publish it" in error.message


def test_the_version_of_a_deployment_is_looked_for_at_each_party(
    world: World, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.answers["/v1/model/query"] = {**DONE, "data": [{**ROW, "f_model_version": DEPLOYED, "f_parent": False}]}
    own = JobRunner(ServiceId.parse("demo", "9999/flow@a1"), "flow/v1", "/home", "http://a1:9380", user="u")
    other = JobRunner(ServiceId.parse("demo", "10000/flow@b1"), "flow/v1", "/home", "http://b1:9380", user="u")

    def known(_job: str) -> Any:
        raise UsageError("no party here knows job")

    @contextmanager
    def job_services(*_: Any, **__: Any) -> Any:
        yield SimpleNamespace(runners=[other, own], known=known)

    monkeypatch.setattr(serving_publish, "job_services", job_services)
    assert document(f"publish {DEPLOYED} lr --yes")["model"] == DEPLOYED
    assert "deploy" not in [path.rpartition("/")[2] for path, _ in flow.asked]
    assert world.models[GUEST][-1]["services"] == ["lr"]


def test_a_flow_2_is_refused_with_its_reason(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_publish, "publisher", lambda _kind: None)
    monkeypatch.setattr(serving_publish, "by_kind", lambda: {"flow/v1": by_kind()["flow/v2"]})
    error = run(f"publish {JOB} lr --yes").exception
    assert isinstance(error, Refused)
    assert "party 9999 cannot publish a model: FATE-Flow 2 answers code 0" in error.message
    assert flow.asked == []
    assert desired("serving-pair").services[GUEST].generation == "v2"
