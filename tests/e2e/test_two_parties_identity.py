"""A running cluster whose inventory reaches a machine by other ways, or that another cluster would take over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Program
from raised import RAISED
from two_parties import A, cluster_id, cluster_name, edit, home, pids

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.usefixtures("running")]

REFUSED = 6
OTHER_PORT = 2022


@pytest.fixture
def _other_way(program: Program, sandbox: Sandbox) -> Iterator[None]:
    """A second port at which n1 answers, as behind NAT, and the inventory put back afterwards."""
    kept = program.inventory.read_bytes()
    pid = "/run/second-sshd.pid"
    sandbox.check(A, ["/usr/sbin/sshd", "-p", str(OTHER_PORT), "-o", f"PidFile={pid}"])
    yield
    sandbox.exec(A, ["sh", "-c", f"kill $(cat {pid})"])
    program.inventory.write_bytes(kept)


def at_the_other_port(document: dict[str, Any]) -> dict[str, Any]:
    ssh = {**document["defaults"]["ssh"], "port": OTHER_PORT}
    return {**document["nodes"][A], "ssh": ssh}


@pytest.mark.usefixtures("_other_way")
def test_a_second_name_for_a_machine_is_refused_and_changes_nothing(program: Program, sandbox: Sandbox) -> None:
    before = pids(program, sandbox)
    manifest = f"{home(program)}/.fatecloud/manifest.json"
    record = sandbox.check(A, ["cat", manifest])
    edit(program, lambda d: d["nodes"].update({"again": at_the_other_port(d)}))
    with RAISED.expecting("NODE_MISTAKEN", "PREFLIGHT_DUPLICATE_MACHINE_ID"):
        done = program.run("deploy", "--yes", "--limit", "again", "--accept-new-host-keys")
    assert done.status == REFUSED, str(done)
    assert "NODE_MISTAKEN  again" in done.out
    assert f"the machine is node {A}" in done.out
    with RAISED.expecting("NODE_MISTAKEN"):
        found = program.report()["findings"]
    assert [finding["id"] for finding in found if not finding["caused_by"]] == ["NODE_MISTAKEN@again"]
    assert pids(program, sandbox) == before
    assert sandbox.check(A, ["cat", manifest]) == record


@pytest.mark.usefixtures("_other_way")
def test_a_node_at_another_port_is_the_same_node(program: Program, sandbox: Sandbox) -> None:
    before = pids(program, sandbox)
    edit(program, lambda d: d["nodes"].update({A: at_the_other_port(d)}))
    done = program.ok("check", "--accept-new-host-keys")
    assert "no longer in the inventory" not in done.out + done.err
    assert "nothing to do" in program.ok("plan", "--detailed-exitcode").out
    assert pids(program, sandbox) == before


def test_a_cluster_of_the_same_name_does_not_take_over_its_base_directories(
    program: Program, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = pids(program, sandbox)
    for file in program.inventory.parent.glob("inventory*"):
        shutil.copy(file, tmp_path / file.name)
    other = Program(tmp_path / "inventory.yml", tmp_path / "state", program.environment, program.said)
    edit(other, lambda d: d.update(id="d3f9a2b1d4e5f607"))
    with RAISED.anything():
        done = other.run("deploy", "--yes", "--accept-new-host-keys")
    assert done.status == REFUSED, str(done)
    theirs = f"belongs to cluster {cluster_name(program)} (id {cluster_id(program)})"
    assert theirs in " ".join((done.out + done.err).split())
    assert pids(program, sandbox) == before


def test_the_nodes_register_has_the_cluster(program: Program, sandbox: Sandbox) -> None:
    entry = json.loads(sandbox.check(A, ["cat", f"/var/lib/fatecloud/clusters.d/{cluster_id(program)}.json"]))
    assert entry == {"base": home(program), "cluster": cluster_name(program), "id": cluster_id(program), "node": A}
