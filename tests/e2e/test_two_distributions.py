"""The oldest and the newest supported distribution, a node of each, in one federation."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import NewSandbox
from program import Program
from raised import RAISED
from two_parties import A, B, state_of

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

VERIFY = "lr" if os.environ.get("FATECLOUD_LONG") == "1" else "toy"

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


def test_both_deploy_and_run_a_job_together(operator: Program) -> None:
    done = operator.ok("deploy", "--yes", "--verify", VERIFY, timeout=1400)
    assert re.search(rf"{VERIFY} \d+ -> \d+: success", done.err), done
    report = operator.report()
    assert report["findings"] == []
    assert report["status"] == 0
