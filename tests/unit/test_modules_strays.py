"""A service that lost its supervisord is found, ended properly, and never gets a second copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modules import utility

strays = utility("fatecloud_strays")
supervision = utility("fatecloud_supervision")
node = utility("fatecloud_node")

SERVICE = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
print('up', flush=True)
time.sleep(60)
"""
IDLE = "import time; time.sleep(60)"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs in sessions of their own, as supervisord does."""
    started: list[subprocess.Popen[bytes]] = []

    def run(text: str, *words: str, cwd: Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", text, *words], cwd=cwd, stdout=subprocess.PIPE, start_new_session=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A supervisor's folder with one program, whose home is `tmp_path/home`."""
    folder, home = tmp_path / ".fatecloud" / "supervisor", tmp_path / "home"
    (folder / "conf.d").mkdir(parents=True)
    (home / "run").mkdir(parents=True)
    conf = f"[program:ours]\ncommand={home}/bin/start\ndirectory={home}\nstopsignal=INT\nstopwaitsecs=20\n"
    (folder / "conf.d" / "ours.conf").write_text(conf)
    return folder


@pytest.fixture
def service(start: Start, folder: Path, tmp_path: Path) -> subprocess.Popen[bytes]:
    """The program's process, which no supervisor watches."""
    home = tmp_path / "home"
    process = start(SERVICE, cwd=home)
    assert process.stdout
    process.stdout.readline()
    (home / "run" / "pid").write_text(f"{process.pid}\n")
    return process


def supervised_as(slug: str, top: Path) -> Any:
    home = top / "home" if slug == "ours" else top / slug
    program = {"slug": slug, "home": str(home), "user": "", "base": str(top), "supervisor": "/nonexistent"}
    return supervision.Supervisor(program)


@pytest.fixture
def supervisor(tmp_path: Path, folder: Path) -> object:
    return supervised_as("ours", tmp_path)


def test_a_living_service_is_unsupervised_and_not_absent(supervisor: object, service: subprocess.Popen[bytes]) -> None:
    assert supervisor.state() == "unsupervised"  # type: ignore[attr-defined]
    service.kill()
    service.wait()
    assert supervisor.state() == "absent"  # type: ignore[attr-defined]


def test_what_a_removed_configuration_has_left_is_found_and_ended(
    supervisor: object, service: subprocess.Popen[bytes], folder: Path
) -> None:
    (folder / "conf.d" / "ours.conf").unlink()
    assert supervisor.state() == "unsupervised"  # type: ignore[attr-defined]
    assert supervisor.endangered() == ["ours"]  # type: ignore[attr-defined]
    supervisor.act("stop")  # type: ignore[attr-defined]
    assert service.wait(timeout=20) == -signal.SIGTERM
    assert supervisor.state() == "absent"  # type: ignore[attr-defined]


def test_where_nothing_else_may_be_seen_a_service_has_its_number_since_it_wrote_it_down(
    supervisor: object, service: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_rest: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "readlink", denied)
    monkeypatch.setattr(strays, "_is_others", lambda _pid: True)
    assert supervisor.state() == "unsupervised"  # type: ignore[attr-defined]
    os.utime(tmp_path / "home" / "run" / "pid", (1e9, 1e9))
    assert supervisor.state() == "absent"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("word", "state"), [("RUNNING", "running"), ("STARTING", "starting"), ("BACKOFF", "retrying"), ("FATAL", "failed")]
)
def test_a_program_that_waits_for_its_next_attempt_is_not_starting(
    supervisor: object, monkeypatch: pytest.MonkeyPatch, word: str, state: str
) -> None:
    monkeypatch.setattr(supervision, "call", lambda *_rest, **_more: f"ours   {word}   Exited too quickly")
    monkeypatch.setattr(supervision.Supervisor, "alive", lambda _self: True)
    assert supervisor.state() == state  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("known", "updates"),
    [
        ({"ours": "ours   STOPPED   Not started"}, ["ours"]),
        (
            {"ours": "ours   STOPPED   Not started", "ours-sweep": "ours-sweep   RUNNING   pid 7"},
            ["ours", "ours-sweep"],
        ),
        ({}, []),
    ],
)
def test_a_removed_service_takes_no_other_along(
    supervisor: object, monkeypatch: pytest.MonkeyPatch, known: dict[str, str], updates: list[str]
) -> None:
    asked: list[list[str]] = []

    def call(argv: list[str], *_rest: object, **_more: object) -> str:
        asked.append(argv[-2:])
        return known.get(argv[-1], f"{argv[-1]}: ERROR (no such process)")

    monkeypatch.setattr(supervision, "call", call)
    monkeypatch.setattr(supervision.Supervisor, "alive", lambda _self: True)
    supervisor.forgotten()  # type: ignore[attr-defined]
    assert [words for words in asked if "update" in words] == [["update", name] for name in updates]


