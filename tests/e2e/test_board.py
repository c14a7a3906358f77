"""A party with the real FATEBoard, which no registry has: only where FATECLOUD_PACKAGES names a directory with its
archive.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

PACKAGES = os.environ.get("FATECLOUD_PACKAGES", "")
FOUND = sorted(Path(PACKAGES).glob("fateboard*")) if PACKAGES else []
if not FOUND:
    pytest.skip("FATECLOUD_PACKAGES names no directory with FATEBoard", allow_module_level=True)
pytestmark = pytest.mark.e2e
NODE, PARTY = "n1", "9999"
MEMORY = 6 << 30


@pytest.fixture(scope="module")
def sandbox(new_sandbox: Callable[..., Handed]) -> Handed:
    return new_sandbox("board", 1, prepared=True, memory=MEMORY)


@pytest.fixture(scope="module")
def nodes(sandbox: Handed) -> Sandbox:
    return sandbox.sandbox


@pytest.fixture(scope="module")
def program(sandbox: Handed, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The operator of a party that computes alone."""

    def alone(document: dict[str, Any]) -> None:
        document["architecture"] = "standalone"
        document["parties"] = {PARTY: {"services": {"flow": NODE, "board": NODE}}}

    return operator(sandbox, tmp_path_factory.mktemp("board"), store, alone)


@pytest.fixture(scope="module")
def running(program: Program) -> None:
    """Deployed from nothing."""
    with RAISED.anything():
        refused = program.run("deploy", "--yes")
    assert refused.status != 0
    assert "fateboard" in refused.err + refused.out
    import_confirmed(program, FOUND[:1])
    with RAISED.anything():
        program.ok("deploy", "--yes", "--no-verify", timeout=1800)


@pytest.mark.usefixtures("running")
def test_it_is_healthy_and_a_second_deploy_has_nothing_to_do(program: Program, nodes: Sandbox) -> None:
    report = program.wait_for(lambda report: report["status"] == 0)
    assert (report["findings"], report["status"]) == ([], 0)
    assert "nothing to do" in program.ok("deploy", "--yes").out
    listening = nodes.check(NODE, ["ss", "-ltnH", "sport = :8080"])
    assert "127.0.0.1" in listening
    assert "*:8080" not in listening


@pytest.mark.usefixtures("running")
def test_its_page_comes_through_ssh(program: Program) -> None:
    command = program.argv("open", "board", "--party", PARTY, "--port", "18080")
    environment = {**os.environ, **program.environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as opened:
        try:
            assert opened.stdout is not None
            url = opened.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url)
            with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own port
                assert b"<title>FateBoard</title>" in answer.read()
        finally:
            opened.send_signal(signal.SIGINT)
    assert opened.returncode == 0
