"""What a node prints while Ansible works on it is bounded before anything collects it in memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "playbooks" / "connection_plugins"
ANSIBLE = Path(sys.executable).with_name("ansible")
HERE = """#!/bin/sh
# In the place of ssh: its last argument is the command, and this machine is the node.
for last; do :; done
exec /bin/sh -c "$last"
"""
ENDLESS = """#!/bin/sh
# Ansible first asks what the program itself can do, with two words.
test $# -gt 2 || exit 255
cat >/dev/null
exec yes 'a line of a login that never stops printing' {}
"""
LARGEST = 400 << 10
"""KiB that a process of Ansible may take; it has 60 MB with an empty answer."""


def ping(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Ansible's own test of a node, which is reached by this program."""
    ssh = folder / "ssh"
    ssh.write_text(program)
    ssh.chmod(0o755)
    variables = (
        f"ansible_connection=fatecloud_ssh ansible_ssh_executable={ssh} ansible_python_interpreter={sys.executable}"
    )
    (folder / "hosts").write_text(f"n1 {variables}\n")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"ANSIBLE_CONNECTION_PLUGINS": str(PLUGINS), "ANSIBLE_HOME": str(folder / "home"), "LANG": "C.UTF-8"}
    environment |= {"ANSIBLE_PIPELINING": "True", "ANSIBLE_NOCOLOR": "True"}
    return subprocess.run(
        [ANSIBLE, "-i", str(folder / "hosts"), "n1", "-m", "ping"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_node_is_reached_as_by_ansibles_own_connection(tmp_path: Path) -> None:
    done = ping(tmp_path, HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ping": "pong"' in done.stdout


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_an_endless_answer_is_cut_off_and_named(tmp_path: Path, stream: str) -> None:
    done = ping(tmp_path, ENDLESS.format(stream))
    assert "UNREACHABLE" in done.stdout
    assert "it answered with more than 4 MiB" in done.stdout
    assert len(done.stdout) < 4000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < LARGEST
