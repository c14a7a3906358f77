"""A service's processes as the collector describes them: the main one, and the others apart from it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fatecloud.collect.node import members, processes
from fatecloud.collect.node.processes import command_line

BUSY = "import os, time\nwhile True: os.getppid(); time.sleep(0.001)"
TRACER = """
import ctypes, os, signal, sys
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
child = int(sys.argv[1])
if ptrace(16, child, None, None):
    sys.exit(77)
os.waitpid(child, 0)
print("attached", flush=True)
while sys.argv[2] == "runs":
    ptrace(24, child, None, None)  # until its next system call, as strace does
    os.waitpid(child, 0)
signal.pause()
"""


@pytest.fixture(autouse=True)
def fresh_table() -> Iterator[None]:
    """The table of processes is read once per run of the collector."""
    processes._table.clear()
    yield
    processes._table.clear()


@pytest.fixture
def main() -> Iterator[subprocess.Popen[str]]:
    """A service with two children, in a group of its own, as supervisor starts one; it prints their numbers."""
    script = (
        "import subprocess, sys, time\n"
        f"for _ in 'ab': print(subprocess.Popen([sys.executable, '-c', {BUSY!r}]).pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "x" * 2000], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def children_of(main: subprocess.Popen[str]) -> tuple[int, int]:
    assert main.stdout
    pids = int(main.stdout.readline()), int(main.stdout.readline())
    # Right after its start a process has no command line for a moment.
    until(lambda: all(command_line(pid, 1) for pid in (main.pid, *pids)))
    return pids


def look(main: subprocess.Popen[str]) -> dict[str, Any]:
    processes._table.clear()
    found = members.family({"key": "1/a@n", "supervision": "supervisor"}, main.pid)
    return members.figures(main.pid, found, members.frozen(found))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.01)


def state_of(pid: int) -> str:
    process = processes.process_of(pid)
    return process.state if process else ""


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    until(lambda: state_of(pid) == "T")


def test_the_main_process_and_its_children_are_described_apart(main: subprocess.Popen[str]) -> None:
    pids = children_of(main)
    found = look(main)
    assert (found["main"]["pid"], found["main"]["frozen"], found["main"]["threads"]) == (main.pid, False, 1)
    assert found["main"]["files"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert {child["pid"] for child in found["children"]} == set(pids)
    assert not any(child["frozen"] for child in found["children"])
    for process in (found["main"], *found["children"]):
        assert process["command"].startswith(sys.executable)
        assert len(process["command"]) <= (4000 if process is found["main"] else 1000)
        assert 0 <= process["age"] < 60
        assert process["fds"] > 0
    assert (found["processes"], found["pids"]) == (3, sorted((main.pid, *pids)))


def test_a_stopped_child_leaves_the_main_process_alone_and_comes_first(main: subprocess.Popen[str]) -> None:
    _, second = children_of(main)
    stop(second)
    found = look(main)
    assert (found["main"]["frozen"], found["main"]["state"] in "SR") == (False, True)
    assert [(child["pid"] == second, child["frozen"]) for child in found["children"]] == [(True, True), (False, False)]


def test_a_stopped_main_process_is_frozen(main: subprocess.Popen[str]) -> None:
    children_of(main)
    stop(main.pid)
    assert (look(main)["main"]["state"], look(main)["main"]["frozen"]) == ("T", True)


def test_a_process_that_ran_between_two_looks_is_not_frozen(
    main: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = children_of(main)
    stop(first)

    def goes_on(_seconds: float) -> None:
        before = members._switches(first)
        os.kill(first, signal.SIGCONT)
        until(lambda: members._switches(first) != before)
        stop(first)

    found = members.family({"key": "1/a@n", "supervision": "supervisor"}, main.pid)
    monkeypatch.setattr(time, "sleep", goes_on)
    assert members.frozen(found) == set()


@pytest.mark.parametrize(("how", "frozen"), [("runs", False), ("holds", True)])
def test_a_traced_child_is_frozen_only_while_its_tracer_holds_it(
    main: subprocess.Popen[str], how: str, *, frozen: bool
) -> None:
    first, _ = children_of(main)
    ctypes.CDLL(None).prctl(0x59616D61, -1)  # PR_SET_PTRACER: no part in what is tested, only whether it may be
    with subprocess.Popen([sys.executable, "-c", TRACER, str(first), how], stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout
        if tracer.stdout.readline() != "attached\n":
            pytest.skip("this machine lets no process trace another one")
        try:
            if frozen:
                until(lambda: state_of(first) == "t")
            found = look(main)
            assert [c["frozen"] for c in found["children"] if c["pid"] == first] == [frozen]
            assert not found["main"]["frozen"]
        finally:
            tracer.kill()


def test_a_process_whose_parent_ended_still_belongs_to_the_group_that_supervisor_made() -> None:
    left = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"]
    script = f"import subprocess, time\nprint(subprocess.check_output({left!r}, text=True), flush=True)\ntime.sleep(60)"
    service = [sys.executable, "-c", script]
    pids = []
    with contextlib.ExitStack() as started:
        for _ in "ab":
            group = started.enter_context(subprocess.Popen(service, stdout=subprocess.PIPE, text=True, process_group=0))
            started.callback(os.killpg, group.pid, signal.SIGKILL)
            assert group.stdout
            pids.append((group, int(group.stdout.readline())))
        (ours, orphan), (_, other) = pids
        found = look(ours)["pids"]
        assert (orphan in found, other in found) == (True, False)


def test_only_so_many_children_are_described() -> None:
    line = ["S", "1", "2", *("0",) * 16, "5", "0", "7"]
    family = [processes.Process("x", 1000 + n, line) for n in range(400)]
    found = members.figures(1000, family, {1399})
    assert (len(found["children"]), found["processes"], found["children"][0]["pid"]) == (50, 400, 1399)
