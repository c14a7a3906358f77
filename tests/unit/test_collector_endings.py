"""How services ended: from the journal's lines and supervisord's, whatever time zone wrote them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from node_journal import printed

from fatecloud.collect.node import endings, log_ends, supervision
from fatecloud.collect.node.reading import Unreadable

NOW = 1_800_000_000.0
HEAD = "a1 systemd[1]: fatecloud-x.service: "
KILLED = HEAD + "Main process exited, code=killed, status=9/KILL"
AGAIN = HEAD + "Scheduled restart job, restart counter is at 1."


def journal(*messages: str) -> endings.Ends:
    return endings.in_journal("".join(f"{NOW + n:.6f} {message}\n" for n, message in enumerate(messages)))


@pytest.mark.parametrize(
    ("messages", "how"),
    [
        ((KILLED, AGAIN), ["killed by signal 9 (SIGKILL)"]),
        ((KILLED, HEAD + "Failed with result 'oom-kill'."), ["killed by the kernel, which had no memory left for it"]),
        ((HEAD + "main process exited, code=exited, status=1/FAILURE",), ["exit status 1"]),
        ((HEAD + "Main process exited, code=exited, status=137/n/a",), ["exit status 137, as after SIGKILL"]),
        ((HEAD + "Main process exited, code=dumped, status=11/SEGV",), ["killed by signal 11 (SIGSEGV)"]),
        ((AGAIN, AGAIN), ["exit status 0", "exit status 0"]),
        ((HEAD + "Started x.", "a1 start[7]: noise"), []),
    ],
)
def test_the_journal_says_how_a_unit_ended(messages: tuple[str, ...], how: list[str]) -> None:
    assert [end[1] for end in journal(*messages)] == how


def test_only_ends_of_late_that_came_after_our_start_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    ends = [(NOW - 5000, "long ago"), (NOW - 300, "before our start"), (NOW - 9, "now")]
    assert endings.summary(ends, NOW - 60) == {"count": 1, "at": NOW - 9, "how": "now"}
    assert endings.summary(ends, 0) == {"count": 2, "at": NOW - 9, "how": "now"}
    assert endings.summary(ends[:1], 0) is None


def test_a_journal_that_cannot_be_read_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_argv: list[str]) -> str:
        raise Unreadable("no journal")

    monkeypatch.setattr(endings, "output_of", fails)
    assert endings.of_unit("x.service") == []


def test_the_last_ends_of_a_unit_that_ends_again_and_again_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    one = HEAD + "Main process exited, code=exited, status=1/FAILURE"
    lines = [f"{NOW + number:.6f} {one if number < 900 else KILLED}" for number in range(901)]
    monkeypatch.setattr(endings, "output_of", printed(lines, []))
    assert endings.of_unit("x.service")[-2:] == [
        (NOW + 899, "exit status 1"),
        (NOW + 900, "killed by signal 9 (SIGKILL)"),
    ]


def a_state(**changes: Any) -> dict[str, Any]:
    return {"state": "running", "sub": "running", "restarts": 0, "since": time.time() - 9e4, **changes}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, False),
        ({"restarts": 3}, False),
        ({"restarts": 1, "since": time.time() - 30}, True),
        ({"state": "failed", "since": None}, True),
        ({"state": "starting", "sub": "auto-restart", "since": None}, True),
    ],
)
def test_the_journal_is_asked_only_where_a_unit_ended_lately(changes: dict[str, Any], wanted: bool) -> None:  # noqa: FBT001
    assert endings.wanted(a_state(**changes)) is wanted


def stamped(ago: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - ago))


@pytest.mark.parametrize("offset", [0, 7200, -28800], ids=["same zone", "west", "east"])
def test_the_log_of_a_supervisord_that_began_in_another_zone_gives_true_times(tmp_path: Path, offset: float) -> None:
    log = tmp_path / "supervisord.log"
    log.write_text(
        f"{stamped(offset + 30)},001 WARN exited: x (terminated by SIGKILL; not expected)\n"
        f"{stamped(offset)},001 INFO spawned: 'x' with pid 9\n"
    )
    ((at, how),) = supervision._ends(str(log))["x"]
    assert how == "killed by signal 9 (SIGKILL)"
    assert at == pytest.approx(time.time() - 30, abs=3)


def test_error_lines_have_the_time_of_their_own_stamp_or_of_the_one_before(tmp_path: Path) -> None:
    log = tmp_path / "fate.log"
    log.write_text(
        f"[ERROR] [{stamped(900)},123] old\n[INFO] [{stamped(60)},1] begin\n"
        f'Traceback (most recent call last):\n  File "x"\nValueError: no\n[INFO] [{stamped(0)},1] end\n'
    )
    found = log_ends.logs({"services": [{"logs": [{"path": str(log), "levels": True}]}]})[str(log)]
    assert [line.split()[-1] for line in found["errors"]] == ["old", "no"]
    assert found["stamps"] == pytest.approx([time.time() - 900, time.time() - 60], abs=3)


def test_a_line_without_any_stamp_has_no_time(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    log.write_text("ERROR no\n")
    os.utime(log, (7, 7))
    found = log_ends.logs({"services": [{"logs": [{"path": str(log), "levels": False}]}]})[str(log)]
    assert (found["errors"], found["stamps"], found["mtime"]) == (["ERROR no"], [None], 7)


def test_what_a_process_printed_last_is_kept_from_the_journal_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"line {number}" for number in range(20)]
    console = tmp_path / "console.log"
    console.write_text("\n\n".join(lines))
    assert endings.said_in_file(str(console)) == [f"line {number}" for number in range(12, 20)]
    assert endings.said_in_file(f"{tmp_path}/absent") == []
    asked: list[list[str]] = []
    monkeypatch.setattr(endings, "output_of", printed(lines, asked))
    assert endings.said_in_journal("x.service") == [f"line {number}" for number in range(12, 20)]
    assert asked[0][-1] == "_SYSTEMD_UNIT=x.service"

    def nothing(_argv: list[str]) -> str:
        raise Unreadable("no journal")

    monkeypatch.setattr(endings, "output_of", nothing)
    assert endings.said_in_journal("x.service") == []
