"""`serving models`, `predict`, `bind`, `unpublish`, `cache`: what they ask of nodes, and what they make of answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from component_world import GOLDEN, MORE, desired, observed, set_answer
from typer.testing import CliRunner

from fatecloud.cli.verbs import app
from fatecloud.errors import FatecloudError, InputError, Locked, Refused, RunError, UsageError
from fatecloud.model.identity import ServiceId
from fatecloud.model.observed import Observed
from fatecloud.model.predicting import Question
from fatecloud.model.serving import Loaded, LoadedModel, differences
from fatecloud.report.console import Console
from fatecloud.workflow import changing, serving, serving_cache, serving_change
from fatecloud.workflow.complete import values
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.serving_predict import questions_in

GUEST, HOST, PROXY = "guest/serving-server@g1", "host/serving-server@h1", "guest/serving-proxy@g1"
SECOND = "guest/serving-server@g2"
ID = "guest-9999#host-10000#model"
PARTNER = {"table": "v1", "namespace": f"host#10000#{ID}", "role": "host", "party": "10000"}
MODEL = {
    "table": "v1",
    "namespace": f"guest#9999#{ID}",
    "role": "guest",
    "party": "9999",
    "services": ["lr"],
    "since": 1764554400.5,
    "partners": [PARTNER],
}
SCORED = {"retcode": 0, "retmsg": "", "data": {"score": 0.25, "modelVersion": "v1"}}


class World:
    """Two groups, what their servers have loaded, and what their scripts print."""

    def __init__(self) -> None:
        self.example = "serving-pair"
        self.models: dict[str, list[dict[str, Any]]] = {
            GUEST: [dict(MODEL), {**MODEL, "table": "v2", "services": []}],
            HOST: [{**PARTNER, "services": [], "since": None, "partners": [dict(MODEL, services=[])]}],
        }
        self.left_out: dict[str, int] = {}
        """Server -> how many models its list has no room for."""
        self.asked: list[tuple[str, ...]] = []
        self.sent: list[Any] = []
        """Requests to score."""
        self.answer: dict[str, Any] = {"ok": True, "retcode": 0, "answer": SCORED, "seconds": 0.05}
        self.kept: dict[str, Any] = {"ok": True, "answers": 3, "shortest": 5.0, "longest": 500.0, "items": []}
        self.hops: dict[str, list[dict[str, Any]]] = {}
        self.deaf = False
        self.refuses: dict[tuple[str, str], str] = {}
        """Server and what it is to do -> why it does not."""
        self.lost: tuple[str, ...] = ()
        self.silent: tuple[str, ...] = ()

    def observe(self, *_: Any, **__: Any) -> Observed:
        changes = [
            set_answer(f"{key}:serving-server.state", models=models, left_out=self.left_out.get(key, 0))
            for key, models in self.models.items()
        ]
        return observed(*changes, example=self.example, lost=self.lost, silent=self.silent)

    def script(self, key: str, words: tuple[str, ...]) -> dict[str, Any]:
        self.asked.append((key, *words))
        if why := self.refuses.get((key, words[0])):
            return {"ok": False, "kind": "code", "error": why}
        if words[0] in ("bind", "unbind", "unload"):
            if not self.deaf:
                self._change(key, words[0], json.loads(words[3]))
            return {"ok": True}
        if words[0].endswith("flow.log"):
            return {"ok": True, "hops": self.hops.get(key, [])}
        return self.kept if words[0].endswith(".properties") else self.answer

    def _change(self, key: str, what: str, model: dict[str, Any]) -> None:
        here = next(one for one in self.models[key] if one["table"] == model["table"])
        if what == "unload":
            self.models[key].remove(here)
            return
        for one in self.models[key]:
            one["services"] = [s for s in one["services"] if s not in model["services"]]
        if what == "bind":
            here["services"] = [*here["services"], *model["services"]]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copy(GOLDEN / "serving-pair.yml", "inventory.yml")
    found = World()

    def of(_self: ServiceCommands, service: Any) -> Callable[..., bytes]:
        def run(argv: tuple[str, ...], stdin: bytes, _seconds: float) -> bytes:
            if more := stdin[int(argv[4]) :]:
                found.sent.append(json.loads(more))
            return json.dumps(found.script(service.id.key, argv[5:])).encode()

        return run

    @contextmanager
    def recorded(_session: Any, verb: str, _argv: Any, ui: Any, nodes: Any) -> Iterator[Any]:
        found.asked.append(("run", verb, *sorted(nodes)))
        yield Mock(events=ui)

    monkeypatch.setattr(ServiceCommands, "of", of)
    monkeypatch.setattr(serving, "observe", found.observe)
    monkeypatch.setattr(changing, "recorded", recorded)
    monkeypatch.setattr(changing, "refuse_strangers", lambda *_: None)
    monkeypatch.setattr(serving_cache, "observe", found.observe)
    monkeypatch.setattr(serving_change, "EVERY", 0.0)
    monkeypatch.setattr("fatecloud.workflow.load.require_secrets", lambda *_: None)
    return found


def run(words: str) -> Any:
    return CliRunner().invoke(app, ["serving", *words.split()], standalone_mode=False, env={"COLUMNS": "200"})


def document(words: str) -> Any:
    done = run(f"{words} -o json")
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def changes(world: World) -> list[tuple[str, ...]]:
    return [words[:2] for words in world.asked if words[1:2] and words[1] in ("bind", "unbind", "unload")]


def test_models_are_listed_per_server_with_what_they_answer_and_since_when(world: World) -> None:
    done = run("models")
    assert (done.return_value, done.exception) == (0, None)
    assert "2025-12-01 02:00:00Z  lr" in done.stdout
    found = document("models --owner guest")
    ((server, *_),) = [item["instances"] for item in found["items"]]
    first, second = server["models"]
    assert (first["version"], first["role"], first["services"]) == ("v1", "guest", ["lr"])
    assert first["partners"] == [{"version": "v1", "id": PARTNER["namespace"], "role": "host", "party": "10000"}]
    assert (second["services"], server["recorded"]) == ([], False)


def test_what_was_listed_completes_at_tab(world: World) -> None:
    del world
    assert run("models").return_value == 0
    words = [("serving unpublish", "service"), ("model back", "service_id"), ("model export", "model_id")]
    assert [[word for word, _ in values(*one, "", "")] for one in words] == [["lr"], ["lr"], [ID]]
    for one in (("serving bind", "version"), ("model export", "model_version")):
        assert [word for word, _ in values(*one, "", "")] == ["v1", "v2"]


def test_a_server_that_was_not_read_is_not_one_without_models(world: World) -> None:
    world.lost = ("h1",)
    done = run("models")
    assert (done.return_value, "h1 was not read" in done.stdout) == (3, True)
    assert document("models")["items"][1]["instances"][0]["models"] is None


def test_a_list_that_was_cut_is_said_and_changed_by_no_verb(world: World) -> None:
    world.left_out = {GUEST: 7}
    done = run("models")
    assert (done.return_value, f"{GUEST}: 7 more models than were read" in done.stdout) == (3, True)
    assert document("models")["items"][0]["instances"][0]["left_out"] == 7
    for words in ("bind lr v2 --yes", "bind lr v9 --yes", "unpublish lr --yes", "unpublish other --yes"):
        error = run(words).exception
        assert isinstance(error, FatecloudError)
        assert f"{GUEST}: 7 more models than were read" in error.message, words
    assert changes(world) == []


@pytest.mark.parametrize("since", [9.007e12, -1.0, 10**400, "now", True])
def test_a_time_that_no_calendar_has_is_not_known(world: World, since: Any) -> None:
    world.models[GUEST][0]["since"] = since
    assert document("models --owner guest")["items"][0]["instances"][0]["models"][0]["since"] is None
    assert run("models").exception is None


def loaded(node: str, *models: tuple[str, tuple[str, ...]], left_out: int = 0) -> Loaded:
    parts = tuple(LoadedModel(table, "guest#1#m", "guest", "1", services) for table, services in models)
    return Loaded(ServiceId.parse("demo", f"one/serving-server@{node}"), parts, left_out)


def test_instances_that_differ_are_named() -> None:
    same = [loaded(node, ("v1", ("lr",))) for node in ("a", "b")]
    assert differences(same) == ()
    unknown = Loaded(ServiceId.parse("demo", "one/serving-server@c"))
    assert differences([*same, unknown]) == ()
    (only,) = differences([same[0], loaded("b", ("v1", ()))])
    assert only == "service id lr is not bound in one/serving-server@b"
    lacks, unbound = differences([same[0], loaded("b")])
    assert (lacks, unbound) == ("v1 guest#1#m is not loaded in one/serving-server@b", only)
    both = [loaded("a", ("v1", ("lr",)), ("v2", ())), loaded("b", ("v1", ()), ("v2", ("lr",)))]
    (several,) = differences(both)
    assert several.startswith("service id lr is bound to several models: one/serving-server@a answers it with v1")
    assert differences([same[0], loaded("b", left_out=3)]) == ()


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ('{"x0": 0.5}', [({"x0": 0.5}, {"device": "7"})]),
        ('[{"x0": 1}, {"x0": "a"}]', [({"x0": 1}, {"device": "7"}), ({"x0": "a"}, {"device": "7"})]),
        ('[{"features": {"x0": 1}, "send": {"id": "9"}}]', [({"x0": 1}, {"id": "9"})]),
    ],
)
def test_a_file_has_one_request_or_many(tmp_path: Path, text: str, questions: list[Any]) -> None:
    file = tmp_path / "features.json"
    file.write_text(text)
    assert questions_in(file, ["device=7"]) == tuple(Question(*one) for one in questions)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[]", "0 requests; expected 1 to 300"),
        ("[" * 100_000, "not JSON"),
        ('{"x0": "' + "1" * (1 << 20) + '"}', "more than 1 MiB"),
        ('{"x0": [1]}', "request 1: features is not names with numbers or texts"),
        ('[{"x0": 1}, 7]', "request 2: features is not names"),
        ('{"features": {}, "send": 7}', "request 1: send is not names"),
        ('{"features": {}, "sent": {}}', "request 1: unknown key 'sent'"),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "features.json"
    file.write_text(text)
    with pytest.raises(InputError, match=says):
        questions_in(file, [])
    with pytest.raises(UsageError, match="NAME=VALUE"):
        questions_in(file, ["device"])


@pytest.fixture
def one(world: World) -> str:
    del world
    Path("one.json").write_text('{"x0": 0.5}')
    return "predict lr --guest-features one.json"


def test_a_request_is_sent_as_an_application_sends_it_and_its_time_is_split_by_service(world: World, one: str) -> None:
    world.hops = {
        PROXY: [{"service": "inference", "milliseconds": 40, "downstream": 0}],
        GUEST: [{"service": "singleInference", "milliseconds": 30, "downstream": 20}],
        HOST: [{"service": "hostInference", "milliseconds": 7, "downstream": None}],
    }
    found = document(f"{one} --send device_id=7")
    (call,) = found["calls"]
    assert (found["exit_status"], call["seconds"], call["proxy"]) == (0, 0.05, PROXY)
    assert call["scores"] == [{"code": 0, "message": "", "score": 0.25, "model": "v1", "kept": False}]
    assert [(hop["service"], hop["seconds"], hop["waited"]) for hop in call["hops"]] == [
        (PROXY, 0.04, 0.0),
        (GUEST, 0.03, 0.02),
        (HOST, 0.007, None),
    ]
    words, (sent,) = next(words for words in world.asked if words[3:4] == ("inference",)), world.sent
    assert (words[0], words[3:], sent["head"]["serviceId"]) == (PROXY, ("inference",), "lr")
    assert sent["body"] == {"featureData": {"x0": 0.5}, "sendToRemoteFeatureData": {"device_id": "7"}}
    assert sent["head"]["caseid"] in next(words for words in world.asked if words[1].endswith("flow.log"))


def test_a_log_that_says_nonsense_costs_no_score(world: World, one: str) -> None:
    world.hops = {PROXY: 7, GUEST: [7]}  # type: ignore[dict-item,list-item]
    assert document(one)["calls"][0]["hops"] == []


def test_features_of_people_are_in_no_argument(world: World) -> None:
    features = {"income": "7" * 200_000}
    Path("one.json").write_text(json.dumps(features))
    document("predict lr --guest-features one.json")
    assert world.sent[0]["body"]["featureData"] == features, "an argument has 128 KiB at most"
    assert not [word for words in world.asked for word in words if "777" in word or "income" in word]


def test_a_request_without_an_id_has_one_that_no_answer_is_kept_for(world: World, one: str) -> None:
    run(one)
    run(one)
    assert len({sent["body"]["sendToRemoteFeatureData"]["id"] for sent in world.sent}) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"retcode": 104, "retmsg": "serviceId is not bind model", "data": {}}, "104   serviceId is not bind model"),
        ({"retcode": 0, "retmsg": "", "data": {}}, "none   0"),
        ({"code": "107", "message": "NET_ERROR"}, "107   NET_ERROR"),
        ({"retcode": 0, "data": {"prob": 0.4, "retcode": 2000}, "retmsg": "success"}, "the guest's part alone"),
        ({"retcode": 0, "data": {"prob": 0.4}, "retmsg": "success"}, "the guest's part alone"),
        ({"retcode": 2000, "data": {"prob": 0.4}, "retmsg": "success"}, "2000"),
        ({"retcode": 0, "data": {"score": True}}, "none   0"),
        ({"retcode": 0, "data": {"score": float("inf")}}, "none   0"),
    ],
)
def test_an_answer_without_a_score_of_both_parties_is_a_failure(
    world: World, one: str, answer: dict[str, Any], says: str
) -> None:
    world.answer["answer"] = answer
    done = run(one)
    assert (done.return_value, says in done.stdout) == (1, True), done.stdout


def test_an_answer_that_was_kept_is_said_to_be_one(world: World, one: str) -> None:
    world.answer["answer"] = {**SCORED, "retmsg": "hit host cache"}
    assert "the other party was not asked for it" in run(one).stdout


def test_several_requests_are_a_batch_in_their_order(world: World) -> None:
    Path("many.json").write_text('[{"x0": 1}, {"x0": 2}, {"x0": 3}]')
    listed = [{"index": 2, **SCORED}, {"index": 1, "retcode": 0, "data": {"score": 0.75}}, "text", {"index": "3"}]
    world.answer["answer"] = {"retcode": 0, "batchDataList": listed}
    found = document("predict lr --guest-features many.json")
    assert [one["score"] for one in found["calls"][0]["scores"]] == [0.75, 0.25, None]
    assert found["exit_status"] == 1
    assert [one["index"] for one in world.sent[0]["body"]["batchDataList"]] == [1, 2, 3]
    world.answer["answer"] = {"retcode": 105, "retmsg": "remote rpc exception"}
    assert [one["code"] for one in document("predict lr --guest-features many.json")["calls"][0]["scores"]] == [105] * 3


def test_a_service_id_that_no_server_has_is_refused_before_anything_is_asked(world: World) -> None:
    Path("one.json").write_text("{}")
    error = run("predict other --guest-features one.json").exception
    assert isinstance(error, UsageError)
    assert not [words for words in world.asked if words[3:4] == ("inference",)]


def test_an_answer_that_is_none_is_an_error_for_people(world: World, one: str) -> None:
    world.answer = {"ok": False, "kind": "refused", "error": "connection refused"}
    error = run(one).exception
    assert isinstance(error, FatecloudError)
    assert error.message == f"{PROXY}: connection refused"
    world.answer = {"ok": True}
    assert "not an answer of Serving's" in str(run(one).exception)


def test_bind_lets_another_model_answer_and_says_how_to_go_back(world: World) -> None:
    done = run("bind lr v2 --yes")
    assert done.exception is None, done.exception
    assert ("run", "serving bind", "g1") in world.asked
    assert changes(world) == [(GUEST, "bind")]
    assert [model["services"] for model in world.models[GUEST]] == [[], ["lr"]]
    assert "to go back: fatecloud serving bind lr v1" in done.output
    found = document("bind lr v1 --yes")
    assert (found["before"], found["servers"]) == ({GUEST: "v2"}, [GUEST])
    assert document("bind lr v1 --yes")["servers"] == [], "a second time there is nothing to do"


def test_a_server_that_says_yes_and_does_nothing_has_failed(world: World) -> None:
    world.deaf = True
    error = run("bind lr v2 --yes").exception
    assert isinstance(error, RunError)
    assert "does not have service id lr with model v2" in error.message
    error = run("unpublish lr --yes").exception
    assert isinstance(error, RunError)
    assert "still there after it was taken away" in error.message


def test_a_server_that_does_not_answer_is_not_one_without_the_model(world: World) -> None:
    for key, words in ((HOST, "unpublish lr --yes"), (GUEST, "bind lr v2 --yes"), (GUEST, "bind lr v9 --yes")):
        world.silent = (f"{key}:serving-server.state",)
        error = run(words).exception
        assert isinstance(error, RunError), words
        assert error.message.startswith(f"{key}: ")
    assert changes(world) == []
    world.silent = (f"{HOST}:serving-server.state",)
    assert document("unpublish lr --keep-model --yes")["servers"] == [GUEST], "the host's is not asked for then"


@pytest.fixture
def several(world: World) -> World:
    """With a second server of the guest's, which has the same."""
    world.example = "serving-several"
    shutil.copy(MORE / "serving-several.yml", "inventory.yml")
    world.models[SECOND] = [dict(model) for model in world.models[GUEST]]
    return world


