"""A candidate interpreter is judged by running it."""

import platform
import sys
from pathlib import Path

import pytest

from fatecloud.artifacts import judge as room
from fatecloud.artifacts.judge import judge

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
MACHINE = platform.machine()


def script(folder: Path, text: str) -> Path:
    file = folder / "python3.10"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_a_running_interpreter_reports_where_it_really_is() -> None:
    judgement = judge(Path(sys.executable), ("ssl", "zlib"), minor=MINOR, machine=MACHINE)
    assert judgement.problem == ""
    assert judgement.version == platform.python_version()
    assert judgement.missing == ()
    assert judgement.program.is_file()
    assert not judgement.program.is_symlink()
    assert (judgement.stdlib / "os.py").is_file()


def test_missing_modules_are_listed() -> None:
    judgement = judge(Path(sys.executable), ("zlib", "no_such_module"), minor=MINOR, machine=MACHINE)
    assert judgement.missing == ("no_such_module",)


def test_another_series_is_a_problem() -> None:
    judgement = judge(Path(sys.executable), (), minor="3.1", machine=MACHINE)
    assert judgement.problem == f"is CPython {platform.python_version()}, expected CPython 3.1"


def test_another_processor_is_a_problem() -> None:
    assert "expected riscv64" in judge(Path(sys.executable), (), minor=MINOR, machine="riscv64").problem


def test_a_shim_without_a_selected_version_is_a_problem(tmp_path: Path) -> None:
    shim = script(tmp_path, "echo 'pyenv: python3.10: command not found' >&2; exit 127")
    problem = judge(shim, (), minor="3.10", machine=MACHINE).problem
    assert problem == "does not run: exit status 127, pyenv: python3.10: command not found"


@pytest.mark.parametrize("text", ["echo hello", "exit 0"])
def test_what_does_not_answer_like_a_python_is_none(tmp_path: Path, text: str) -> None:
    assert "does not answer like a Python" in judge(script(tmp_path, text), (), minor="3.10", machine=MACHINE).problem


def test_a_program_that_hangs_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TIMEOUT", 0.3)
    assert "timed out" in judge(script(tmp_path, "exec sleep 60"), (), minor="3.10", machine=MACHINE).problem


def test_no_program_and_no_executable_are_problems(tmp_path: Path) -> None:
    assert "does not run" in judge(tmp_path / "absent", (), minor="3.10", machine=MACHINE).problem
    (tmp_path / "plain").write_text("text")
    assert "does not run" in judge(tmp_path / "plain", (), minor="3.10", machine=MACHINE).problem


def test_of_a_directory_the_program_in_it_is_named(tmp_path: Path) -> None:
    assert judge(tmp_path, (), minor="3.8", machine="x86_64").problem == (
        f"is a directory; name the program in it: {tmp_path}/bin/python3.8"
    )


def test_the_environment_of_the_controller_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    assert judge(Path(sys.executable), (), minor=MINOR, machine=MACHINE).problem == ""
