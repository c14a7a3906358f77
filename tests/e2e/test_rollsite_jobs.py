"""Jobs on data, and boards, of FATE 1.11.4: intersection and LR both ways, what they measured, and who sees them.

Fixtures have none of it, so this wants upstream's archives.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from program import Program
from rolling import Rolling
from rollsite_packages import PACKAGES, RELEASE
from rollsites import healthy
from sampling import LONG
from two_parties import PARTIES, A, B, home

from fatecloud.components.board.page import Board, logged_in
from fatecloud.sandbox.nodes import Sandbox

if not PACKAGES:
    pytest.skip(f"FATECLOUD_PACKAGES names no directory with {RELEASE}", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
CHECKS, DURING = (50, 10) if LONG else (5, 1)
JOBS = 4
"""How many jobs may run until enough was seen in them: on a machine with other work, one ends after few checks."""


@pytest.fixture
def nodes(rollsites: Rolling) -> Sandbox:
    return rollsites.nodes


@pytest.fixture
def program(rollsites: Rolling) -> Program:
    return rollsites.program


@pytest.mark.parametrize("kind", ["psi", "lr"])
def test_jobs_on_uploaded_data_run_both_ways_and_leave_nothing(program: Program, nodes: Sandbox, kind: str) -> None:
    for guest, host in ((A, B), (B, A)):
        program.ok("test", kind, "--from", PARTIES[guest], "--to", PARTIES[host], "--deadline", "1200", timeout=1300)
    for node in (A, B):
        # Flow's own archive, in the store, has examples of uploads.
        kept = nodes.check(node, ["find", home(program), "-path", "*/upload/*", "-not", "-path", "*/examples/*"])
        assert kept == ""


def test_checks_find_nothing_also_while_a_job_runs(program: Program) -> None:
    seen = 0
    for _ in range(JOBS):
        with program.start("test", "lr", "--deadline", "1200") as job:
            while job.poll() is None:
                healthy(program)
                seen += 1
            assert job.returncode == 0, job.communicate()
        if seen >= DURING:
            break
    assert seen >= DURING
    for _ in range(seen, CHECKS):
        healthy(program)


def test_what_a_job_measured_is_shown_while_it_runs(program: Program) -> None:
    """A smoke test removes its figures at its end."""
    wanted, seen = {"intersect_count", "loss"}, set[str]()
    for _ in range(JOBS):
        with program.start("test", "lr", "--deadline", "1200") as verb:
            while verb.poll() is None:
                for job in running(program):
                    seen |= {one["name"] for one in answer(program, "job", "metrics", job)["items"]}
            assert verb.returncode == 0, verb.communicate()
        if seen >= wanted:
            break
    assert seen >= wanted


def test_a_board_shows_the_jobs_of_its_party_after_a_login(program: Program, nodes: Sandbox) -> None:
    program.ok("test", "toy", "--deadline", "600", timeout=700)
    newest = answer(program, "job", "list")["items"][0]["id"]
    with opened(program, PARTIES[A]) as port:
        shown(program, PARTIES[A], "127.0.0.1", port, newest)
    shown(program, PARTIES[B], nodes.addresses[B], 8080, newest)


def answer(program: Program, *words: str) -> dict[str, Any]:
    return dict(json.loads(program.ok(*words, "-o", "json").out))


def running(program: Program) -> set[str]:
    return {row["id"] for row in answer(program, "job", "list")["items"] if row["status"] == "running"}


@contextmanager
def opened(program: Program, party: str) -> Iterator[int]:
    """The port of this machine from which a way leads to a board on loopback."""
    command = program.argv("open", "board", "--party", party, "--port", "18080")
    environment = {**os.environ, **program.environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline().strip())
            assert found
            yield int(found[1])
        finally:
            process.send_signal(signal.SIGINT)


def shown(program: Program, party: str, host: str, port: int, job: str) -> None:
    """The page comes, and with the password of the vault the list of jobs."""
    board, password = Board(host, port), program.ok("secrets", "reveal", f"{party}.board.login").out.strip()
    status, page = board.page("/", 60)
    assert (status, b"<title>FATE Board</title>" in page) == (200, True)
    asked = {"pageNum": 1, "pageSize": 10, "orderField": "f_start_time", "orderRule": "desc", "role": [], "status": []}
    assert board.call("/job/query/page/new", 60, asked)["code"] == 10015
    with logged_in(board, "fate", password, 60) as login:
        assert login["data"] is True
        assert job in json.dumps(board.call("/job/query/page/new", 60, asked)["data"])