@pytest.mark.parametrize("before", [["lr"], []])
def test_a_bind_that_fails_halfway_leaves_what_was_there(several: World, before: list[str]) -> None:
    for key in (GUEST, SECOND):
        several.models[key][0]["services"] = before
    several.refuses[SECOND, "bind"] = "busy"
    error = run("bind lr v2 --yes").exception
    assert isinstance(error, FatecloudError)
    assert error.message == f"{SECOND}: busy; what was done is taken back"
    for key in (GUEST, SECOND):
        assert [model["services"] for model in several.models[key]] == [before, []]


def test_a_bind_that_cannot_be_taken_back_says_where(several: World) -> None:
    for key in (GUEST, SECOND):
        several.models[key][0]["services"] = []
    several.refuses = {(SECOND, "bind"): "busy", (GUEST, "unbind"): "no"}
    error = run("bind lr v2 --yes").exception
    assert isinstance(error, FatecloudError)
    assert error.message == f"{SECOND}: busy; could not be taken back: {GUEST}: no"


def test_no_way_back_leads_to_a_model_that_was_removed(several: World) -> None:
    first, second = several.models[SECOND]
    first["services"], second["services"] = [], ["lr"]
    done = run("unpublish lr --yes")
    assert done.exception is None, done.exception
    assert "to go back" not in done.output
    assert several.models[GUEST] == several.models[SECOND] == []


