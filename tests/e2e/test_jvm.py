"""A service in a JVM on real nodes: in one of the distribution's, and in one that an operator imported."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import NewSandbox
from program import roots
from raised import RAISED
from serving import NAME, WithServe, jdk_archive, write_inventory, write_release
from two_parties import cluster_id, label

from fatecloud.sandbox.nodes import Sandbox

FIRST = "9999/serve@n1"
MEMORY = 4 << 30
HOME = "/usr/lib/jvm/java-17-openjdk-amd64"
DOCKER = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"
ASK = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=60).read())"

pytestmark = pytest.mark.skipif(not shutil.which("javac"), reason="there is no JDK on this machine")


class World:
    """Two nodes with a limit of memory, and an operator who has imported a JDK."""

    def __init__(self, sandbox: Sandbox, program: WithServe) -> None:
        self.sandbox, self.program = sandbox, program

    def write(self, config: str = "{}") -> None:
        write_inventory(self.program, dict(self.sandbox.addresses), config)

    def asked(self, node: str) -> dict[str, Any]:
        """What the service says of its JVM."""
        found: dict[str, Any] = json.loads(self.sandbox.check(node, ["python3", "-c", ASK, "http://127.0.0.1:8123/"]))
        return found

    def machine(self, node: str) -> dict[str, Any]:
        """What the node's manifest says of it."""
        found: dict[str, Any] = json.loads(
            self.sandbox.check(node, ["cat", "/data/projects/fate/.fatecloud/manifest.json"])
        )["machine"]
        return found

    def whole(self) -> None:
        """Every finding is gone again."""
        assert self.program.wait_for(lambda report: not report["findings"])["findings"] == []


@pytest.fixture(scope="module")
def world(new_sandbox: NewSandbox, tmp_path_factory: pytest.TempPathFactory) -> World:
    handed = new_sandbox("jvm", 2, cache_packages=False, memory=MEMORY)
    home = tmp_path_factory.mktemp("operator")
    inventory = home / "inventory.yml"
    shutil.copy(handed.inventory, inventory)
    program = WithServe(inventory, home / "state", {"FATECLOUD_STORE": str(home / "store")}, catalogue=home)
    jar, archive = write_release(home), jdk_archive(home)
    known = home / "state" / cluster_id(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    world = World(handed.sandbox, program)
    world.write()
    program.ok("secrets", "init")
    program.ok("release", "import", str(jar))
    program.ok("release", "fetch", NAME)
    digest = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True).stdout.split()[0]
    refused = program.run("release", "import", str(archive))
    assert "no one confirmed it" in refused.err
    with RAISED.expecting("PREFLIGHT_JAVA_NONE", "PREFLIGHT_SWAP"):
        unready = program.run("preflight")
    assert unready.status != 0
    assert "PREFLIGHT_JAVA_NONE" in unready.out
    program.ok("release", "import", "--confirm-fingerprint", f"sha256:{digest}", str(archive))
    with RAISED.expecting("PREFLIGHT_SWAP"):
        program.ok("deploy", "--yes", timeout=900)
    return world


def test_each_runs_in_its_own_jvm_with_the_places_that_are_its_own(world: World) -> None:
    of_distribution, imported = world.asked("n1"), world.asked("n2")
    assert of_distribution["java.home"] == HOME
    assert imported["java.home"].startswith("/data/projects/fate/store/tree/")
    for answer, party in ((of_distribution, "9999"), (imported, "10000")):
        slug = f"{label(world.program)}-{party}-serve"
        assert answer["user.home"] == f"/data/projects/fate/data/{slug}"
        assert answer["java.io.tmpdir"] == f"/data/projects/fate/{slug}/run/tmp"
        # An eighth of what the container may use, not of what the machine has.
        assert answer["heap"] <= MEMORY // 8
        assert answer["child"] == 0
    world.whole()


def test_a_second_deploy_and_another_controller_find_nothing_to_do(world: World, tmp_path: Path) -> None:
    with RAISED.expecting("PREFLIGHT_SWAP"):
        assert "nothing to do" in world.program.ok("deploy", "--yes").out
        # It has neither the release nor the JDK in its store.
        other = WithServe(
            world.program.inventory,
            tmp_path / "state",
            {"FATECLOUD_STORE": str(tmp_path / "store")},
            catalogue=world.program.catalogue,
        )
        assert "nothing to do" in other.run("plan", "--accept-new-host-keys").out


def test_a_machine_that_has_grown_is_a_note_and_restarts_nothing(world: World) -> None:
    before = world.machine("n1")
    assert before["memory"] == MEMORY
    container = f"fatecloud-{world.sandbox.name}-n1"
    subprocess.run([DOCKER, "update", "--memory", "6g", "--memory-swap", "12g", container], check=True)
    try:
        with RAISED.expecting("PREFLIGHT_SWAP"):
            plan = world.program.run("plan")
        assert "node n1 has 6 GiB now; its services stay sized for 4 GiB" in plan.err
        assert "nothing to do" in plan.out
        assert world.machine("n1") == before
    finally:
        subprocess.run([DOCKER, "update", "--memory", str(MEMORY), "--memory-swap", "12g", container], check=True)


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ("{jvm: {heap: 5GiB}}", "PREFLIGHT_HEAP"),
        ("{jvm: {heap: 3800MiB, direct: 512MiB}}", "PREFLIGHT_MEMORY"),
        ("{careless: true}", "PREFLIGHT_JAVA_FLAGS"),
    ],
)
def test_what_cannot_start_is_found_before_anything_is_changed(world: World, config: str, code: str) -> None:
    world.write(config)
    try:
        with RAISED.expecting(code, "PREFLIGHT_SWAP"):
            done = world.program.run("preflight", "-o", "json")
            found = {finding["code"] for finding in json.loads(done.out)["findings"]}
            assert code in found
            if code != "PREFLIGHT_MEMORY":
                refused = world.program.run("deploy", "--yes")
                assert refused.status != 0
                assert code in refused.out
    finally:
        world.write()
    world.whole()


def test_a_jvm_that_was_replaced_or_removed_is_found_by_its_code(world: World) -> None:
    update = f"sleep 3; cp -p {HOME}/bin/java {HOME}/bin/new && mv {HOME}/bin/new {HOME}/bin/java"
    world.sandbox.check("n1", ["sh", "-c", update])
    with RAISED.expecting("JAVA_REPLACED"):
        assert roots(world.program.report()) == {"JAVA_REPLACED"}
    world.program.ok("restart", FIRST, "--yes")
    world.whole()
    world.sandbox.check("n1", ["mv", HOME, "/opt/gone"])
    try:
        with RAISED.expecting("JAVA_GONE"):
            assert roots(world.program.report()) == {"JAVA_GONE"}
    finally:
        world.sandbox.check("n1", ["mv", "/opt/gone", HOME])
    world.whole()


def test_one_that_runs_out_of_memory_leaves_its_heap_and_is_started_again(world: World) -> None:
    world.sandbox.exec("n1", ["python3", "-c", ASK, "http://127.0.0.1:8123/eat"], timeout=120)
    dumps = f"/data/projects/fate/logs/{label(world.program)}-9999-serve/dumps"
    assert "java_pid" in world.sandbox.check("n1", ["ls", dumps])
    with RAISED.anything():  # it has just ended by itself, and the checks say so
        report = world.program.wait_for(lambda report: report["status"] == 0, timeout=30)
        assert "SERVICE_FAILED" not in roots(report)
    assert world.asked("n1")["java.home"] == HOME
    world.program.ok("restart", FIRST, "--yes")
    world.whole()
