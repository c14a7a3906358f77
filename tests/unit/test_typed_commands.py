"""Each command in a message can be typed as printed: this program, this inventory, and no other text is changed."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fatecloud.cli.verbs import commands
from fatecloud.model.event import Event
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.remedy import CHECK, Ask, Run
from fatecloud.report.commands import Commands, commands_of, set_commands, set_inventory
from fatecloud.report.console import Console
from fatecloud.report.document import preflight_document, report_document
from fatecloud.report.look import Look
from fatecloud.report.preflight import preflight_text
from fatecloud.report.status import status_table
from fatecloud.report.status_rows import Row, Status
from fatecloud.report.table import table

PROGRAM = Path(sys.executable).with_name("fatecloud")
ELSEWHERE = Commands("/opt/f/bin/fatecloud", "/opt/f/bin/fatecloud", commands, Path("prod/inventory.yml"))
ON_PATH = Commands("fatecloud", "/opt/f/bin/fatecloud", commands)
FINDING = Finding(
    "SERVICE_STOPPED",
    "critical",
    Subject("9999", "a1", "9999/flow@a1"),
    "it is stopped",
    cause="stopped by fatecloud stop, run r1 of ada@ops",
    remedy=(Run("fatecloud start 9999/flow@a1"), CHECK),
    evidence=("sh[77]: fatecloud check was typed here",),
)
REPORT = Report("demo", 1_800_000_000.0, 1.0, 0, (FINDING,), ())
LOOK = Look(width=200, unicode=False)


@pytest.fixture
def elsewhere() -> Iterator[None]:
    set_commands(ELSEWHERE)
    yield
    set_commands(Commands())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fatecloud check", "/opt/f/bin/fatecloud check -i prod/inventory.yml"),
        ("run `fatecloud deploy --yes` again", "run `/opt/f/bin/fatecloud deploy -i prod/inventory.yml --yes` again"),
        ("fatecloud secrets rotate x", "/opt/f/bin/fatecloud secrets rotate -i prod/inventory.yml x"),
        ("fatecloud explain NODE_TIMEOUT", "/opt/f/bin/fatecloud explain NODE_TIMEOUT"),
        ("fatecloud release fetch NAME", "/opt/f/bin/fatecloud release fetch NAME"),
        ("fatecloud check -i other.yml", "/opt/f/bin/fatecloud check -i other.yml"),
        (
            "fatecloud plan && fatecloud deploy -i b.yml",
            "/opt/f/bin/fatecloud plan -i prod/inventory.yml && /opt/f/bin/fatecloud deploy -i b.yml",
        ),
    ],
)
def test_a_command_gets_the_program_and_the_inventory(text: str, expected: str) -> None:
    assert ELSEWHERE.typed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "fatecloud plans before it touches anything",
        "fatecloud deployed this",
        "fatecloud secrets are encrypted",
        "fatecloud cluster=demo owner=9999 service=flow",
        "/usr/bin/fatecloud check",
        "the package python-fatecloud check",
        "fatecloud-demo-n1 check",
        "fatecloud checks",
        "fatecloud check-all",
    ],
)
def test_words_that_are_not_a_command_stay(text: str) -> None:
    assert ELSEWHERE.typed(text) == text


def test_with_the_program_on_the_path_and_the_default_inventory_nothing_changes() -> None:
    assert ON_PATH.typed("run `fatecloud check`") == "run `fatecloud check`"


def test_sudo_and_cron_get_absolute_paths_for_they_have_a_path_of_their_own(tmp_path: Path) -> None:
    assert ON_PATH.typed("Run `sudo fatecloud sandbox up`") == "Run `sudo /opt/f/bin/fatecloud sandbox up`"
    line = Commands("fatecloud", "/opt/f/bin/fatecloud", commands, Path("x.yml")).typed("@reboot fatecloud start")
    assert line == f"@reboot /opt/f/bin/fatecloud start -i {Path.cwd()}/x.yml"


def test_paths_are_quoted_for_a_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    here = commands_of(f"{tmp_path}/my tools/fatecloud", commands)
    assert here.typed("fatecloud version-less explain X") == "fatecloud version-less explain X"
    assert here.typed("fatecloud explain X") == f"'{tmp_path}/my tools/fatecloud' explain X"


def test_a_link_on_the_path_is_this_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fatecloud").symlink_to(PROGRAM)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commands_of(str(PROGRAM), commands).typed("fatecloud check") == "fatecloud check"
    other = tmp_path / "other"
    other.mkdir()
    (other / "fatecloud").write_text("#!/bin/sh\n")
    (other / "fatecloud").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))
    assert commands_of(str(PROGRAM), commands).typed("fatecloud check") == f"{PROGRAM} check"


@pytest.mark.usefixtures("elsewhere")
def test_reports_and_json_have_the_same_typed_commands_and_leave_what_nodes_wrote() -> None:
    wanted = ["/opt/f/bin/fatecloud start -i prod/inventory.yml 9999/flow@a1", ELSEWHERE.typed("fatecloud check")]
    for text in (table(REPORT, LOOK), preflight_text(REPORT, (), LOOK)):
        assert all(line in text for line in wanted)
        assert "sh[77]: fatecloud check was typed here" in text
        assert FINDING.cause in text
    for document in (report_document(REPORT), preflight_document(REPORT, ())):
        (finding,) = document["findings"]
        assert [one["text"] for one in finding["remedy"]] == wanted
        assert [one["type"] == "run" and one["command"] for one in finding["remedy"]] == wanted
        assert finding["evidence"] == list(FINDING.evidence)


@pytest.mark.usefixtures("elsewhere")
def test_the_inventory_of_the_run_is_the_one_that_is_named() -> None:
    set_inventory(Path("/srv/b c.yml"))
    assert "fatecloud start -i '/srv/b c.yml' 9999/flow@a1" in table(REPORT, LOOK)


def test_the_program_prints_its_errors_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "explain", "NO_SUCH"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert f"{PROGRAM} explain --list" in done.stderr


def test_what_a_failed_task_printed_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as console:
        console(Event("failed", "Build: \x1b[2Jno", node="a1", detail="one\x1b]0;x\x07\ntwo"))
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "two" in said


def test_what_a_node_wrote_into_a_question_or_a_result_cannot_drive_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO("y\ndemo\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)
    with Console() as console:
        assert console.confirm("a1 was \x1b[2Jdemo. Continue?")
        assert console.ask("The name \x1b[2J?") == "demo"
        console.say("job 1\x1b[2J\njob 2")
    written = capsys.readouterr()
    assert "\x1b" not in written.err + written.out
    assert written.out == "job 1\\x1b[2J\njob 2\n"


def test_what_a_node_wrote_into_a_report_cannot_drive_the_terminal() -> None:
    unsafe = "no\x1b[2J answer\x07"
    finding = replace(
        FINDING, symptom=unsafe, cause=unsafe, got=unsafe, evidence=(unsafe,), remedy=(Ask(unsafe, unsafe),)
    )
    report = replace(REPORT, findings=(finding,))
    row = Row("9999", "a1", "flow", unsafe, "yes", "yes", 1.0, {}, (unsafe,))
    status = status_table(Status("demo", ("fate-2.2.0",), 0.0, (row,), (unsafe,)), 200)
    for text in (preflight_text(report, (), LOOK), table(report, LOOK), status):
        assert not {"\x1b", "\x07"} & set(text)
        assert "answer" in text