def test_an_unpublish_that_fails_halfway_can_be_done_again(world: World) -> None:
    world.refuses[HOST, "unload"] = "busy"
    error = run("unpublish lr --yes").exception
    assert isinstance(error, FatecloudError)
    again = "`fatecloud serving bind lr v1`, and `fatecloud serving unpublish lr` again"
    assert error.remedy == f"fatecloud check; then {again}"
    world.refuses.clear()
    for words in ("bind lr v1 --yes", "unpublish lr --yes"):
        assert run(words).exception is None
    assert ([model["table"] for model in world.models[GUEST]], world.models[HOST]) == (["v2"], [])


def test_servers_without_a_proxy_have_no_number_and_can_be_changed(world: World) -> None:
    text = Path("inventory.yml").read_text()
    without = text.replace("      serving-proxy: {party: 9999}\n", "").replace(
        "serving-proxy: g1, serving-admin: g1", ""
    )
    Path("inventory.yml").write_text(without.replace("    config:\n  host:", "  host:"))
    found = document("unpublish lr --yes")
    assert found["servers"] == [GUEST, HOST]
    assert changes(world) == [(GUEST, "unbind"), (HOST, "unload"), (GUEST, "unload")]


def test_an_owner_without_servers_is_named(world: World) -> None:
    error = run("unpublish lr --owner other --yes").exception
    assert isinstance(error, UsageError)
    assert error.remedy == "--owner is one of guest, host"
    assert changes(world) == []


