"""Logs: formats, levels, noise, bounds, following, and order over nodes."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_transport import FakeTransport
from preflight_world import a_desired, a_service

from fatecloud.collect.logs import LogQuestion, LogRecord, _places, read_logs
from fatecloud.collect.node import journal, opening, tail
from fatecloud.collect.node import records as cutting
from fatecloud.errors import FatecloudError, TransportError, UsageError
from fatecloud.model.completed import Completed
from fatecloud.model.desired import Desired
from fatecloud.model.node import Node
from fatecloud.model.remedy import Run
from fatecloud.model.service import LogFile
from fatecloud.report.logs import record_text
from fatecloud.workflow.log_readers import SharedConnection
from fatecloud.workflow.logs import of_job, question_of, show_logs

FATE = "[{level}] [2026-11-25 19:32:14,655] [Server] [11313:1401] - [fate_flow_server.start_server] [line:102]: {text}"
UTC = 1795635134.0
"""2026-11-25 19:32:14 UTC."""


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("line", "stamp", "level"),
    [
        (FATE.format(level="WARNING", text="no such process 7"), UTC + 0.655, "warning"),
        (FATE.format(level="INFO", text="an ERROR in words"), UTC + 0.655, "info"),
        ("2026-11-25 19:32:14 0 [Note] mariadbd: ready for connections.", UTC, "info"),
        ("2026-11-25 19:32:14 5 [Warning] Access denied for user", UTC, "warning"),
        ("2026-11-25T19:32:14.123456Z 0 [ERROR] [MY-010119] [Server] Aborting", UTC + 0.123456, "error"),
        ("2026-11-25 21:32:14.655000+02:00 [error] <0.1.0> connection closed", UTC + 0.655, "error"),
        ("2026/11/25 19:32:14 [crit] 12#12: *1 open() failed", UTC, "critical"),
        ('10.0.0.1 - - [25/Nov/2026:20:32:14 +0100] "POST /v2 HTTP/1.1" 502 157 "-" "x"', UTC, "error"),
        ('127.0.0.1 - - [25/Nov/2026 19:32:14] "GET /v2/server HTTP/1.1" 200 -', UTC, "info"),
        ("[2026-11-25T19:32:14,655][WARN ][7][main:1] - slow", UTC + 0.655, "warning"),
        ("Traceback (most recent call last):", None, None),
        ("9999-99-99 99:99:99 is not a date", None, None),
        ("", None, None),
    ],
)
def test_each_format_gives_time_and_level(line: str, stamp: float | None, level: str | None) -> None:
    found = cutting.stamp_of(line)
    assert found == (None if stamp is None else pytest.approx(stamp, abs=1e-3))
    assert cutting.level_of(line) == level


def test_a_traceback_stays_with_its_record_and_a_lone_one_is_an_error() -> None:
    trace = ["Traceback (most recent call last):", '  File "x.py", line 1', "OSError: [Errno 28] No space left"]
    first = FATE.format(level="ERROR", text="failed")
    found = list(cutting.records([first, *trace, FATE.format(level="INFO", text="on")], 0.0))
    assert [len(record["lines"]) for record in found] == [4, 1]
    alone = list(cutting.records(trace, 5.0))
    assert [(r["time"], r["level"]) for r in alone] == [(5.0, "error")]


def spec(folder: Path, **changes: Any) -> dict[str, Any]:
    return {"paths": [f"{folder}/*.log"], "unit": None, "bytes": 1 << 20, "lines": 100} | changes


def texts(answer: dict[str, Any]) -> list[str]:
    return [record["lines"][0].rpartition(": ")[2] for record in answer["records"]]


def line(second: int, text: str, level: str = "INFO") -> str:
    return f"[{level}] [2026-11-25 19:32:{second:02},000] [Server] [1:1] - [a.b] [line:1]: {text}\n"


def test_files_are_merged_by_time_and_one_record_in_two_files_is_shown_once(tmp_path: Path) -> None:
    (tmp_path / "stat.log").write_text(line(1, "one") + line(3, "three"))
    (tmp_path / "ERROR.log").write_text(line(2, "two", "ERROR") + line(3, "three"))
    assert texts(tail.read(spec(tmp_path))) == ["one", "two", "three"]


def test_lines_before_the_first_stamp_belong_before_it(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("UserWarning: old\n" + line(1, "one"))
    assert texts(tail.read(spec(tmp_path))) == ["old", "one"]


def test_filters(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(
        line(1, "one")
        + line(2, "no such process 7", "WARNING")
        + line(3, "disk full", "WARNING")
        + line(4, "bad", "ERROR")
    )
    assert texts(tail.read(spec(tmp_path, level="warning"))) == ["no such process 7", "disk full", "bad"]
    assert texts(tail.read(spec(tmp_path, level="warning", noise=["no such process"]))) == ["disk full", "bad"]
    assert texts(tail.read(spec(tmp_path, grep="one|bad"))) == ["one", "bad"]
    assert texts(tail.read(spec(tmp_path, since=UTC - 14 + 3))) == ["disk full", "bad"]
    assert texts(tail.read(spec(tmp_path, lines=2))) == ["disk full", "bad"]


def test_memory_is_bounded_by_bytes_lines_and_line_length(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(line(n % 60, f"n{n} " + "x" * 9000) for n in range(100)))
    answer = tail.read(spec(tmp_path, bytes=50_000))
    assert len(answer["records"]) == 5
    for record in answer["records"]:
        (text,) = record["lines"]
        kept, _, more = text.partition(" ... (")
        whole = len(line(0, "n99 ").rstrip("\n")) + 9000
        assert (len(kept), more) == (4000, f"{whole - 4000} more characters)")


def test_following_reads_each_line_once_over_rotation_and_half_written_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(line(1, "one") + "half")
    first = tail.read(spec(tmp_path))
    assert texts(first) == ["one"]
    log.write_text(line(1, "one") + line(2, "two"))
    second = tail.read(spec(tmp_path, cursor=first["cursor"]))
    assert texts(second) == ["two"]
    log.rename(tmp_path / "a.1.log")
    log.write_text(line(3, "three"))
    third = tail.read(spec(tmp_path, cursor=second["cursor"]))
    assert texts(third) == ["three"]
    log.write_text("")
    fourth = tail.read(spec(tmp_path, cursor=third["cursor"]))
    log.write_text(line(4, "four"))
    assert texts(tail.read(spec(tmp_path, cursor=fourth["cursor"]))) == ["four"]


def test_a_file_that_may_not_be_read_is_a_problem_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.log").write_text(line(1, "one"))
    (tmp_path / "b.log").write_text(line(2, "two"))
    real = opening.opened

    def refuse(path: str, **more: Any) -> int:
        if path.endswith("a.log"):
            raise PermissionError(13, "Permission denied")
        return real(path, **more)

    monkeypatch.setattr(tail, "opened", refuse)
    answer = tail.read(spec(tmp_path))
    assert texts(answer) == ["two"]
    assert answer["problems"] == [f"{tmp_path}/a.log: Permission denied"]


class Local(FakeTransport):
    """Runs the shipped script on this machine, as a node would."""

    def __init__(self) -> None:
        super().__init__("a1", lambda _: b"")

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        assert become
        environment = {"PATH": os.environ["PATH"], "TZ": "UTC"}
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout, check=False, env=environment)
        return Completed(done.returncode, done.stdout, done.stderr, 0.0)


def desired_with(folder: Path) -> Desired:
    desired = a_desired(supervision="supervisor")
    engine, store = (
        a_service(node, name, (), logs=(LogFile(f"{folder}/{name}.log"),), facts={"noise": ("no such process",)})
        for node, name in (("a1", "engine"), ("a2", "store"))
    )
    return replace(desired, services={service.id.key: service for service in (engine, store)})


def test_the_script_travels_to_a_node_and_brings_records_back(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text(line(1, "one"))
    desired = desired_with(tmp_path)
    batch = read_logs(Local(), desired.node("a1"), desired.services["9999/engine@a1"], LogQuestion(10))
    assert [(r.time, r.service, r.level) for r in batch.records] == [(UTC - 13, "9999/engine@a1", "info")]
    assert batch.problems == ()


def test_a_node_has_as_long_as_the_operator_gave(tmp_path: Path) -> None:
    given: list[float] = []

    class Timed(Local):
        def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
            given.append(timeout)
            return super().run(argv, stdin=stdin, timeout=timeout, become=become)

    desired = desired_with(tmp_path)
    question = question_of(since=None, grep=None, level=None, lines=None, now=0, deadline=77)
    read_logs(Timed(), desired.node("a1"), desired.services["9999/engine@a1"], question)
    assert given == [77]


def test_services_on_several_nodes_are_merged_and_noise_left_out(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text(line(1, "one") + line(3, "no such process 7", "WARNING") + line(4, "four"))
    (tmp_path / "store.log").write_text(line(2, "two"))
    desired = desired_with(tmp_path)
    services = tuple(desired.services.values())
    shown: list[LogRecord] = []
    complaints: list[str] = []
    assert show_logs(desired, lambda _: Local(), services, LogQuestion(10), shown.append, complaints.append) == 0
    assert [(r.service, r.lines[0][-4:]) for r in shown] == [
        ("9999/engine@a1", " one"),
        ("9999/store@a2", " two"),
        ("9999/engine@a1", "four"),
    ]
    assert complaints == []
    show_logs(desired, lambda _: Local(), services[:1], LogQuestion(10), shown.append, complaints.append, noisy=True)
    assert "no such process" in shown[-2].lines[0]


def test_a_node_that_is_down_complains_once_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text(line(1, "one"))
    desired = desired_with(tmp_path)
    shown: list[LogRecord] = []
    complaints: list[str] = []
    rounds = iter(range(3))

    def connect(node: Node) -> Local:
        if node.name == "a2":
            raise TransportError("a2", "NODE_UNREACHABLE", "no route")
        return Local()

    def wait(_: float) -> None:
        if next(rounds) == 2:
            raise KeyboardInterrupt
        with (tmp_path / "engine.log").open("a") as stream:
            stream.write(line(2, "two") + line(3, "new"))

    with pytest.raises(KeyboardInterrupt):
        show_logs(
            desired,
            connect,
            tuple(desired.services.values()),
            LogQuestion(1),
            shown.append,
            complaints.append,
            follow=True,
            wait=wait,
        )
    assert [r.lines[0][-3:] for r in shown] == ["one", "two", "new", "two", "new"]
    assert complaints == ["a2: no route (NODE_UNREACHABLE)"]


def test_the_operators_words_become_a_question() -> None:
    assert question_of(since="10m", grep="x", level="error", lines=None, now=UTC) == LogQuestion(
        5000, UTC - 600, "error", "x"
    )
    assert question_of(since="2026-11-25 19:32:14", grep=None, level=None, lines=7, now=0).since == UTC
    assert question_of(since="2026-11-25T19:32:14.000Z", grep=None, level=None, lines=7, now=0).since == UTC
    assert question_of(since="2026-11-25T20:32:14+01:00", grep=None, level=None, lines=7, now=0).since == UTC
    assert question_of(since=None, grep=None, level=None, lines=None, now=0).lines == 200


@pytest.mark.parametrize("words", [{"since": "soon"}, {"grep": "("}, {"level": "loud"}, {"lines": 0}])
def test_words_that_mean_nothing_are_refused(words: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        question_of(**({"since": None, "grep": None, "level": None, "lines": None, "now": 0.0} | words))


def test_a_record_is_led_by_its_service_on_every_line_and_moves_no_cursor() -> None:
    text = record_text("9999/engine@a1", ["\x1b[31mred\x1b[0m\x07", "\tindented"])
    assert text == "9999/engine@a1 | red\\x07\n9999/engine@a1 |         indented"


TRACE = ["Traceback (most recent call last):", *(f'  File "x.py", line {n}' for n in range(98)), "OSError: disk full"]


def test_of_a_long_traceback_the_beginning_and_the_exception_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(line(1, "failed", "ERROR") + "\n".join(TRACE) + "\n")
    (record,) = tail.read(spec(tmp_path))["records"]
    assert record["lines"][1] == TRACE[0]
    assert record["lines"][40] == "... (41 lines left out) ..."
    assert record["lines"][-1] == "OSError: disk full"
    assert len(tail.read(spec(tmp_path, grep="line 50$"))["records"]) == 1, "what is left out can be searched"


def test_an_answer_is_bounded_in_bytes_with_the_newest_kept_and_the_rest_counted(tmp_path: Path) -> None:
    tracebacks = [line(n % 60, f"n{n}", "ERROR") + "\n".join("x" * 4000 for _ in range(59)) + "\n" for n in range(72)]
    log = tmp_path / "engine.log"
    log.write_text("".join(sorted(tracebacks)))
    assert log.stat().st_size > 16 * 2**20, "more than a command may print"
    desired = desired_with(tmp_path)
    service = desired.services["9999/engine@a1"]
    batch = read_logs(Local(), desired.node("a1"), service, LogQuestion(5000, since=0.0))
    assert batch.records[-1].lines[0] in log.read_text()
    assert batch.records[-1].time == max(record.time for record in batch.records) == UTC - 14 + 59
    (left_out,) = batch.problems
    assert "older entries were left out: an answer has at most 4 MiB" in left_out
    answer = tail.read(spec(tmp_path, lines=5000, bytes=32 << 20, answer=1 << 20))
    assert len(json.dumps(answer["records"])) < 2**20
    assert answer["cut"]["size"] + len(answer["records"]) == 72


def test_what_was_not_searched_is_reported_where_it_matters(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text("".join(line(n % 60, f"n{n} " + "x" * 1000) for n in range(3000)))
    desired = desired_with(tmp_path)
    node, service = desired.node("a1"), desired.services["9999/engine@a1"]
    assert read_logs(Local(), node, service, LogQuestion(10)).problems == (), "ten were asked for, and ten are here"
    (said,) = read_logs(Local(), node, service, LogQuestion(10, level="error")).problems
    assert "MiB of older text were not searched: the limit is 1 MiB of a file" in said
    (said,) = read_logs(Local(), node, service, LogQuestion(10, since=0.0)).problems
    assert said == "2990 older entries were left out: raise --lines 10, or narrow --since"


def test_a_log_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "shadow"
    secret.write_text(line(1, "root's own"))
    folder = tmp_path / "logs"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.log").symlink_to(secret)
    (folder / "deep" / "b").symlink_to(secret)
    (folder / "away").symlink_to(tmp_path)
    assert texts(tail.read(spec(folder))) == []
    assert texts(tail.read(spec(folder, paths=[], trees=[str(folder)]))) == []
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert texts(tail.read(spec(folder, paths=[], trees=[str(link)]))) == []
    with pytest.raises(OSError, match="is a link"):
        opening.opened(f"{folder}/away/shadow", inside=str(folder))


def test_no_link_is_followed_anywhere_below_the_directory_of_a_services_logs(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "stat.log").write_text(line(1, "root's own"))
    folder = tmp_path / "logs"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "stat.log").write_text(line(2, "ours"))
    (folder / "fate_flow").symlink_to(elsewhere)
    asked = spec(folder, paths=[f"{folder}/fate_flow/stat.log", f"{folder}/own/*.log"], root=str(folder))
    answer = tail.read(asked)
    assert [record["lines"] for record in answer["records"]] == [[line(2, "ours").rstrip()]]
    assert answer["records"][0]["file"] == f"{folder}/own/stat.log"
    assert answer["problems"] == [f"{folder}/fate_flow/stat.log: is a link"]


def test_a_services_own_directory_is_what_no_link_is_followed_below() -> None:
    desired = a_desired()
    node, service = desired.node("a1"), desired.services["9999/engine@a1"]
    assert _places(node, service, "")["root"] == f"/data/fate/logs/{service.id.slug}"
    assert all(path.startswith(f"/data/fate/logs/{service.id.slug}/") for path in _places(node, service, "")["paths"])


def test_what_a_node_reports_as_a_problem_is_safe_to_show() -> None:
    desired = a_desired()
    cut = {"count": 0, "size": 0, "unread": 0, "journal": False}
    said = {"records": [], "cursor": {}, "problems": ["\x1b]0;x\x07\nb\u202e"], "files": 1, "cut": cut}
    answer = json.dumps({"version": 1, **said}).encode()
    node, service = desired.node("a1"), desired.services["9999/engine@a1"]
    batch = read_logs(FakeTransport("a1", lambda _: answer), node, service, LogQuestion(10))
    assert batch.problems == ("\\x1b]0;x\\x07\\nb\\u202e",)


JOB = "202611251932141234560"


def with_job_logs(folder: Path) -> Desired:
    desired = desired_with(folder)
    engine = desired.services["9999/engine@a1"]
    facts = {**engine.facts, "job_logs": (f"{folder}/a1/{{job}}",)}
    return replace(desired, services={**desired.services, engine.id.key: replace(engine, facts=facts)})


def test_the_logs_of_a_job_come_from_where_it_ran_with_the_task_that_wrote_them(tmp_path: Path) -> None:
    folder = tmp_path / "a1" / JOB / "guest" / "9999" / "lr_0"
    folder.mkdir(parents=True)
    (folder / "ERROR").write_text(line(2, "no such process 7", "WARNING") + line(3, "failed", "ERROR"))
    (tmp_path / "a1" / JOB / "fate_flow_schedule.log").write_text(line(1, "started") + line(3, "failed", "ERROR"))
    (tmp_path / "engine.log").write_text(line(1, "not of the job"))
    desired = with_job_logs(tmp_path)
    services = of_job(tuple(desired.services.values()), JOB)
    assert [one.id.key for one in services] == ["9999/engine@a1"]
    shown: list[LogRecord] = []
    complaints: list[str] = []
    question = question_of(since=None, grep=None, level=None, lines=None, now=0, job=JOB)
    assert show_logs(desired, lambda _: Local(), services, question, shown.append, complaints.append) == 0
    assert [(r.lines[0].rpartition(": ")[2], r.file) for r in shown] == [
        ("started", "fate_flow_schedule.log"),
        ("failed", shown[1].file),
    ]
    assert complaints == []
    assert record_text("9999/engine@a1", ["x"], "guest/9999\x1b/INFO") == "9999/engine@a1 guest/9999\\x1b/INFO | x"


def test_a_job_without_logs_is_an_error_that_names_the_nodes(tmp_path: Path) -> None:
    desired = with_job_logs(tmp_path)
    services = of_job(tuple(desired.services.values()), JOB)
    with pytest.raises(FatecloudError, match=f"there are no logs of job {JOB} on a1"):
        show_logs(desired, lambda _: Local(), services, LogQuestion(10, job=JOB), print, print)


@pytest.mark.parametrize("job", ["", "../../etc", "2026*", "20261125193214/..", "\uff11" * 15, "1" * 33])
def test_what_cannot_be_the_id_of_a_job_reaches_no_path(tmp_path: Path, job: str) -> None:
    with pytest.raises(UsageError, match="invalid job id"):
        of_job(tuple(with_job_logs(tmp_path).services.values()), job)


def test_logs_of_jobs_are_not_asked_of_services_that_run_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="these keep no logs of jobs: 9999/store@a2"):
        of_job((with_job_logs(tmp_path).services["9999/store@a2"],), JOB)


class Flaky(Local):
    """A connection that breaks at its second reading."""

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        self.readings = getattr(self, "readings", 0) + 1
        if self.readings > 1:
            raise TransportError("a1", "NODE_UNREACHABLE", "the connection broke")
        return super().run(argv, stdin=stdin, timeout=timeout, become=become)


def test_following_closes_what_broke_and_all_at_its_end_and_opens_one_connection_per_node(tmp_path: Path) -> None:
    (tmp_path / "engine.log").write_text(line(1, "one"))
    desired = desired_with(tmp_path)
    engine = desired.services["9999/engine@a1"]
    twin = replace(engine, id=replace(engine.id, component="twin"))
    opened: list[Flaky] = []
    complaints: list[str] = []
    rounds = iter(range(5))

    def connect(_: Node) -> Flaky:
        opened.append(Flaky())
        opened[-1].readings = -1  # two services read in each round
        return opened[-1]

    def wait(_: float) -> None:
        if next(rounds) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show_logs(desired, connect, (engine, twin), LogQuestion(1), print, complaints.append, follow=True, wait=wait)
    assert len(opened) > 1, "a node that was lost is tried again"
    assert all(connection.closed for connection in opened)
    assert "a1: the connection broke (NODE_UNREACHABLE)" in complaints


def test_a_node_that_stays_away_is_left_alone_for_longer_and_longer() -> None:
    tried: list[int] = []
    look = 0

    def connect(_: Node) -> FakeTransport:
        tried.append(look)
        raise TransportError("a1", "NODE_UNREACHABLE", "no route")

    way = SharedConnection(a_desired().node("a1"), connect)
    for look in range(40):  # noqa: B007 - noted by `connect`
        for _ in range(3):
            with pytest.raises(TransportError):
                way.run(("true",), timeout=1)
        way.next_look()
    assert tried == [0, 1, 3, 7, 15, 31]


def test_each_lost_node_is_named_once_however_many_services_it_has(tmp_path: Path) -> None:
    desired = desired_with(tmp_path)
    engine, store = desired.services.values()
    twin = replace(engine, id=replace(engine.id, component="twin"))
    complaints: list[str] = []

    def connect(node: Node) -> FakeTransport:
        raise TransportError(node.name, "NODE_HOST_KEYS_DAMAGED", "known_hosts:3 is damaged", remedies=(Run("rm it"),))

    services = (engine, twin, store)
    assert show_logs(desired, connect, services, LogQuestion(1), print, complaints.append) == 3
    assert complaints == [
        f"{node}: known_hosts:3 is damaged (NODE_HOST_KEYS_DAMAGED)\n  rm it" for node in ("a1", "a2")
    ]


@pytest.mark.parametrize(
    ("fields", "level", "text"),
    [
        ({"MESSAGE": "plain", "PRIORITY": "3"}, "error", "plain"),
        ({"MESSAGE": [255, 104, 105], "PRIORITY": "99"}, "info", "\ufffdhi"),
        ({"MESSAGE": ["one", "two", None, [104]], "PRIORITY": ["1", "2"]}, "info", "two"),
        ({"PRIORITY": "-1"}, "info", ""),
        ({"MESSAGE": None, "PRIORITY": None, "SYSLOG_IDENTIFIER": [1, 2]}, "info", "does not print"),
    ],
)
def test_a_service_may_give_an_entry_of_the_journal_any_fields(fields: Any, level: str, text: str) -> None:
    record = journal._entry({"__REALTIME_TIMESTAMP": "1700000000000000", **fields})
    assert record["level"] == level
    assert text in record["lines"][0]
