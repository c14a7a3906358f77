"""Services in a JVM on real nodes: in one of the distribution's, and in one that an operator imported."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raised import RAISED
from tallies import MEMORY, NODES, PORTS, Tallies, until

SERVICE = "count/tally@n1"
HOME, PACKAGE = "/usr/lib/jvm/java-17-openjdk-amd64", "openjdk-17-jre-headless"
DOCKER = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"
pytestmark = pytest.mark.e2e


def test_each_runs_in_its_own_jvm_with_the_places_that_are_its_own(tallies: Tallies) -> None:
    tallies.finds()
    of_distribution, imported = (tallies.of_process(group, "cmdline").split("\0") for group in NODES)
    assert of_distribution[0] == f"{HOME}/bin/java"
    assert imported[0].startswith("/data/projects/fate/store/tree/")
    # An eighth of what the container may use, not of what the machine has.
    assert f"-Xmx{MEMORY // 8}" in imported
    for group, argv in (("count", of_distribution), ("far", imported)):
        slug = tallies.slug(group)
        assert f"-Duser.home=/data/projects/fate/data/{slug}" in argv
        # A library that it has unpacked, and runs from there.
        assert f"/data/projects/fate/{slug}/run/tmp/libio_grpc" in tallies.of_process(group, "maps")
        assert tallies.children(group) == 2


def test_its_database_was_made_on_the_server_of_its_group_and_on_that_of_others(tallies: Tallies) -> None:
    assert tallies.sql("SELECT COUNT(*) FROM tally.entries") == "0"
    assert tallies.sql("SELECT COUNT(*) FROM tally_far.entries", "far") == "0"


def test_a_second_deploy_and_another_controller_find_nothing_to_do(tallies: Tallies, tmp_path: Path) -> None:
    with RAISED.expecting("PREFLIGHT_SWAP"):
        assert "nothing to do" in tallies.program.ok("deploy", "--yes").out
        # It has neither the release nor the JDK in its store.
        store = {"FATECLOUD_STORE": str(tmp_path / "store")}
        other = replace(tallies.program, state=tmp_path / "state", environment=store)
        assert "nothing to do" in other.run("plan", "--accept-new-host-keys").out


def test_a_machine_that_has_grown_is_a_note_and_restarts_nothing(tallies: Tallies) -> None:
    before = tallies.manifest("far")["machine"]
    assert before["memory"] == MEMORY
    container = f"fatecloud-{tallies.sandbox.name}-{NODES['far']}"
    subprocess.run([DOCKER, "update", "--memory", "6g", "--memory-swap", "12g", container], check=True)
    try:
        with RAISED.expecting("PREFLIGHT_SWAP"):
            plan = tallies.program.run("plan")
        assert f"node {NODES['far']} has 6 GiB now; its services stay sized for 4 GiB" in plan.err
        assert "nothing to do" in plan.out
        assert tallies.manifest("far")["machine"] == before
    finally:
        subprocess.run([DOCKER, "update", "--memory", str(MEMORY), "--memory-swap", "12g", container], check=True)


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"jvm": {"heap": "5GiB"}}, "PREFLIGHT_HEAP"),
        ({"jvm": {"heap": "3800MiB", "direct": "512MiB"}}, "PREFLIGHT_MEMORY"),
        ({"careless": True}, "PREFLIGHT_JAVA_FLAGS"),
    ],
)
def test_what_cannot_start_is_found_before_anything_is_changed(
    tallies: Tallies, config: dict[str, Any], code: str
) -> None:
    tallies.write("far", config=config)
    try:
        with RAISED.expecting(code, "PREFLIGHT_SWAP"):
            done = tallies.program.run("preflight", "-o", "json")
            assert code in {finding["code"] for finding in json.loads(done.out)["findings"]}
            if code != "PREFLIGHT_MEMORY":
                refused = tallies.program.run("deploy", "--yes")
                assert refused.status != 0
                assert code in refused.out
    finally:
        tallies.write("far", config={})
    tallies.finds()


def test_a_jvm_that_was_replaced_or_removed_is_used_or_installed_again(tallies: Tallies) -> None:
    update = f"sleep 3; cp -p {HOME}/bin/java {HOME}/bin/new && mv {HOME}/bin/new {HOME}/bin/java"
    tallies.sandbox.check("n1", ["sh", "-c", update])
    tallies.repair(tallies.finds("JAVA_REPLACED"), "JAVA_REPLACED")
    tallies.finds()
    tallies.sandbox.check("n1", ["apt-get", "purge", "-y", "-q", PACKAGE], timeout=120)
    tallies.repair(tallies.finds("JAVA_GONE"), "JAVA_GONE")
    tallies.finds()
    assert tallies.of_process("count", "cmdline").startswith(f"{HOME}/bin/java")


def test_one_that_runs_out_of_memory_leaves_its_heap_and_is_started_again(tallies: Tallies) -> None:
    tallies.make("Leak", 1 << 30)
    dumps = f"/data/projects/fate/logs/{tallies.slug('count')}/dumps"
    until(lambda: "java_pid" in tallies.sandbox.exec("n1", ["ls", dumps]).text, "a dump of its heap")
    listening = ["sh", "-c", f"ss -tln | grep -q :{PORTS['1']}"]
    until(lambda: tallies.sandbox.exec("n1", listening).exit == 0, "a JVM that was started again")
    with RAISED.anything():  # it has just ended by itself, and the checks say so
        report = tallies.program.wait_for(lambda report: report["status"] == 0, timeout=30)
        assert "SERVICE_FAILED" not in {finding["code"] for finding in report["findings"]}
    tallies.program.ok("restart", SERVICE, "--yes")
    tallies.finds()
