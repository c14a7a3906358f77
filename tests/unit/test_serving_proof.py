"""The smoke tests of Serving between two groups: what they ask of the nodes, and what they make of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
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
            words = argv[3:]
            if asked is not None:
                asked.append(words)
            known = [word for word in words if word in ("load", "unload", "inference", "batchInference")]
            return json.dumps(answer(known[0] if known else "route", words)).encode()

        return command

    whole = desired(EXAMPLE)
    found = {s.id.owner: s for s in whole.services.values() if s.id.component == "serving-proxy"}
    servers = {s.id.owner: s for s in whole.services.values() if s.id.component == "serving-server"}
    events: list[Event] = []
    return ProofGround(
        "guest", "host", found, to, lambda _: "", events.append, deadline, lambda owner, _component: servers[owner]
    )


def predicted(answer: Answer, asked: list[tuple[str, ...]] | None = None) -> ProofResult:
    return proof.predict(ground(answer, SMOKE.deadline, asked))


def test_a_route_is_tried_until_a_proxy_has_connected_again(clock: Clock) -> None:
    lost = {"ok": False, "kind": "hop", "error": "no answer from 192.0.2.42:8869"}
    result = proof.route(ground(lambda *_: {"ok": True} if clock.now > 144 else lost, ROUTE.deadline))
    assert result.kind == "route", "the pause is two minutes, and a fifth more or less"
    with pytest.raises(ProofFailed, match=r"no answer from 192\.0\.2\.42:8869"):
        proof.route(ground(lambda *_: lost, ROUTE.deadline))


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
    assert removed(asked) == ["guest", "host"]