def test_a_stop_ends_it_with_the_signal_that_its_supervisor_would_send(
    supervisor: object, service: subprocess.Popen[bytes]
) -> None:
    supervisor.act("stop")  # type: ignore[attr-defined]
    assert service.wait(10) == 0
    assert supervisor.state() == "absent"  # type: ignore[attr-defined]


def test_one_that_does_not_listen_is_killed(folder: Path, start: Start, tmp_path: Path) -> None:
    (program,) = strays.programs(str(folder))
    assert (program.signal, program.patience) == (signal.SIGINT, 20)
    program.patience = 0.2
    deaf = start(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint()\ntime.sleep(60)", cwd=tmp_path
    )
    assert deaf.stdout
    deaf.stdout.read(0)
    assert strays.end(program, deaf.pid)


def test_a_number_of_another_process_is_never_ended(
    supervisor: object, start: Start, folder: Path, tmp_path: Path
) -> None:
    other = start(IDLE, cwd=Path("/"))
    for content in (f"{other.pid}\n", "1\n", "-1\n", "none\n", ""):
        (tmp_path / "home" / "run" / "pid").write_text(content)
        supervisor.act("stop")  # type: ignore[attr-defined]
        assert supervisor.state() == "absent"  # type: ignore[attr-defined]
    assert other.poll() is None


def test_root_ends_no_process_of_another_user(folder: Path, service: subprocess.Popen[bytes]) -> None:
    if os.geteuid() != 0:
        pytest.skip("being root takes root")
    (program,) = strays.programs(str(folder))
    assert strays.main_process(program) == service.pid
    program.user = "daemon"
    assert strays.main_process(program) is None
    strays.send(service.pid, signal.SIGKILL, "daemon")
    assert service.poll() is None


def test_a_silent_supervisord_is_ended_before_its_service_so_that_it_does_not_restart_it(
    supervisor: object, service: subprocess.Popen[bytes], start: Start, folder: Path
) -> None:
    conf = str(folder / "supervisord.conf")
    silent = start(IDLE, "supervisor.supervisord", "-c", conf, cwd=Path("/"))
    deadline = time.monotonic() + 10
    while strays.supervisors(conf) != [silent.pid] and time.monotonic() < deadline:
        time.sleep(0.05)
    supervisor.act("stop")  # type: ignore[attr-defined]
    assert silent.wait(10) == -signal.SIGKILL
    assert service.wait(10) == 0


def test_a_start_of_another_service_would_end_what_outlived_supervisord(
    tmp_path: Path, service: subprocess.Popen[bytes]
) -> None:
    other = supervised_as("other", tmp_path)
    assert (other.state(), other.endangered()) == ("absent", ["ours"])
    service.kill()
    service.wait()
    assert other.endangered() == []


def test_before_supervisord_is_started_no_service_of_it_runs_any_more(
    supervisor: object,
    service: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    living: list[bool] = []

    def call(argv: list[str], *_rest: object, **_more: object) -> str:
        if "supervisor.supervisord" in argv:
            living.append(service.poll() is None)
        return ""

    monkeypatch.setattr(supervision, "call", call)
    monkeypatch.setattr(supervision.Supervisor, "alive", lambda _self: bool(living))
    supervisor.code = "/code"  # type: ignore[attr-defined]
    assert "supervisord" in supervisor.adopt()  # type: ignore[attr-defined]
    assert living == [False]
