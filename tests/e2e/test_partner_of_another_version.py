"""A party on FATE 1.11.4 and one on FATE 2.2.0, each with operators of its own who do not know what the other one runs.

The routers understand each other, and the flows do not. It needs the real packages of both releases: only where
FATECLOUD_PACKAGES names a directory with those of FATE 2.2.0, and a directory `fate-1.11.4` in it with the others and
`python`, a CPython 3.8.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from two_parties import PARTIES, A, B

from fatecloud.workflow.sandbox import Handed

PACKAGES = Path(os.environ.get("FATECLOUD_PACKAGES") or "none")
RELEASES = {A: "fate-1.11.4", B: "fate-2.2.0"}
ARCHIVES = {
    A: sorted((PACKAGES / RELEASES[A]).glob("*.tar.gz")),
    B: [PACKAGES / name for name in ("eggroll.tar.gz", "osx.tar.gz")],
}
ROUTERS = {A: "rollsite", B: "osx"}
OTHER = {A: B, B: A}
if not ARCHIVES[A] or not all(path.is_file() for path in ARCHIVES[B]):
    pytest.skip("FATECLOUD_PACKAGES names no directory with both releases", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MEMORY = 10 << 30
PORT = 9370


def alone(document: dict[str, Any], node: str, addresses: dict[str, str]) -> None:
    """The party of a node with its own release, and the other one as a partner that others run."""
    other = OTHER[node]
    document["release"], document["architecture"] = RELEASES[node], "eggroll"
    document["nodes"] = {node: document["nodes"][node]}
    services = dict.fromkeys(("flow", "mysql", "clustermanager", "nodemanager", ROUTERS[node]), node)
    config = {"flow": {"jobs": {"cores": 2}}}
    party = {"addresses": [addresses[node]], "services": services, "config": config}
    document["parties"] = {PARTIES[node]: party}
    document["peers"] = {PARTIES[other]: {"proxy": f"{addresses[other]}:{PORT}", "addresses": [addresses[other]]}}


@pytest.fixture(scope="module")
def operators(
    new_sandbox: Callable[..., Handed], store: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Program]:
    """By the node: who runs it, with everything deployed and proven within the party."""
    handed = new_sandbox("versions", 2, prepared=True, memory=MEMORY)
    addresses = dict(handed.sandbox.addresses)
    found: dict[str, Program] = {}
    for node in PARTIES:
        place = tmp_path_factory.mktemp(node)
        program = operator(handed, place, store, functools.partial(alone, node=node, addresses=addresses))
        if node == A:
            python = str((PACKAGES / RELEASES[A] / "python").resolve())
            program.ok("release", "fetch", RELEASES[A], "--interpreter", python, timeout=1200)
        import_confirmed(program, ARCHIVES[node])
        with RAISED.anything():
            program.ok("deploy", "--yes", timeout=2400)
        found[node] = program
    return found


@pytest.mark.parametrize("node", PARTIES)
def test_each_side_names_the_version_and_nothing_else(operators: dict[str, Program], node: str) -> None:
    program = operators[node]
    subject = f"{PARTIES[node]}/{ROUTERS[node]}@{node}"
    with RAISED.anything():
        report = program.report()
    found = [finding["id"] for finding in report["findings"]]
    assert found == [f"{ROUTERS[node].upper()}_PEER_VERSION@{subject}"], report["findings"]


@pytest.mark.parametrize("node", PARTIES)
def test_a_test_of_the_route_says_that_no_job_can_run(operators: dict[str, Program], node: str) -> None:
    with RAISED.anything():
        tried = operators[node].run("route", "test", "--to", PARTIES[OTHER[node]])
    assert tried.status != 0
    generation = {A: "FATE 2", B: "FATE 1"}[node]
    assert f"its flow has the API of {generation}, and no other" in tried.out + tried.err
