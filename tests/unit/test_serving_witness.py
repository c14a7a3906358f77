"""Whether FATE-Serving answers with its models: records of models, its threads, and a request whose answer is known."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from component_world import NOW, findings, report, root_codes, say, set_answer
from group_world import loaded, resolved

from fatecloud.components.serving_proxy import probe_shadow
from fatecloud.components.serving_server import probe_load
from fatecloud.errors import InventoryError
from fatecloud.model.remedy import Ask

TWO, PAIR = "serving-two", "serving-pair"
PROXY, THEIRS = "guest/serving-proxy@g1", "host/serving-server@h1"


SERVER = "guest/serving-server@g1"
LIST, NAMES = (f"{SERVER}:serving-server.{name}" for name in ("state", "registry"))


def cut_registry(answers: Any) -> None:
    """Without any name of a model."""
    answer = answers[NAMES]
    answer["left_out"] = 3
    answer["found"] = {path: where for path, where in answer["found"].items() if "/online/" in path or path[0] == "/"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (set_answer(LIST, models=[], left_out=3), f"models of {SERVER}: 3 more than were read"),
        (cut_registry, f"registry of {SERVER}: 3 names more than are looked at"),
    ],
)
def test_nothing_is_missed_in_a_list_that_was_cut(change: Any, why: str) -> None:
    found = findings(change, example=TWO)
    assert {(one.code, str(one.subject)) for one in found} == {("FACT_ABSENT", SERVER)}
    assert why in found[0].symptom


def test_a_part_that_another_party_asks_for_may_be_where_a_list_was_cut() -> None:
    cut = set_answer(f"{THEIRS}:serving-server.state", models=[], left_out=1)
    found = findings(cut, example=TWO)
    assert {one.code for one in found} == {"FACT_ABSENT"}
    assert "host/serving-proxy@h1" in [str(one.subject) for one in found]


def test_requests_that_a_limit_refused_are_counted_as_long_as_they_are_new(tmp_path: Path) -> None:
    now = time.time()
    line = "{},000 [WARN ] c.w.Breaker(B.java:47) - request was block by over load, service name: {}\n"
    old, new = (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now - age)) for age in (500, 30))
    log = tmp_path / "log"
    log.write_text(line.format(old, "old") + line.format(new, "inference") * 2 + "2026-12-01 other\n")
    found = probe_load.load(str(log), "no.such.Main", "pool", 7, now)
    assert found == {"ok": True, "refused": 2, "names": ["inference"], "threads": 0, "most": 7}
    assert probe_load.load(str(tmp_path / "none"), "no.such.Main", "pool", 0, now)["most"] > 0


def test_threads_are_counted_by_their_names(tmp_path: Path) -> None:
    task = tmp_path / "7" / "task"
    for number, name in enumerate(("ServingServer-t", "ServingServer-t", "GC")):
        (task / str(number)).mkdir(parents=True)
        (task / str(number) / "comm").write_text(f"{name}\n")
    (tmp_path / "7" / "cmdline").write_bytes(b"java\0com.Main\0")
    (tmp_path / "8").mkdir()
    assert probe_load._threads(b"com.Main", "ServingServer", str(tmp_path)) == 2


REQUEST = {"service": "credit", "features": {"x0": 0.5}, "remote": {"id": "7"}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Sends the shadow to a proxy that gives these answers, one after the other."""
    path, table = tmp_path / "shadow.json", tmp_path / "table.json"
    path.write_text(json.dumps(REQUEST))
    table.write_text(json.dumps({"route_table": {}, "permission": {}}))
    sent: list[Any] = []

    def asks(*answers: dict[str, Any], routes: Any = None) -> tuple[dict[str, Any], list[Any]]:
        left = list(answers)
        if routes is not None:
            table.write_text(json.dumps({"route_table": routes, "permission": {}}))

        def predicted(_host: str, _port: int, _call: str, document: str) -> dict[str, Any]:
            sent.append(json.loads(document))
            return left.pop(0)

        monkeypatch.setattr(probe_shadow, "predicted", predicted)
        monkeypatch.setattr(probe_shadow, "AGAIN_SECONDS", 0)
        return probe_shadow.shadow("127.0.0.1:8059", str(path), str(table), ["10.0.0.1:8869"]), sent

    return asks


def said(code: int, data: Any = None, words: str = "") -> dict[str, Any]:
    return {"ok": True, "retcode": code, "retmsg": words, "answer": {"data": data}}