def test_a_model_that_is_not_loaded_is_not_bound(world: World) -> None:
    error = run("bind lr v9 --yes").exception
    assert isinstance(error, UsageError)
    assert "loaded in no server here" in error.message
    assert changes(world) == []


def test_without_a_yes_nothing_is_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []
    monkeypatch.setattr(Console, "confirm", lambda _self, question: questions.append(question))
    for words in ("bind lr v2", "unpublish lr", "cache --ttl 0"):
        assert isinstance(run(words).exception, Refused), words
    assert questions[0] == "bind service id lr of guest to model v2? Now model v1 answers it."
    assert f"The model is removed from {HOST}, {GUEST}" in questions[1]
    assert changes(world) == []
    assert not [words for words in world.asked if words[-1] == "0"]


def test_unpublish_removes_all_parts_of_a_model_that_nothing_else_needs(world: World) -> None:
    found = document("unpublish lr --yes")
    assert changes(world) == [(GUEST, "unbind"), (HOST, "unload"), (GUEST, "unload")]
    assert (found["servers"], found["model"], found["others"]) == ([GUEST, HOST], "v1", [])
    assert [model["table"] for model in world.models[GUEST]] == ["v2"]


def test_unpublish_keeps_a_model_that_answers_another_id_and_one_that_is_to_stay(world: World) -> None:
    world.models[GUEST][0]["services"] = ["lr", "lr-b"]
    run("unpublish lr --yes")
    assert changes(world) == [(GUEST, "unbind")]
    run("unpublish lr-b --keep-model --yes")
    assert changes(world) == [(GUEST, "unbind")] * 2


