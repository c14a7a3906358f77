"""Software that writes inside its own directory: what is declared goes to its data, logs or `run`, all else is refused.

One service on each of three nodes: under systemd, under supervisor with root, under supervisor without.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import NewSandbox
from program import Program, roots
from raised import RAISED
from repairs import commands, repair
from two_parties import cluster_id, label, task

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.shipped import folder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

FIXTURE = Path(__file__).parents[1] / "fixtures" / "egg"
NAME = "egg-1"
RELEASE = """\
name: egg-1
summary: Software that writes inside its own directory, for tests
arch: x86_64
components: {egg: "1"}
minimum: {}
architectures: [standalone]
unsupported: {}
trees:
  egg: {root: egg}
  twin: {root: egg}
"""
NODES = {
    "n1": {"supervision": "systemd"},
    "n2": {"supervision": "supervisor"},
    "n3": {"become": "none"},
}
PARTIES = {"n1": "9999", "n2": "10000", "n3": "10001"}
OF_A_BARE_MACHINE = ("PREFLIGHT_BOOT_START", "PREFLIGHT_NOFILE", "PREFLIGHT_NPROC", "PREFLIGHT_SWAP")
"""Warnings that are true of such nodes: they have no cron, and the limits that the container engine gives to them."""
DECLARED = {"logs/session/out", "data/store/block", "bin/pid/boot"}
OF_THE_SERVICE = {"new", "bin/new", "conf/new", "conf/egg.properties"}
"""Below the service's own home, which is the login's where there is no root."""
SHARED = {"lib/new", "lib/shared.txt", "python/cache/new"}
VIEWS = ("egg", "twin")
PREPARED = "Remove services that the inventory no longer has"
"""The task that comes when a node has all that is not a service's own."""
SUPERVISOR = ".fatecloud/supervisor/supervisord.pid"
UNFINISHED = ("DEPLOY_INCOMPLETE", "LEASE_STALE")
LATER = """
import json, sys
lease = json.load(open(sys.argv[1]))
lease["expires"] -= 86400
open(sys.argv[1], "w").write(json.dumps(lease))
"""
"""Lets the lock of a run be a day older."""


@dataclass
class WithEgg(Program):
    """fatecloud as it is with the component and a release of it."""

    place: Path = Path()

    def argv(self, *words: str) -> list[str]:
        """The same words, for the program of the fixture."""
        return [sys.executable, str(FIXTURE / "with_egg.py"), str(self.place), *super().argv(*words)[1:]]


@dataclass
class World:
    """Three nodes, and an operator with the release."""

    sandbox: Sandbox
    program: WithEgg

    def base(self, node: str) -> str:
        return "/home/ops/fatecloud" if node == "n3" else "/data/projects/fate"

    def no_orphan(self, node: str) -> None:
        """Wait for what the killed run still has at work there."""
        deadline = time.monotonic() + 120
        while left := self.sandbox.exec(node, ["pgrep", "-fa", "[A]nsiballZ"]).text:
            assert time.monotonic() < deadline, left
            time.sleep(0.5)

    def slug(self, node: str) -> str:
        return f"{label(self.program)}-{PARTIES[node]}-egg"

    def said(self, node: str) -> dict[str, Any]:
        """What the service says that it could write."""
        text = self.sandbox.check(node, ["cat", f"{self.base(node)}/data/{self.slug(node)}/answer.json"])
        found: dict[str, Any] = json.loads(text)
        return found


def written(place: Path) -> Path:
    """Pack the tree, and write its release, the locks and the templates; the archive."""
    archive = place / "egg-1.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        out.add(FIXTURE / "tree", "egg", filter=lambda member: None if "__pycache__" in member.name else member)
    (place / f"{NAME}.yaml").write_text(RELEASE)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    for view in VIEWS:
        lock = f"egg==1 --hash=sha256:{digest}  # {archive.name} {archive.stat().st_size}\n"
        (place / f"{NAME}.{view}.lock.txt").write_text(lock)
    shutil.copytree(folder("templates"), place / "templates")
    shutil.copytree(FIXTURE / "templates", place / "templates", dirs_exist_ok=True)
    return archive


