"""What a service leaves behind is removed when it is old or too much, never that of running jobs, nor anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from component_world import FLOW, desired, rendered, service

from fatecloud.components.script import module_text
from fatecloud.model.layout import logs_of
from fatecloud.probing import sweep

NOW = 1_795_000_000.0
DAY = 86400.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def made(path: Path, days: float, size: int = 10) -> Path:
    """A file of this age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    for folder in path.parents:
        if folder.name == "data":
            break
        os.utime(folder, (NOW - 900 * DAY, NOW - 900 * DAY))
    return path


def settings(data: Path, pattern: str, running: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """How one residue is swept, where these jobs run; without jobs the service gives no answer."""
    answer = {"ok": running is not None, "jobs": [{"job": job, "role": "guest"} for job in running or ()]}
    asks = {"argv": ["python3", "-", json.dumps(answer)], "stdin": "import sys; print(sys.argv[1])", "timeout": 10}
    residue = {"path": f"{data}/{pattern}", "what": "things", "days": 14, "jobs": "*", "size": None}
    residue |= {"count": None, "named": False} | changes
    return {"residues": [residue], "roots": [str(data)], "question": asks, "chores": []}


def left(data: Path) -> list[str]:
    return sorted(str(path.relative_to(data)) for path in data.rglob("*") if not path.is_dir())


def test_what_is_old_goes_and_what_does_not_match_stays(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, days in (("old.log.1", 15), ("new.log.1", 13), ("main.log", 400)):
        made(data / name, days)
    sweep.sweep(settings(data, "*.log.*"), NOW)
    assert left(data) == ["main.log", "new.log.1"]
    assert capsys.readouterr().out == "removed 1: things, 0 MiB\n"
    sweep.sweep(settings(data, "*.log.*"), NOW)
    assert capsys.readouterr().out == ""


def test_a_chore_says_what_it_did(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["python3", "-", "days"]
    chores = [
        {"argv": argv, "stdin": "import sys; print('removed', sys.argv[1], end='')"},
        {"argv": argv, "stdin": ""},
        {"argv": ["/nowhere"], "stdin": ""},
        {"argv": argv, "stdin": "raise SystemExit(3)"},
    ]
    sweep.sweep({"residues": [], "roots": [str(data)], "question": None, "chores": chores}, NOW)
    done, absent, ended = capsys.readouterr().out.splitlines()
    assert done == "removed days"
    assert absent.startswith("a chore failed: FileNotFoundError: ")
    assert ended.startswith("a chore failed: CalledProcessError: ")
    assert ended.endswith("exit status 3.")


def test_a_directory_is_as_old_as_the_newest_thing_in_it(data: Path) -> None:
    made(data / "jobs" / "1" / "deep" / "a", 100)
    made(data / "jobs" / "2" / "a", 100)
    made(data / "jobs" / "2" / "deep" / "new", 1)
    sweep.sweep(settings(data, "jobs/{job}", []), NOW)
    assert left(data) == ["jobs/2/a", "jobs/2/deep/new"]


def test_the_files_of_a_job_that_runs_stay_however_old_they_are(data: Path) -> None:
    for job in ("1", "2", "[3]"):
        made(data / "jobs" / job / "a", 100)
    sweep.sweep(settings(data, "jobs/{job}", ["2", "[3]"]), NOW)
    assert left(data) == ["jobs/2/a", "jobs/[3]/a"]


def test_what_is_not_called_like_a_job_stays_beside_them(data: Path) -> None:
    for name in ("2026", "service"):
        made(data / "logs" / name / "a", 100)
    sweep.sweep(settings(data, "logs/{job}", [], jobs="[0-9]*"), NOW)
    assert left(data) == ["logs/service/a"]


def test_an_id_that_is_part_of_a_name_protects_that_name(data: Path) -> None:
    for name in ("7_out", "7_1_out", "71_out", "8_out"):
        made(data / "tables" / name, 100)
    sweep.sweep(settings(data, "tables/{job}_*", ["7"]), NOW)
    assert left(data) == ["tables/7_1_out", "tables/7_out"]


@pytest.mark.parametrize("question", [{"argv": ["/none"], "stdin": "", "timeout": 1}, None])
def test_without_an_answer_about_jobs_nothing_of_any_job_is_removed(
    data: Path, capsys: pytest.CaptureFixture[str], question: dict[str, Any] | None
) -> None:
    made(data / "jobs" / "1" / "a", 100)
    asked = settings(data, "jobs/{job}")
    sweep.sweep(asked if question is None else asked | {"question": question}, NOW)
    assert left(data) == ["jobs/1/a"]
    assert "gives no answer about its jobs" in capsys.readouterr().out
    sweep.sweep(settings(data, "jobs/*"), NOW)
    assert left(data) == [], "these are of no job"


def test_above_its_size_the_oldest_goes_first_and_what_is_being_written_stays(data: Path) -> None:
    for name, days in (("c", 0.0), ("b", 1.0), ("a", 2.0), ("d", 3.0)):
        made(data / "logs" / name, days, size=100)
    sweep.sweep(settings(data, "logs/*", size=250), NOW)
    assert left(data) == ["logs/b", "logs/c"]
    sweep.sweep(settings(data, "logs/*", size=50), NOW)
    assert left(data) == ["logs/c"]


def test_above_their_number_the_oldest_go_first_and_what_is_being_written_stays(data: Path) -> None:
    for name, days in (("c", 0.0), ("b", 1.0), ("a", 2.0), ("d", 3.0)):
        made(data / name / "log", days)
    sweep.sweep(settings(data, "*", count=2), NOW)
    assert left(data) == ["b/log", "c/log"]
    made(data / "e" / "log", 0.0)
    sweep.sweep(settings(data, "*", count=1), NOW)
    assert left(data) == ["c/log", "e/log"]


def test_what_is_named_by_a_process_that_runs_stays_however_old_it_is_and_however_many_there_are(data: Path) -> None:
    for name in ("20260101_ended", "20260101_runs", "20260101_runs_too"):
        made(data / name / "log", 100)
    worker = "import sys; print(flush=True); sys.stdin.read()"
    arguments = ["--session-id", "20260101_runs", f"-o{data}/20260101_runs_too/strace-1.log"]
    command = [sys.executable, "-c", worker, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # Right after its start a process has no command line for a moment.
        assert process.stdout
        assert process.stdout.readline()
        sweep.sweep(settings(data, "2*", named=True, count=1), NOW)
        assert left(data) == ["20260101_runs/log", "20260101_runs_too/log"]
    sweep.sweep(settings(data, "2*", named=True), NOW)
    assert left(data) == []


def test_links_go_and_what_they_lead_to_stays(data: Path, tmp_path: Path) -> None:
    precious = made(tmp_path / "precious" / "file", 100)
    (data / "jobs").mkdir()
    for name, target in (("link", precious.parent), ("file", precious)):
        (data / "jobs" / name).symlink_to(target)
        os.utime(data / "jobs" / name, (0, 0), follow_symlinks=False)
    made(data / "jobs" / "1" / "a", 100)
    (data / "jobs" / "1" / "inner").symlink_to(precious.parent)
    for changed in ("1/inner", "1"):
        os.utime(data / "jobs" / changed, (0, 0), follow_symlinks=False)
    sweep.sweep(settings(data, "jobs/*"), NOW)
    assert left(data) == []
    assert precious.exists()


def test_a_directory_that_became_a_link_to_elsewhere_is_not_swept(data: Path, tmp_path: Path) -> None:
    precious = made(tmp_path / "elsewhere" / "1", 100)
    (data / "jobs").symlink_to(precious.parent)
    sweep.sweep(settings(data, "jobs/*"), NOW)
    assert precious.exists()


def test_what_cannot_be_removed_is_named_and_the_rest_goes(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(data / "a", 100)
    made(data / "b", 100)
    unlink = os.unlink

    def refuse(path: str) -> None:
        if path.endswith("a"):
            raise PermissionError(1, "Operation not permitted", path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", refuse)
    sweep.sweep(settings(data, "*"), NOW)
    assert left(data) == ["a"]
    assert f"cannot remove {data}/a: Operation not permitted" in capsys.readouterr().out


def old_pythons() -> Iterator[str]:
    """This interpreter, and the oldest that nodes may have where this machine has it."""
    yield sys.executable
    yield from (str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.6*/bin/python3")))


def test_the_program_that_a_deploy_places_works_by_itself(data: Path, tmp_path: Path) -> None:
    """As a file of a flow service, with the settings of this test."""
    text = rendered(FLOW)["bin/sweep"].text
    program, _, found = text.rpartition("\nmain(json.loads(")
    assert program.startswith("#!/usr/bin/python3 -IB\n")
    known = json.loads(json.loads(found.rstrip().removesuffix("))")))
    flow = service(FLOW)
    logs = logs_of(desired().node("a1"), flow.id)
    assert [residue["path"] for residue in known["residues"]] == [
        f"{flow.data}/jobs/{{job}}",
        f"{logs}/{{job}}",
        f"{logs}/fate_flow/*.log.*",
    ]
    assert {residue["days"] for residue in known["residues"]} == {14}
    assert known["question"]["argv"][-1] == flow.facts["job_settings"]
    for python in old_pythons():
        made(data / "jobs" / "1" / "a", 100_000)
        literal = json.dumps(json.dumps(settings(data, "jobs/{job}", [])))
        (tmp_path / "sweep").write_text(f"{program}\nmain(json.loads({literal}))\n")
        done = subprocess.run([python, "-IB", str(tmp_path / "sweep")], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "removed 1: things, 0 MiB\n")
        assert left(data) == []


def test_a_change_of_the_retention_restarts_nothing() -> None:
    specs = {spec.path: spec for spec in service(FLOW).specs}
    swept = [spec for path, spec in specs.items() if "sweep" in path]
    assert len(swept) == 3
    assert not any(spec.restarts for spec in swept)


def test_the_units_start_and_end_with_the_service_and_are_as_confined() -> None:
    files = rendered(FLOW)
    unit = f"/etc/systemd/system/{service(FLOW).id.unit}"
    timer = unit.replace(".service", "-sweep.timer")
    assert timer.rpartition("/")[2] in files[unit].text.partition("Wants=")[2].splitlines()[0]
    assert f"PartOf={service(FLOW).id.unit}" in files[timer].text
    swept, own = files[timer.replace(".timer", ".service")].text, files[unit].text
    assert f"User={service(FLOW).user}\n" in swept
    lines = [
        f"{key}={value}"
        for key, value in service(FLOW).protections.items()
        if key in ("ProtectHome", "NoNewPrivileges")
    ]
    assert all(line in swept and line in own for line in lines)


def test_every_residue_of_every_example_lies_in_its_services_own_directories() -> None:
    for found in desired().services.values():
        for residue in found.residues:
            logs = logs_of(desired().node(found.id.node), found.id)
            assert residue.path.startswith((f"{found.data}/", f"{logs}/"))


def test_the_module_imports_nothing_of_ours() -> None:
    assert "fatecloud" not in module_text("fatecloud.probing.sweep").replace("fatecloud: sweeps", "")