def test_a_partner_keeps_its_part_and_that_is_said(world: World) -> None:
    world.models[GUEST][0]["partners"] = [{**PARTNER, "party": "11000", "namespace": f"host#11000#{ID}"}]
    assert document("unpublish lr --yes")["others"] == ["party 11000 keeps its part: only its operator can remove it"]


def test_serving_1_takes_no_model_away(world: World) -> None:
    shutil.copy(GOLDEN / "serving-1.yml", "inventory.yml")
    world.example = "serving-1"
    assert GUEST in desired("serving-1").services
    error = run("unpublish lr --yes").exception
    assert isinstance(error, Refused)
    assert "Serving 1 has no call that takes a model" in error.message
    assert changes(world) == []
    run("bind lr v2 --yes")
    assert changes(world) == [(GUEST, "bind")]


def test_serving_1_is_asked_once_for_each_request(world: World) -> None:
    shutil.copy(GOLDEN / "serving-1.yml", "inventory.yml")
    world.example = "serving-1"
    world.answer["answer"] = {"flag": 0, "data": {"prob": 0.4, "retcode": 0}, "retmsg": "success", "retcode": 0}
    Path("many.json").write_text('[{"x0": 1}, {"x0": 2}]')
    found = document("predict lr --guest-features many.json")
    assert [call["scores"][0]["score"] for call in found["calls"]] == [0.4, 0.4]


