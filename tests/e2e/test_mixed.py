"""A party on FATE 1.11.4 and one on FATE 2.2.0 in one inventory, on two nodes that both of them use.

Real jobs run on them, so it needs the real packages of both releases: only where FATECLOUD_PACKAGES names a directory
with those of FATE 2.2.0, and a directory `fate-1.11.4` in it with the others and `python`, a CPython 3.8.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from two_parties import PARTIES, A, B, edit

from fatecloud.errors import Refused, UsageError
from fatecloud.workflow.sandbox import Handed

OLD, NEW = "fate-1.11.4", "fate-2.2.0"
PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none")
OF_OLD = sorted((PACKAGES / OLD).glob("*.tar.gz"))
OF_NEW = [PACKAGES / name for name in ("eggroll.tar.gz", "osx.tar.gz")]
if not OF_OLD or not all(path.is_file() for path in OF_NEW):
    pytest.skip(f"FATECLOUD_PACKAGES names no directory with {OLD} and {NEW}", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MEMORY = 8 << 30
ROUTERS = {A: "rollsite", B: "osx"}
GRPC = {A: 4671, B: 4681}
"""Ports of the nodemanagers: each node has one of each party."""
WHY = "cannot run a job together"


@pytest.fixture(scope="module")
def program(new_sandbox: Callable[..., Handed], store: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The operator of both parties; their store has both releases."""
    handed = new_sandbox("mixed", 2, prepared=True, memory=MEMORY)
    place, addresses = tmp_path_factory.mktemp("mixed"), dict(handed.sandbox.addresses)
    program = operator(handed, place, store, lambda document: _mixed(document, addresses))
    program.ok("release", "fetch", OLD, "--interpreter", str((PACKAGES / OLD / "python").resolve()), timeout=1200)
    import_confirmed(program, OF_OLD)
    import_confirmed(program, OF_NEW)
    return program


def _mixed(document: dict[str, Any], addresses: dict[str, str]) -> None:
    """Each party has a node for everything, and eggs on both."""
    document["release"], document["architecture"] = OLD, "eggroll"
    document["parties"] = {
        party: {
            "addresses": list(addresses.values()),
            "services": {
                **dict.fromkeys(("flow", "mysql", "clustermanager", ROUTERS[node]), node),
                "nodemanager": [A, B],
            },
            "config": {
                "flow": {"computing": {"cores": 4}, "jobs": {"cores": 2}},
                "nodemanager": {"ports": {"grpc": GRPC[node]}},
            },
        }
        for node, party in PARTIES.items()
    }
    document["parties"][PARTIES[B]]["release"] = NEW


@pytest.fixture(scope="module", autouse=True)
def _running(program: Program) -> None:
    """Deployed from nothing, with eggs and a toy of each party as its proof."""
    with RAISED.anything():
        done = program.ok("deploy", "--yes", timeout=2400)
    # Neither of them has another party that it could run a job with.
    for party in PARTIES.values():
        assert f"toy {party} -> {party}" in done.out + done.err


def test_checks_find_nothing_and_a_second_deploy_has_nothing_to_do(program: Program) -> None:
    healthy(program)
    with RAISED.anything():
        assert "nothing to do" in program.ok("deploy", "--yes").out


def test_each_party_runs_jobs_and_none_starts_between_them(program: Program) -> None:
    for party in PARTIES.values():
        program.ok("test", "toy", "--from", party, "--to", party, "--deadline", "600", timeout=700)
    before = jobs(program)
    for guest, host in ((A, B), (B, A)):
        for verb in (("test", "toy"), ("route", "test")):
            refused = program.run(*verb, "--from", PARTIES[guest], "--to", PARTIES[host])
            assert refused.status != 0
            assert WHY in refused.out + refused.err
        assert (
            program.run("test", "toy", "--from", PARTIES[guest], "--to", PARTIES[host]).status == UsageError.exit_status
        )
    assert jobs(program) == before


def test_the_newer_release_is_not_deployed_over_the_older_one(program: Program) -> None:
    before = program.inventory.read_text()

    def upgrade(document: dict[str, Any]) -> None:
        party = document["parties"][PARTIES[A]]
        party["release"] = NEW
        party["services"]["osx"] = party["services"].pop("rollsite")

    edit(program, upgrade)
    try:
        # Flow 2 has passwords that flow 1 knows nothing of.
        program.ok("secrets", "init")
        with RAISED.anything():
            planned = program.run("plan")
            refused = program.run("deploy", "--yes")
        for done in (planned, refused):
            assert done.status == Refused.exit_status
            text = " ".join((done.out + done.err).split())
            assert f"party {PARTIES[A]}: there is no upgrade in place from {OLD} to {NEW}" in text
            assert f"{PARTIES[A]}/rollsite@{A}: 2.5.3, and {NEW} has no rollsite" in text
            assert "models and job outputs" in text
    finally:
        program.inventory.write_text(before)
    healthy(program)
    with RAISED.anything():
        assert "nothing to do" in program.ok("deploy", "--yes").out


def jobs(program: Program) -> list[str]:
    """Ids of all jobs that are left; a smoke test removes its own."""
    return [row["id"] for row in json.loads(program.ok("job", "list", "-o", "json").out)["items"]]


def healthy(program: Program) -> None:
    report = program.report()
    assert (report["findings"], report["status"]) == ([], 0)
