"""The oldest and the newest supported distribution, a node of each, each with a party of its own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import NewSandbox
from program import Program
from raised import RAISED
from two_parties import PARTIES, A, B, edit, state_of

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

JOB = "lr" if os.environ.get("FATECLOUD_LONG") == "1" else "toy"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def mixed(new_sandbox: NewSandbox) -> Handed:
    # Each node installs its packages once, so that there is nothing to win by having them in the images.
    return new_sandbox("mixed", 2, "debian-11,debian-13", cache_packages=False)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copyfile(source, target)


def alone(document: dict[str, Any]) -> None:
    document["architecture"] = "standalone"
    document["parties"] = {party: {"services": {"flow": node}} for node, party in PARTIES.items()}


@pytest.fixture(scope="module")
def operator(mixed: Handed, tmp_path_factory: pytest.TempPathFactory, store: Path) -> Program:
    """An operator with a store of their own beside the shared one, for they will fetch another interpreter."""
    home = tmp_path_factory.mktemp("mixed")
    own = home / "store"
    # The artifacts are shared, for nobody writes to one that is there; the notes about them are not.
    shutil.copytree(store / "sha256", own / "sha256", copy_function=_link)
    for notes in ("derived", "interpreters", "releases"):
        shutil.copytree(store / notes, own / notes)
    inventory = home / "inventory.yml"
    shutil.copy(mixed.inventory, inventory)
    # Sockets of ssh below it would have too long paths.
    temporary = home / "a-directory-for-temporary-files-with-a-name-as-some-sites-have-it"
    temporary.mkdir()
    program = Program(inventory, home / "state", {"FATECLOUD_STORE": str(own), "TMPDIR": str(temporary)})
    edit(program, alone)
    assert program.run("secrets", "init").status == 0
    state = state_of(program)
    state.mkdir(parents=True, mode=0o700)
    shutil.copy(mixed.known_hosts, state / "known_hosts")
    return program


@pytest.fixture(scope="module")
def nodes(mixed: Handed) -> Sandbox:
    return mixed.sandbox


def test_the_c_libraries_differ(nodes: Sandbox) -> None:
    assert nodes.check(A, ["getconf", "GNU_LIBC_VERSION"]).split()[1] == "2.31"
    assert nodes.check(B, ["getconf", "GNU_LIBC_VERSION"]).split()[1] == "2.41"


def test_preflight_prints_the_way_to_an_interpreter_for_the_old_one(operator: Program) -> None:
    with RAISED.expecting("PREFLIGHT_GLIBC_OLD"):
        before = operator.run("preflight")
    assert "checks passed" in before.out, before
    if "PREFLIGHT_GLIBC_OLD" in before.out:  # not where the shared store has an interpreter that runs anywhere
        remedy = re.search(r"fatecloud (release fetch \S+ --interpreter maven)", before.out)
        assert remedy, before
        operator.ok(*remedy[1].split())
    after = operator.run("preflight")
    assert "checks passed" in after.out, after
    assert "PREFLIGHT_GLIBC" not in after.out


@pytest.mark.parametrize("party", PARTIES.values())
def test_each_runs_a_job_of_its_own(operator: Program, party: str) -> None:
    """Of its own: brokers as far apart as theirs (RabbitMQ 3.8 and 4.0) pass no messages on to each other."""
    if party == PARTIES[A]:
        operator.ok("deploy", "--yes", "--no-verify", timeout=1400)
        report = operator.report()
        assert report["findings"] == []
        assert report["status"] == 0
    assert "success" in operator.ok("test", JOB, "--from", party, "--to", party, timeout=900).out
