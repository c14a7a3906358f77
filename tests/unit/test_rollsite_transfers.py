"""What rollsite's logs say of data that did not arrive, in the words of EggRoll 2.5.3 and 2.0.2."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from component_world import NOW, desired, report, set_answer

from fatecloud.components.clustermanager import jvm_log, probe_ends
from fatecloud.components.rollsite.probe_transfers import MOST, look
from fatecloud.components.rollsite.transfers import lost, waiting

OWN, IP, AGO = "9999", "127.0.0.1", 120.0
KEY = "__rsk#202611302014238411720_x_0#name#tag#guest#9999#host#10000"
SOURCE = "eggroll-rollsite", "9999/rollsite@a1"


def stamp(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) + ",123"


def entry(what: str, *, ago: float = AGO, level: str = "ERROR", at: str = "c.w.e.r.ForwardPushReqSO:484") -> str:
    return f"[{level:<5}][4711][{stamp(NOW - ago)}][grpc-7,pid:1,tid:7][{at}] - {what}\n"


def failed(message: str, path: str, *, observer: str = "ForwardPushReqSO", key: str = KEY, ago: float = AGO) -> str:
    """As `TransferExceptionUtils` wraps an error, and log4j writes it."""
    return entry(f"{observer}.onError calling. rsKey={key}, rsHeader=<x>, metadata=y", ago=ago) + (
        f"io.grpc.StatusRuntimeException: UNKNOWN: \n[Roll Site Error TransInfo] \n location msg={message} \n "
        f"stack info=java.lang.Exception: x\n\tat a.b(C.scala:1)\n \n\nexception trans path: {path}\n"
        "\tat io.grpc.Status.asRuntimeException(Status.java:533)\n"
    )


def old(status: str, party: str) -> str:
    """As rollsite 2.0.2 writes it: the status of the next call, and what was sent in one line."""
    topics = f'"src":{{"partyId":"9999"}},"dst":{{"name":"n","partyId":"{party}"}}'
    sent = f'{{"task":{{"taskId":"__federation__#s#n#t"}},{topics}}}'
    what = f"error in push server: Status{{code={status}}}, metadata: {sent}, ackCount: 1"
    return entry(f"[PUSH][OBSERVER][ONERROR] {what}", at="c.w.e.r.g.o.ServerPushRequestStreamObserver:315")


@pytest.mark.parametrize(
    ("text", "hop", "party"),
    [
        (failed("UNKNOWN", f"{IP}(10000) --> {IP}(9999)", observer="ForwardPushRespSO", key="null"), "theirs", "10000"),
        (failed("UNAVAILABLE: io exception", f"{IP}(9999)"), "network", "10000"),
        # Seen where the other one had no memory, or no clustermanager.
        (failed("UNKNOWN", f"{IP}(9999)", observer="ForwardPushRespSO", key="null"), "theirs", ""),
        (failed("UNAVAILABLE: Keepalive failed. The connection is likely gone", "h(9999)", key="null"), "network", ""),
        (failed("The routing table not have current party=7 and default party", "h(9999)"), "table", "10000"),
        (failed("java.lang.NullPointerException", "h(9999)"), "own", "10000"),
        (failed("UNAVAILABLE: io exception", "h(9999)", observer="PutBatchSinkPushReqSO"), "eggs", "9999"),
        # EggRoll 2.0; the first one was seen where the other rollsite had no memory left.
        (
            old("INTERNAL, description=HTTP/2 error code: INTERNAL_ERROR\nReceived Rst Stream", "10000"),
            "theirs",
            "10000",
        ),
        (old("UNAVAILABLE, description=io exception, cause=null", "10000"), "network", "10000"),
        (old("UNKNOWN, description=null, cause=java.lang.NullPointerException", "10000"), "own", "10000"),
        (old("UNKNOWN, description=null, cause=java.lang.NullPointerException", "9999"), "eggs", "9999"),
        (
            entry("[PUSH][OBSERVER][ONERROR] error in push server: Status{code=UNAVAILABLE, io exception}"),
            "network",
            "",
        ),
    ],
)
def test_the_hop_is_the_rollsite_that_failed_first(text: str, hop: str, party: str) -> None:
    (row,) = lost([text + text], OWN, NOW)
    assert (row["hop"], row["party"], row["times"]) == (hop, party, 2)
    assert row["at"] == pytest.approx(NOW - AGO, abs=1)
    assert "\tat" not in row["error"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        failed("CANCELLED: call already cancelled", "h(9999)"),
        failed("UNKNOWN", "h(10000) --> h(9999)", ago=3600),
        entry("[UNARYCALL][SERVER] onError. rsKey=__rsk#######, metadata=x"),
        entry("ForwardPushReqSO.onError called. rsKey=x, rsHeader=y"),
        "exception trans path: h(10000)\nForwardPushReqSO.onError calling. rsKey=x, no entry\n",
    ],
)
def test_what_was_cancelled_or_is_old_or_about_something_else_was_not_lost(text: str) -> None:
    assert lost([text], OWN, NOW) == []


def test_the_log_of_the_hour_before_is_read_first(tmp_path: Path) -> None:
    older = tmp_path / time.strftime("%Y/%m/%d", time.localtime(NOW - 3600))
    older.mkdir(parents=True)
    name = f"rollsite.jvm.err.log.{time.strftime('%Y-%m-%d-%H', time.localtime(NOW - 3600))}"
    (older / name).write_text(failed("UNKNOWN", "h(10000) --> h(9999)"))
    assert [row["times"] for row in look(str(tmp_path / "rollsite.jvm"), OWN, NOW)["lost"]] == [1]
    (tmp_path / "rollsite.jvm.err.log").write_text(failed("UNKNOWN", "h(10000) --> h(9999)"))
    assert [row["times"] for row in look(str(tmp_path / "rollsite.jvm"), OWN, NOW)["lost"]] == [2]


def not_finished(task: str, count: int, ago: float) -> str:
    what = f'{{"task":{{"taskId":"{task}","model":{{}}}},"src":{{}}}}'
    said = f"getStatus: job NOT finished: {what}. current latch count: {count}, put batch required: 0"
    return entry(
        f"{said}, put batch finished: 0", ago=ago, level="INFO", at="c.w.e.r.g.s.DataTransferPipedServerImpl:313"
    )


def test_a_pull_of_eggroll_2_0_that_waits_for_half_an_hour_is_named_with_what_has_arrived() -> None:
    task, young, ended = "__federation__#s#n#t#guest#9999#host#10000", "young", "ended"
    text = "".join(not_finished(task, -2147483648, 300.0 * n + 30) for n in reversed(range(7)))
    text += "".join(not_finished(young, 1, 300.0 * n + 30) for n in reversed(range(3)))
    text += "".join(not_finished(ended, 1, 300.0 * n + 1800) for n in reversed(range(9)))
    (pull,) = waiting([text], NOW)
    assert pull == {"task": task, "minutes": 35, "at": pytest.approx(NOW - 30, abs=1), "some": False}
    part = "".join(not_finished(task, 2, 300.0 * n + 30) for n in reversed(range(6)))
    assert [(one["minutes"], one["some"]) for one in waiting([part], NOW)] == [(30, True)]
    assert waiting([part], NOW + 400) == [], "one that still waited would have said so again"


@pytest.mark.parametrize(("number", "words"), [(1, "1 pulls"), (3, "3 pulls"), (MOST, "20 or more pulls")])
def test_pulls_that_waited_before_a_start_went_with_the_process(number: int, words: str) -> None:
    example, key = SOURCE
    pulls = [{"task": f"t{n}", "minutes": 35, "at": NOW - 60, "some": False} for n in range(number)]
    old = [{**pulls[0], "at": NOW - 200}] if number < MOST else []

    def seen(since: float) -> list[str]:
        change = set_answer(f"{key}:rollsite.transfers", waiting=[*pulls, *old])
        found = report(change, lambda a: a.update({key: {"state": "running", "since": since}}), example=example)
        return [finding.symptom for finding in found.findings]

    assert seen(NOW - 120) == [f"{words} have waited for up to 35 min"]
    assert seen(NOW - 30) == []


def test_one_error_alone_is_tried_again_and_those_before_a_start_went_with_their_jobs() -> None:
    example, key = SOURCE
    row = {"hop": "theirs", "party": "10000", "times": 2, "at": NOW - 60, "error": "UNKNOWN"}

    def codes(since: float, **changes: object) -> list[str]:
        change = set_answer(f"{key}:rollsite.transfers", lost=[{**row, **changes}])
        found = report(change, lambda a: a.update({key: {"state": "running", "since": since}}), example=example)
        return [finding.code for finding in found.findings]

    assert codes(NOW - 900) == ["ROLLSITE_TRANSFERS_LOST"]
    assert codes(NOW - 900, times=1) == []
    assert codes(NOW - 30) == []


def test_a_party_that_rollsite_did_not_write_down_is_the_only_other_one() -> None:
    example, key = SOURCE
    row = {"hop": "theirs", "party": "", "times": 2, "at": NOW - 60, "error": "UNKNOWN"}
    (finding,) = report(set_answer(f"{key}:rollsite.transfers", lost=[row]), example=example).findings
    assert finding.got == "the rollsite of party 10000"


def test_a_fault_of_the_other_rollsite_explains_what_was_lost_there() -> None:
    example, key = SOURCE
    row = {"hop": "theirs", "party": "10000", "times": 2, "at": NOW - 60, "error": "UNKNOWN"}
    wrong = set_answer("10000/rollsite@b1:rollsite.state", table=["what is for default of party 10000 goes to x"])
    found = report(set_answer(f"{key}:rollsite.transfers", lost=[row]), wrong, example=example)
    assert [f.code for f in found.findings if not f.caused_by] == ["ROLLSITE_TABLE_WRONG"]


def test_what_another_time_zone_writes_in_the_future_is_not_of_now(tmp_path: Path) -> None:
    ahead = failed("UNKNOWN", f"{IP}(10000) --> {IP}(9999)", ago=-3600)
    assert lost([ahead + ahead], OWN, NOW) == []
    assert waiting(["".join(not_finished("t", 1, 300.0 * n - 3600) for n in reversed(range(7)))], NOW) == []
    log = tmp_path / "clustermanager.jvm.log"
    log.write_text(entry(probe_ends.SIGN, ago=-3600) + entry(probe_ends.SIGN, ago=-2))
    assert probe_ends.look(str(log), NOW)["ends"] == [pytest.approx(NOW + 2, abs=1)]


def test_a_log_that_grows_while_it_is_read_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "x.log"
    log.write_text(entry("x" * 1000) * (2 * jvm_log.TAIL // 1000))
    seen = tmp_path.stat()
    # As the file was when its size was asked for: nearly empty.
    monkeypatch.setattr(os, "fstat", lambda _: seen)
    assert len("".join(jvm_log.texts(str(log), NOW))) <= jvm_log.TAIL


def test_the_ends_of_clustermanagers_are_read_from_their_common_log(tmp_path: Path) -> None:
    log = tmp_path / "clustermanager.jvm.log"
    log.write_text(
        entry("server started at port 4670", ago=900, level="INFO")
        + entry(probe_ends.SIGN, ago=300, level="WARN")
        + entry("Shutting down cluster manager. Force terminating NEW / ACTIVE sessions", ago=300, level="INFO")
    )
    found = probe_ends.look(str(log), NOW)
    assert found["ends"] == [pytest.approx(NOW - 300, abs=1)]
    assert probe_ends.look(str(tmp_path / "absent"), NOW) == {"ok": True, "ends": []}


@pytest.mark.parametrize("example", ["eggroll-rollsite", "eggroll-rollsite-1.4"])
@pytest.mark.parametrize(
    ("since", "ends", "found"), [(4000, [300], 1), (200, [300], 0), (9000, [4000], 0), (4000, [], 0)]
)
def test_only_an_end_while_this_clustermanager_ran_is_another_ones(
    example: str, since: int, ends: list[int], found: int
) -> None:
    key = "9999/clustermanager@a1"
    change = set_answer(f"{key}:clustermanager.ends", ends=[NOW - ago for ago in ends])
    seen = report(change, lambda a: a.update({key: {"state": "running", "since": NOW - since}}), example=example)
    assert [f.code for f in seen.findings] == ["CLUSTERMANAGER_SESSIONS_KILLED"] * found


@pytest.mark.parametrize(
    ("example", "asked"), [("eggroll-rollsite", True), ("eggroll-rollsite-1.4", True), ("eggroll", False)]
)
def test_only_a_clustermanager_whose_end_ends_all_sessions_is_asked_for_ends(example: str, *, asked: bool) -> None:
    managers = [one for one in desired(example).services.values() if one.id.component == "clustermanager"]
    assert managers
    assert all(("clustermanager.ends" in {probe.name for probe in one.probes}) is asked for one in managers)


def test_a_log_that_is_too_long_is_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(entry("first") + entry("x" * 100) * (2 * jvm_log.TAIL // 150) + entry("last"))
    found = jvm_log.entries(jvm_log.texts(str(log), NOW), "last", NOW)
    assert found[-1][1].endswith("last\n")
    assert not any("first" in text for _, text in found)
