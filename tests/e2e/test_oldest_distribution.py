"""The oldest supported distribution, with a party of its own. `test_quickstart.py` has the newest."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import NewSandbox
from program import Program
from raised import RAISED
from sampling import LONG
from stores import copied
from two_parties import A, state_of

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed, sandbox_down

JOB = "lr" if LONG else "toy"
OF_DEBIAN_12 = {"glibc": "2.36", "origin": "found"}

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def oldest(new_sandbox: NewSandbox) -> Iterator[Handed]:
    handed = new_sandbox("oldest", 1, "debian-11", cache_packages=False)
    yield handed
    sandbox_down(handed.sandbox.name)  # its memory is needed for what comes next


@pytest.fixture(scope="module")
def node(oldest: Handed) -> Sandbox:
    return oldest.sandbox


def _needs_a_newer_glibc(store: Path) -> None:
    """The store notes that its interpreter is one of Debian 12, whatever it is."""
    for note in store.glob("interpreters/*.json"):
        note.write_text(json.dumps(json.loads(note.read_text()) | OF_DEBIAN_12))


@pytest.fixture(scope="module")
def operator(oldest: Handed, tmp_path_factory: pytest.TempPathFactory, store: Path) -> Program:
    """An operator with a store of their own beside the shared one, for they will fetch another interpreter."""
    home = tmp_path_factory.mktemp("oldest")
    own = home / "store"
    # The artifacts are shared, because an existing one is never written; the note about the interpreter is not.
    copied(store / "sha256", own / "sha256")
    shutil.copytree(store / "interpreters", own / "interpreters")
    _needs_a_newer_glibc(own)
    inventory = home / "inventory.yml"
    shutil.copy(oldest.inventory, inventory)
    # Sockets of ssh below it would have too long paths.
    temporary = home / "a-directory-for-temporary-files-with-a-name-as-some-sites-have-it"
    temporary.mkdir()
    program = Program(inventory, home / "state", {"FATECLOUD_STORE": str(own), "TMPDIR": str(temporary)})
    assert program.run("secrets", "init").status == 0
    state = state_of(program)
    state.mkdir(parents=True, mode=0o700)
    shutil.copy(oldest.known_hosts, state / "known_hosts")
    return program


def test_preflight_prints_the_way_to_an_interpreter_for_its_c_library(node: Sandbox, operator: Program) -> None:
    assert node.check(A, ["getconf", "GNU_LIBC_VERSION"]).split()[1] == "2.31"
    with RAISED.expecting("PREFLIGHT_GLIBC_OLD"):
        before = operator.run("preflight")
    assert "PREFLIGHT_GLIBC_OLD" in before.out, before
    remedy = re.search(r"fatecloud (release fetch \S+ --interpreter maven)", " ".join(before.out.split()))
    assert remedy, before
    operator.ok(*remedy[1].split())
    after = operator.run("preflight")
    assert "checks passed" in after.out, after
    assert "PREFLIGHT_GLIBC" not in after.out


def test_it_runs_a_job_of_its_own(operator: Program) -> None:
    """Of its own: its broker (RabbitMQ 3.8) and the newest (4.0) pass no messages on to each other."""
    operator.ok("deploy", "--yes", "--no-verify", timeout=1400)
    report = operator.report()
    assert report["findings"] == []
    assert report["status"] == 0
    assert "success" in operator.ok("test", JOB, timeout=900).out