def test_a_shadow_has_an_id_of_its_own_each_time_and_its_score_counts(asked: Any) -> None:
    found, sent = asked(said(105, words="remote rpc exception"), said(0, {"score": 0.25}))
    assert found == {"ok": True, "score": 0.25}
    first, second = (one["body"]["sendToRemoteFeatureData"] for one in sent)
    assert first.pop("fatecloud") != second.pop("fatecloud")
    assert first == second == {"id": "7"}
    assert sent[0]["head"] == {"serviceId": "credit"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(104, words="serviceId is not bind model"), "code"),
        (said(0, {"score": 0.25}, "hit host cache"), "kept"),
        (said(0, {}), "score"),
        (said(0, {"score": "0.25"}), "score"),
        ({"ok": False, "kind": "refused", "error": "connection refused"}, "refused"),
    ],
)
def test_a_shadow_without_a_score_says_why(asked: Any, answer: dict[str, Any], kind: str) -> None:
    found, _ = asked(answer, answer)
    assert (found["ok"], found["kind"]) == (False, kind)
    assert "x0" not in json.dumps(found)


def test_serving_1_calls_a_score_otherwise(asked: Any) -> None:
    assert asked(said(0, {"prob": 0.5}))[0] == {"ok": True, "score": 0.5}


def test_no_shadow_is_sent_where_it_would_go_round(asked: Any) -> None:
    found, sent = asked(routes={"default": {"default": [{"ip": "127.0.0.1", "port": 8869}]}})
    assert (found["kind"], sent) == ("loop", [])


def test_a_score_within_the_tolerance_is_the_score() -> None:
    name = f"{PROXY}:serving-proxy.shadow"
    assert findings(set_answer(name, score=0.4565580665 + 5e-7), example=TWO) == []
    for wrong in (0.4565580665 + 2e-6, float("nan")):
        assert [f.code for f in findings(set_answer(name, score=wrong), example=TWO)] == ["SERVING_SHADOW_WRONG"]


def test_what_is_wrong_behind_the_other_partys_proxy_explains_the_shadow() -> None:
    failed = say(f"{PROXY}:serving-proxy.shadow", ok=False, kind="code", error="code 2113: x", retcode=2113)
    missing = set_answer(f"{THEIRS}:serving-server.settings", missing=["com.bank.Features"])
    assert root_codes(failed, missing, example=TWO) == [f"SERVING_FEATURES_CLASS_MISSING@{THEIRS}"]


@pytest.mark.parametrize("answer", [{"ok": False, "kind": "code", "error": "code 2113: x"}, {"ok": True, "score": 0.9}])
def test_a_shadow_says_whom_to_ask_of_the_parties_that_are_not_seen_from_here(answer: dict[str, Any]) -> None:
    (found,) = findings(say(f"{PROXY}:serving-proxy.shadow", **answer), example=TWO)
    asked = [one.whom for one in found.remedy if isinstance(one, Ask)]
    assert asked == ["who publishes its models", "party 11000"]


def test_a_shadow_waits_while_a_service_on_its_way_comes_up() -> None:
    failed = say(f"{PROXY}:serving-proxy.shadow", ok=False, kind="code", error="code 105: x", retcode=105)
    for began, codes in ((NOW - 10, []), (NOW - 600, ["SERVING_SHADOW_FAILED"])):
        start = say(THEIRS, since=began)
        assert [f.code for f in report(failed, start, example=TWO, settle=60).findings] == codes


INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000019
nodes: {n1: {address: 10.0.0.1}}
groups:
  one:
    release: serving-2.1.6
    services: {zookeeper: n1, serving-server: n1, serving-proxy: n1}
    config: {serving-proxy: {party: 9999%s}}
"""


@pytest.mark.parametrize(
    ("shadow", "says"),
    [
        ("{service: credit, score: 0.5}", "shadow.features is missing"),
        ("{service: credit, features: '{}'}", "shadow.score is missing"),
        ("{service: credit, features: 'x0: 1', score: 0.5}", "shadow.features is not a JSON object"),
        ("{service: credit, features: '{}', remote: '[1]', score: 0.5}", "shadow.remote is not a JSON object"),
        ("{score: 0.5}", "shadow.score counts for nothing without shadow.service"),
        ("{service: credit, features: '{}', score: 2}", "a number from 0 to 1"),
        ('{service: credit, features: "{}", score: "0.5"}', "a number from 0 to 1"),
    ],
)
def test_a_shadow_that_lacks_something_is_refused(tmp_path: Path, shadow: str, says: str) -> None:
    with pytest.raises(InventoryError, match=says):
        loaded(tmp_path, INVENTORY % f", shadow: {shadow}")


def test_a_request_is_in_a_file_and_in_no_command(tmp_path: Path) -> None:
    shadow = ", shadow: {service: credit, features: '{\"planted\": 7}', score: 0.5}"
    service = resolved(tmp_path, INVENTORY % shadow).services["one/serving-proxy@n1"]
    assert "planted" not in json.dumps(
        [probe.argv for probe in service.probes] + [probe.stdin for probe in service.probes]
    )
    (spec,) = [spec for spec in service.specs if spec.path.endswith("shadow.json")]
    assert spec.values["request"]["features"] == {"planted": 7}
    assert not [
        p for p in resolved(tmp_path, INVENTORY % "").services["one/serving-proxy@n1"].probes if "shadow" in p.name
    ]