@pytest.fixture(scope="module")
def world(new_sandbox: NewSandbox, tmp_path_factory: pytest.TempPathFactory) -> World:
    handed = new_sandbox("views", 3, cache_packages=False)
    home = tmp_path_factory.mktemp("operator")
    document = yaml.safe_load(handed.inventory.read_text())
    document["release"], document["architecture"] = NAME, "standalone"
    document["nodes"] = {name: {"address": handed.sandbox.addresses[name], **more} for name, more in NODES.items()}
    document["parties"] = {party: {"services": {"egg": node}} for node, party in PARTIES.items()}
    inventory = home / "inventory.yml"
    inventory.write_text(yaml.safe_dump(document))
    program = WithEgg(inventory, home / "state", {"FATECLOUD_STORE": str(home / "store")}, place=home)
    archive = written(home)
    known = home / "state" / cluster_id(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    program.ok("secrets", "init")
    program.ok("release", "import", str(archive))
    program.ok("release", "fetch", NAME)
    world = World(handed.sandbox, program)
    deploy_after_one_was_killed(world)
    return world


def deploy_after_one_was_killed(world: World) -> None:
    """The first deploy is killed when the nodes are ready for services; an hour later, a check says what to do."""
    with RAISED.anything():
        assert world.program.kill_at(task(PREPARED), "deploy", "--yes", timeout=900)
        for node in NODES:
            world.no_orphan(node)
            world.sandbox.check(node, ["python3", "-c", LATER, f"{world.base(node)}/.fatecloud/lease.json"])
        found = world.program.report()["findings"]
        assert {one["code"] for one in found if one["subject"]["node"] == "n1"} == {*UNFINISHED}, found
        said = {run["command"] for one in found if one["code"] in UNFINISHED for run in commands(one)}
        assert len(said) == 1, "one command is for both"
        repair(world.program, world.sandbox, next(one for one in found if one["code"] in UNFINISHED))


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("view", VIEWS)
def test_what_is_declared_can_be_written_and_lies_with_the_services_own(world: World, node: str, view: str) -> None:
    found, base, slug = world.said(node)[view], world.base(node), world.slug(node)
    assert {found["said"][path] for path in DECLARED} == {"done"}
    assert found["real"]["logs"] == f"{base}/logs/{slug}/{view}"
    assert found["real"]["data"] == f"{base}/data/{slug}/{view}"
    assert found["real"]["bin/pid"] == f"{base}/{slug}/run/pid-{view}"
    for path in (f"{base}/logs/{slug}/{view}/session/out", f"{base}/data/{slug}/{view}/store/block"):
        assert world.sandbox.check(node, ["cat", path]) == "x"


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("view", VIEWS)
def test_all_else_is_refused(world: World, node: str, view: str) -> None:
    said = world.said(node)[view]["said"]
    refused = {path for path, answer in said.items() if answer in ("EROFS", "EACCES")}
    # Without root the service is the login, to which its home belongs: only what services share is closed to it.
    assert refused == SHARED | (OF_THE_SERVICE if node != "n3" else set())


@pytest.mark.parametrize("node", NODES)
def test_a_service_has_its_own_configuration_over_files_that_all_share(world: World, node: str) -> None:
    answer = world.said(node)
    assert answer["home"] == f"{world.base(node)}/{world.slug(node)}/trees/egg"
    for view in VIEWS:
        assert answer[view]["conf"] == f"name={view}\n"
    assert answer["egg"]["real"]["lib/shared.txt"].startswith(f"{world.base(node)}/store/tree/")
    assert answer["twin"]["real"]["lib/shared.txt"] == answer["home"].replace("trees/egg", "trees/twin/lib/shared.txt")
    trees = world.sandbox.check(node, ["ls", f"{world.base(node)}/store/tree"]).split()
    assert len(trees) == (1 if node == "n1" else 2), "one for both views, and supervisor's"


def test_nothing_is_found_and_a_second_deploy_has_nothing_to_do(world: World) -> None:
    assert world.program.report()["findings"] == []
    with RAISED.expecting(*OF_A_BARE_MACHINE):
        assert "nothing to do" in world.program.ok("deploy", "--yes").out


def test_a_service_that_lost_its_supervisor_has_one_again(world: World) -> None:
    world.sandbox.check("n2", ["sh", "-ec", f"kill -KILL $(cat {world.base('n2')}/{SUPERVISOR})"])
    with RAISED.anything():
        report = world.program.wait_for(lambda report: roots(report) == {"SERVICE_UNSUPERVISED"})
        (found,) = report["findings"]
        repair(world.program, world.sandbox, found)
        assert world.program.wait_for(lambda report: report["status"] == 0)["findings"] == []
