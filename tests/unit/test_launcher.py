"""The launcher ends everything that a command started, except what is meant to live on."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fatecloud.runner import launcher

LAUNCHER = [sys.executable, "-I", launcher.__file__]
ESCAPEE = """\
import os, subprocess, sys, time
# As Ansible's workers do: out of the session, and reparented.
leave = "import os, time; os.setsid(); os.fork() and os._exit(0); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", leave])
child.wait()
time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def marked(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def until(condition: object, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def mark() -> Iterator[str]:
    name = f"LAUNCHER_TEST={uuid.uuid4().hex}"
    yield name
    for pid in marked(name):
        os.kill(pid, signal.SIGKILL)


def environment(mark: str) -> dict[str, str]:
    name, _, value = mark.partition("=")
    return {**os.environ, name: value}


def test_the_exit_status_is_the_commands(tmp_path: Path) -> None:
    command = [*LAUNCHER, str(tmp_path / "stop"), sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(command, check=False).returncode == 7


def test_a_killed_command_gives_128_and_the_signal(tmp_path: Path) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([*LAUNCHER, str(tmp_path / "stop"), sys.executable, "-c", program], check=False)
    assert done.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("how", ["signal", "file"])
def test_asked_to_stop_it_ends_also_what_left_the_session(tmp_path: Path, mark: str, how: str) -> None:
    stop = tmp_path / "stop"
    process = subprocess.Popen([*LAUNCHER, str(stop), sys.executable, "-c", ESCAPEE], env=environment(mark))
    assert until(lambda: len(marked(mark)) >= 3, 10)
    if how == "signal":
        process.terminate()
    else:
        stop.touch()
    assert process.wait(10) == 128 + signal.SIGTERM
    assert marked(mark) == []


def test_it_kills_what_does_not_listen(tmp_path: Path, mark: str) -> None:
    command = [*LAUNCHER, str(tmp_path / "stop"), sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, env=environment(mark), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        process.wait(10)
    assert marked(mark) == []


def test_when_its_parent_is_killed_nothing_lives_on(tmp_path: Path, mark: str) -> None:
    program = (
        f"import subprocess; subprocess.run({[*LAUNCHER, str(tmp_path / 'stop'), sys.executable, '-c', ESCAPEE]!r})"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], env=environment(mark))
    assert until(lambda: len(marked(mark)) >= 4, 10)
    parent.kill()
    parent.wait()
    assert until(lambda: marked(mark) == [], 10)


def test_a_service_is_spared(tmp_path: Path, mark: str) -> None:
    service = "import os, time; os.setsid(); os.fork() and os._exit(0); time.sleep(60)"
    program = (
        "import os, subprocess, sys; "
        f"subprocess.run([sys.executable, '-c', {service!r}], env=dict(os.environ, FATECLOUD_SERVICE='1'))"
    )
    done = subprocess.run(
        [*LAUNCHER, str(tmp_path / "stop"), sys.executable, "-c", program], env=environment(mark), check=False
    )
    assert done.returncode == 0
    assert len(marked(mark)) == 1
