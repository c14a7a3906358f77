"""The smoke tests of Serving between two groups: what they ask of the nodes, and what they make of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from component_world import desired

from fatecloud.components.serving_proxy import proof
from fatecloud.components.serving_proxy.kinds import ROUTE, SMOKE
from fatecloud.components.serving_server import sample
from fatecloud.errors import ProofFailed, UsageError
from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Event
from fatecloud.model.proof import ProofGround, ProofResult

EXAMPLE = "serving-pair"
OWNERS = ("guest", "host")
SERVERS = {s.id.owner: s for s in desired(EXAMPLE).services.values() if s.id.component == "serving-server"}
SCORED = {"retcode": 0, "data": {"score": sample.score()}}
BATCH = {"retcode": 0, "batchDataList": [{"data": {"score": sample.score()}}] * 2}
Answer = Callable[[str, tuple[str, ...]], Any]


def answers(**changed: Any) -> Answer:
    """What the scripts print, by what they are asked; well unless changed. Those about models name the role, too."""
    well = {"inference": said(SCORED), "batchInference": said(BATCH)}

    def answer(what: str, more: tuple[str, ...]) -> Any:
        role = next((word for word in more if word in OWNERS), "")
        return {**well, **changed}.get(f"{what}_{role}" if role else what, {"ok": True})

    return answer


def said(document: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "retcode": document["retcode"], "retmsg": "", "answer": document}


class Clock:
    """Time that passes with each look at it, and while something sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(proof, "time", found)
    return found


def ground(answer: Answer, deadline: float, asked: list[tuple[str, ...]] | None = None) -> ProofGround:
    def to(_service: DesiredService) -> Callable[..., bytes]:
        def command(argv: tuple[str, ...], _stdin: bytes, _seconds: float) -> bytes:
            words = argv[5:]
            if asked is not None:
                asked.append(words)
            known = [word for word in words if word in ("load", "unload", "inference", "batchInference")]
            return json.dumps(answer(known[0] if known else "route", words)).encode()

        return command

    whole = desired(EXAMPLE)
    found = {s.id.owner: s for s in whole.services.values() if s.id.component == "serving-proxy"}
    events: list[Event] = []
    return ProofGround(
        "guest", "host", found, to, lambda _: "", events.append, deadline, lambda owner, _component: SERVERS[owner]
    )


def predicted(answer: Answer, asked: list[tuple[str, ...]] | None = None) -> ProofResult:
    return proof.predict(ground(answer, SMOKE.deadline, asked))


def test_a_route_is_tried_until_a_proxy_has_connected_again(clock: Clock) -> None:
    lost = {"ok": False, "kind": "hop", "error": "no answer from 192.0.2.42:8869"}
    result = proof.route(ground(lambda *_: {"ok": True} if clock.now > 144 else lost, ROUTE.deadline))
    assert result.kind == "route", "the pause is two minutes, and a fifth more or less"
    with pytest.raises(ProofFailed, match=r"no answer from 192\.0\.2\.42:8869"):
        proof.route(ground(lambda *_: lost, ROUTE.deadline))


@pytest.mark.parametrize("what", ["load_host", "unload_host", "inference", "batchInference"])
def test_a_failure_without_a_reason_is_an_error_for_people(what: str) -> None:
    if what == "unload_host":
        assert "no reason given" in predicted(answers(unload_host={"ok": False})).left[0]
        return
    with pytest.raises(ProofFailed, match="no reason given"):
        predicted(answers(**{what: {"ok": False}}))


@pytest.mark.parametrize(
    "data", ["a text", ["a list"], {"score": 10**400}, {"score": float("nan")}, {"score": True}, None]
)
def test_a_score_of_another_form_is_a_failure(data: Any) -> None:
    with pytest.raises(ProofFailed, match="the score of the request is"):
        predicted(answers(inference=said(SCORED | {"data": data})))
    with pytest.raises(ProofFailed, match="the score of a request in a batch is"):
        predicted(answers(batchInference=said(BATCH | {"batchDataList": [{"data": data}]})))
    with pytest.raises(ProofFailed, match=r"a batch of 2 gets 0 answers|the score of a request in a batch is"):
        predicted(answers(batchInference=said(BATCH | {"batchDataList": [data] if data else "text"})))


@pytest.mark.parametrize(
    "printed", [{"ok": True}, {"ok": True, "retcode": "0"}, {"ok": True, "retcode": 0, "answer": []}]
)
def test_an_answer_without_its_parts_is_refused(printed: dict[str, Any]) -> None:
    with pytest.raises(ProofFailed, match="not an answer of Serving's"):
        predicted(answers(inference=printed))


def test_scripts_get_an_ipv6_address_without_its_brackets() -> None:
    asked: list[tuple[str, ...]] = []
    over_six = replace(
        ground(answers(), SMOKE.deadline, asked),
        services={k: _at_six(s) for k, s in ground(answers(), 1.0).services.items()},
        beside=lambda owner, _component: _at_six(SERVERS[owner]),
    )
    proof.predict(over_six)
    assert {words[1] for words in asked if words[0] in ("load", "unload")} == {"2001:db8::1"}
    assert {words[:2] for words in asked if words[0] not in ("load", "unload")} == {("2001:db8::1", "8059")}


def _at_six(service: DesiredService) -> DesiredService:
    facts = {"own": "[2001:db8::1]:8000", "http": "[2001:db8::1]:8059"}
    return replace(service, facts={**service.facts, **facts})


def removed(asked: list[tuple[str, ...]]) -> list[str]:
    """Roles whose sample was removed."""
    return [words[3] for words in asked if words[0] == "unload"]


def test_a_prediction_that_succeeds_removes_both_parts_of_the_model() -> None:
    asked: list[tuple[str, ...]] = []
    assert predicted(answers(), asked).left == ()
    assert removed(asked) == ["guest", "host"]


def test_a_model_that_stays_behind_is_named_also_where_the_test_fails() -> None:
    stays = {"ok": False, "kind": "code", "error": "unload gets 100"}
    assert "unload gets 100" in predicted(answers(unload_host=stays)).left[0]
    refused = {"ok": True, "retcode": 105, "retmsg": "no server", "answer": {}}
    with pytest.raises(ProofFailed) as failed:
        predicted(answers(inference=refused, unload_host=stays))
    assert "no score: 105: no server" in failed.value.message
    assert "could not remove: the sample model in host/serving-server@h1: unload gets 100" in failed.value.message
    with pytest.raises(ProofFailed) as failed:
        predicted(answers(inference=refused))
    assert "could not remove" not in failed.value.message


def test_a_server_that_fails_while_it_takes_the_model_is_cleared_as_well() -> None:
    asked: list[tuple[str, ...]] = []
    with pytest.raises(ProofFailed, match="publishBind gets 100"):
        predicted(answers(load_guest={"ok": False, "kind": "code", "error": "publishBind gets 100"}), asked)
    assert removed(asked) == ["guest"]
    asked.clear()
    with pytest.raises(UsageError, match="it has models: m"):
        predicted(answers(load_host={"ok": False, "kind": "models", "error": "it has models: m"}), asked)
    assert removed(asked) == ["guest"], "what the host has is not the test's"
