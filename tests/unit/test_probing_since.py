"""When a process started, by an argument of its command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from fatecloud.probing.since import started

TICKS = os.sysconf("SC_CLK_TCK")


def process(proc: Path, pid: int, command: bytes, seconds: int) -> None:
    place = proc / str(pid)
    place.mkdir(parents=True)
    (place / "cmdline").write_bytes(command)
    fields = ["S", *(["0"] * 18), str(seconds * TICKS), "0"]
    (place / "stat").write_text(f"{pid} (a (b) c) {' '.join(fields)}\n")


def test_the_newest_process_with_the_whole_argument_counts(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu 1 2 3\nbtime 1000\nprocesses 7\n")
    (tmp_path / "12").mkdir()
    process(tmp_path, 20, b"java\0-Da=/x\0Main\0", 50)
    process(tmp_path, 21, b"java\0-Da=/x\0Main\0", 70)
    process(tmp_path, 22, b"java\0-Da=/xy\0Main\0", 90)
    assert started("-Da=/x", str(tmp_path)) == 1070
    assert started("-Da=/z", str(tmp_path)) is None


def test_a_process_of_this_machine_has_just_started() -> None:
    word = f"fatecloud-{os.getpid()}"
    before = time.time()
    command = [sys.executable, "-c", "print(flush=True); input()", word]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        # Before this line, the kernel may not show the words of its command yet.
        child.stdout.readline()
        begun = started(word)
        child.communicate(b"\n")
    assert begun is not None
    assert begun >= before - 3
