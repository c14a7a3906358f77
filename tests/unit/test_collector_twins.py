"""Second copies of a service are found among the processes of the machine, and nothing else is taken for one."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from component_world import service

from fatecloud.collect.node import processes, twins
from fatecloud.collect.node.processes import command_line

MAIN = "org.fedai.eggroll.nodemanager.Bootstrap"
UPSTREAM = ("-cp", "/opt/eggroll/lib/*:", MAIN, "-p", "4671", "-s", "EGGROLL_DEAMON")


@contextmanager
def running(tmp_path: Path, *arguments: str, name: str = "java") -> Iterator[int]:
    """A program of this name with these arguments, which sleeps."""
    program = tmp_path / name
    if not program.exists():
        program.write_text("#!/bin/sh\nread line\n")
        program.chmod(0o755)
    child = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 20
        while not command_line(child.pid, 1):  # for a moment after its start it has none
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield child.pid
    finally:
        child.communicate(b"\n")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of processes is read once per run."""
    monkeypatch.setattr(processes, "_table", {})


@pytest.mark.parametrize(
    "arguments",
    [UPSTREAM, (*UPSTREAM[:2], MAIN, "-c", "/etc/eggroll.properties", "-p", "4671")],
    ids=["by upstream's script", "as fatecloud starts it"],
)
def test_a_nodemanager_of_the_same_port_is_a_second_copy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    pattern = service("9999/nodemanager@a1", "eggroll").process.twin
    with running(tmp_path, *arguments) as pid:
        (found,) = twins.twins(pattern, twins.strangers(()))
        assert found["pid"] == pid
        assert MAIN in found["command"]
        assert twins.twins(pattern, twins.strangers([pid])) == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("java", (*UPSTREAM[:4], "46710")),
        ("java", (*UPSTREAM[:2], "org.fedai.eggroll.clustermanager.Bootstrap", "-p", "4671")),
        ("less", UPSTREAM),
    ],
    ids=["of another port", "another manager", "not a JVM"],
)
def test_others_are_none(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    pattern = service("9999/nodemanager@a1", "eggroll").process.twin
    with running(tmp_path, *arguments, name=name):
        assert twins.twins(pattern, twins.strangers(())) == []


def test_one_in_a_container_with_a_network_of_its_own_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = service("9999/nodemanager@a1", "eggroll").process.twin
    with running(tmp_path, *UPSTREAM) as pid:
        real = twins._network
        monkeypatch.setattr(twins, "_network", lambda name: "net:[2]" if name == str(pid) else real(name))
        assert twins.twins(pattern, twins.strangers(())) == []