def test_what_is_kept_is_shown_and_its_time_changed(world: World) -> None:
    done = run("cache --owner guest")
    assert "127.0.0.1:6379  300 s          3        5 to 500 s more" in done.output
    assert "some stay longer than new ones would" in done.output
    world.kept["changed"] = 3
    (found, *_) = document("cache --ttl 60 --yes")["items"]
    assert (found["changed"], found["answers"], found["seconds"]) == (3, 3, 300)
    assert [words[-1] for words in world.asked if len(words) == 5 and words[-1] == "60"] == ["60"] * len(
        {words[0] for words in world.asked if words[-1] == "60"}
    )


def test_what_is_kept_changes_while_the_nodes_of_servers_and_store_are_held(world: World) -> None:
    text = Path("inventory.yml").read_text()
    elsewhere = text.replace("redis: g1", "redis: h1")
    assert elsewhere != text
    Path("inventory.yml").write_text(elsewhere)
    document("cache")
    assert ("run", "serving cache") not in [words[:2] for words in world.asked], "to look takes no lease"
    document("cache --ttl 0 --yes")
    (held,) = [words for words in world.asked if words[:2] == ("run", "serving cache")]
    assert held[2:] == ("g1", "h1")
    acts = [words for words in world.asked if words[-1] == "0"]
    assert acts
    assert world.asked.index(held) < world.asked.index(acts[0])


def test_what_is_kept_stays_while_another_run_holds_a_node(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any, **__: Any) -> None:
        raise Locked("h1: run 7 of ada holds this node")

    monkeypatch.setattr(changing, "read_when_free", locked)
    assert isinstance(run("cache --ttl 0 --yes --wait-lock 1s").exception, Locked)
    assert not [words for words in world.asked if words[-1] == "0"]


def test_a_store_that_cannot_be_read_is_not_an_empty_one(world: World) -> None:
    world.kept = {"ok": False, "kind": "refused", "error": "connection refused"}
    done = run("cache --owner guest")
    assert (done.return_value, "not found out: guest/serving-server@g1: connection refused" in done.output) == (3, True)


def test_an_inventory_without_such_servers_says_so(world: World) -> None:
    del world
    shutil.copy(GOLDEN / "two-party.yml", "inventory.yml")
    error = run("models").exception
    assert isinstance(error, UsageError)
    assert "no service here answers requests with models" in error.message
