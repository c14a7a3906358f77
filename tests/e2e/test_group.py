"""A group beside two parties: an ensemble of three ZooKeepers and a Redis for serving. The tests run in order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError
from kazoo.security import OPEN_ACL_UNSAFE, make_digest_acl
from program import Program, roots
from raised import RAISED
from repairs import repair
from two_parties import cluster_name, edit, home, label, slug, state_of, unit

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

NODES = ("n1", "n2", "n3")
KEEPERS = {node: f"serving/zookeeper@{node}" for node in NODES}
CACHE_NODE = "n3"
CACHE = f"serving/redis@{CACHE_NODE}"
PASSWORDS = ("serving.zookeeper.fate", "serving.zookeeper.super", "serving.redis.password")
RELEASE = "serving-2.1.7"
GROUP = {
    "release": RELEASE,
    "services": {"zookeeper": [*NODES], "redis": CACHE_NODE},
    "config": {"redis": {"memory": "8MiB"}},
}
FILL = "for i = 1, 12 do redis.call('set', 'filling:' .. i, string.rep('x', 1048576)) end"
"""Redis asks for room at the beginning of a script, so all of it gets in."""


class World:
    """The nodes, the operator, and clients of the group."""

    def __init__(self, sandbox: Sandbox, program: Program) -> None:
        self.sandbox, self.program = sandbox, program
        self.report: dict[str, Any] = {}
        """What was found last."""

    def shell(self, node: str, script: str) -> str:
        return self.sandbox.check(node, ["sh", "-ec", script], timeout=120)

    def password(self, name: str) -> str:
        return self.program.ok("secrets", "reveal", name).out.strip()

    @contextmanager
    def keeper(self, password: str = "", *nodes: str) -> Iterator[KazooClient]:
        """A client of the ensemble that knows the account, or another password of it."""
        login = ("digest", f"fate:{password or self.password(PASSWORDS[0])}")
        hosts = ",".join(f"{self.sandbox.addresses[node]}:2181" for node in nodes or NODES)
        client = KazooClient(hosts=hosts, auth_data=[login], timeout=10)
        client.start(timeout=60)
        try:
            yield client
        finally:
            client.stop()
            client.close()

    def cache(self, *words: str) -> str:
        """What Redis answers to a client that knows its password."""
        conf = f"{home(self.program)}/{slug(self.program, 'serving', 'redis')}/conf/redis.conf"
        script = (
            """export REDISCLI_AUTH="$(sed -n 's/^requirepass "\\(.*\\)"$/\\1/p' "$1")"; shift; redis-cli "$@" 2>&1"""
        )
        return self.sandbox.check(CACHE_NODE, ["sh", "-ec", script, "sh", conf, *words], timeout=60).strip()

    def pids(self, component: str, *nodes: str) -> dict[str, str]:
        name = unit(self.program, "serving", component)
        return {node: self.sandbox.check(node, ["systemctl", "show", "-P", "MainPID", name]).strip() for node in nodes}

    def leader(self) -> str:
        """The node whose member leads."""
        script = "import socket, sys; s = socket.create_connection((sys.argv[1], 2181), 5); s.sendall(b'srvr')\n"
        script += "while True:\n    part = s.recv(4096)\n    if not part: break\n    sys.stdout.write(part.decode())"
        asked = {n: self.sandbox.check(n, ["python3", "-c", script, self.sandbox.addresses[n]]) for n in NODES}
        (found,) = (node for node, said in asked.items() if "Mode: leader" in said)
        return found

    def apply(self, finding: Mapping[str, Any]) -> None:
        """Do what a finding says, as it says it."""
        repair(self.program, self.sandbox, finding)

    def found(self, code: str, *explained: str) -> list[dict[str, Any]]:
        """The findings of a fault: those of one code, and of nothing else but what they explain."""
        with RAISED.anything():
            report = self.program.wait_for(
                lambda report: roots(report) == {code} and _codes(report) == {code, *explained}
            )
        assert roots(report) == {code}, json.dumps(report["findings"], indent=1)
        assert _codes(report) == {code, *explained}, json.dumps(report["findings"], indent=1)
        self.report = report
        return self.of(code)

    def of(self, code: str) -> list[dict[str, Any]]:
        """The findings of a code among what was found last."""
        return [finding for finding in self.report["findings"] if finding["code"] == code]

    def whole(self) -> None:
        """Every finding is gone again."""
        with RAISED.anything():
            report = self.program.wait_for(lambda report: not report["findings"])
        assert report["findings"] == []
        assert report["status"] == 0


@pytest.fixture(scope="module")
def world(handed_three: Handed, tmp_path_factory: pytest.TempPathFactory, store: Path) -> World:
    handed = handed_three
    folder = tmp_path_factory.mktemp("operator")
    inventory = folder / "inventory.yml"
    shutil.copy(handed.inventory, inventory)
    program = Program(inventory, folder / "state", {"FATECLOUD_STORE": str(store)})

    def write(document: dict[str, Any]) -> None:
        document["parties"] = {"9999": {"services": {"flow": "n1"}}, "10000": {"services": {"flow": "n2"}}}
        document["groups"] = {"serving": GROUP}

    edit(program, write)
    program.ok("secrets", "init")
    program.ok("release", "fetch", RELEASE)
    known = state_of(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    return World(handed.sandbox, program)


@pytest.fixture(scope="module")
def handed_three(new_sandbox: Any) -> Handed:
    handed: Handed = new_sandbox("group", len(NODES), prepared=True)
    return handed


def test_a_group_is_deployed_beside_two_parties(world: World) -> None:
    done = world.program.ok("deploy", "--yes", timeout=1200)
    assert "toy 9999 -> 10000: success" in done.err
    world.whole()
    assert "nothing to do" in world.program.ok("deploy", "--yes").out


def test_serving_can_register_and_no_one_else(world: World) -> None:
    with world.keeper() as client:
        client.create("/FATE-SERVICES/serving", b"here", makepath=True, acl=[_own(world)])
    with world.keeper("", "n2") as client:
        assert client.get("/FATE-SERVICES/serving")[0] == b"here"
    with world.keeper("another") as stranger:
        with pytest.raises(NoAuthError):
            stranger.get("/FATE-SERVICES/serving")
        with pytest.raises(NoAuthError):
            stranger.create("/mine", b"")
    assert world.cache("set", "key", "kept") == "OK"
    assert "NOAUTH" in world.shell(CACHE_NODE, "redis-cli get key 2>&1")
    assert "WRONGPASS" in world.shell(CACHE_NODE, "redis-cli -a another get key 2>&1")


def test_one_of_three_down_is_a_warning(world: World) -> None:
    world.program.ok("stop", "--yes", KEEPERS["n3"])
    (found,) = world.found("SERVICE_STOPPED", "ZOOKEEPER_MEMBER_MISSING")
    assert found["severity"] == "warning"
    assert "2 of 3 instances work" in found["symptom"]
    with world.keeper() as client:
        assert client.get("/FATE-SERVICES/serving")[0] == b"here"
    world.apply(world.of("ZOOKEEPER_MEMBER_MISSING")[0])
    world.whole()


def test_a_lost_quorum_is_critical(world: World) -> None:
    name = unit(world.program, "serving", "zookeeper")
    for node in ("n2", "n3"):
        world.shell(node, f"systemctl stop {name}")
    found = world.found("SERVICE_STOPPED", "ZOOKEEPER_NO_QUORUM")
    assert {finding["severity"] for finding in found} == {"critical"}
    world.apply(world.of("ZOOKEEPER_NO_QUORUM")[0])
    world.whole()


def test_a_leader_that_does_not_answer_is_a_warning_once_another_leads(world: World) -> None:
    leader = world.leader()
    world.shell(leader, f"kill -STOP {world.pids('zookeeper', leader)[leader]}")
    (found,) = world.found("SERVICE_HUNG", "ZOOKEEPER_MEMBER_MISSING")
    assert (found["severity"], found["subject"]["service"]) == ("warning", KEEPERS[leader])
    with world.keeper("", *(node for node in NODES if node != leader)) as client:
        assert client.get("/FATE-SERVICES/serving")[0] == b"here"
    world.apply(found)
    world.whole()


@pytest.mark.parametrize("code", ["ZOOKEEPER_ACCOUNT_WRONG", "ZOOKEEPER_OPEN"])
def test_a_tree_that_is_not_the_accounts_returns_to_it(world: World, code: str) -> None:
    stolen = [make_digest_acl("fate", "another", all=True)]
    with world.keeper() as client:
        client.set_acls("/", stolen if code == "ZOOKEEPER_ACCOUNT_WRONG" else OPEN_ACL_UNSAFE)
    # Each member sees it in its own time; what one finding says repairs it for all.
    world.apply(world.found(code)[0])
    world.whole()


def test_a_redis_with_another_password_is_named(world: World) -> None:
    world.cache("config", "set", "requirepass", "another")
    (found,) = world.found("REDIS_PASSWORD_WRONG")
    world.apply(found)
    world.whole()
    assert world.cache("get", "key") == "kept"


def test_a_redis_whose_file_was_switched_off_writes_down_all_that_it_has(world: World) -> None:
    world.cache("config", "set", "appendonly", "no")
    world.cache("set", "later", "kept")
    (found,) = world.found("REDIS_NOT_SAVED")
    world.apply(found)
    world.whole()


def test_a_redis_whose_file_is_damaged_is_repaired_as_it_says(world: World) -> None:
    name = unit(world.program, "serving", "redis")
    files = f"{home(world.program)}/data/{slug(world.program, 'serving', 'redis')}/db"
    world.shell(
        CACHE_NODE, f"systemctl stop {name}; find {files} -name '*incr.aof' -exec sh -c 'echo rubbish >> {{}}' ';'"
    )
    world.shell(CACHE_NODE, f"systemctl start {name} || true")
    with RAISED.anything():
        report = world.program.wait_for(lambda report: roots(report) == {"REDIS_AOF_BROKEN"})
    assert roots(report) == {"REDIS_AOF_BROKEN"}
    (found,) = (finding for finding in report["findings"] if finding["code"] == "REDIS_AOF_BROKEN")
    world.apply(found)
    world.whole()
    assert {world.cache("get", key) for key in ("key", "later")} == {"kept"}


def test_a_redis_without_room_is_named_until_it_has_more(world: World) -> None:
    edit(world.program, lambda document: _configure(document, eviction="noeviction"))
    world.program.ok("deploy", "--yes")
    world.cache("eval", FILL, "0")
    assert "OOM" in world.cache("set", "one", "more")
    (found,) = world.found("REDIS_MEMORY_FULL")
    assert "raise `memory`" in found["remedy"][0]["text"]
    edit(world.program, lambda document: _configure(document, memory="32MiB"))
    world.program.ok("deploy", "--yes")
    world.whole()
    assert world.cache("set", "one", "more") == "OK"


def test_passwords_rotate_with_all_that_was_made_with_the_former_ones(world: World) -> None:
    former = {name: world.password(name) for name in PASSWORDS}
    parties = world.sandbox.check("n1", ["systemctl", "show", "-P", "MainPID", unit(world.program, "9999", "flow")])
    world.program.ok("secrets", "rotate", PASSWORDS[0])
    before = world.pids("zookeeper", *NODES)
    world.program.ok("deploy", "--yes")
    assert world.pids("zookeeper", *NODES) == before
    world.program.ok("secrets", "rotate", *PASSWORDS)
    world.program.ok("deploy", "--yes")
    world.whole()
    assert not {world.password(name) for name in PASSWORDS} & set(former.values())
    with world.keeper() as client:
        assert client.get("/FATE-SERVICES/serving")[0] == b"here"
    with world.keeper(former[PASSWORDS[0]]) as stranger, pytest.raises(NoAuthError):
        stranger.get("/FATE-SERVICES/serving")
    assert world.cache("get", "key") == "kept"
    assert parties == world.sandbox.check(
        "n1", ["systemctl", "show", "-P", "MainPID", unit(world.program, "9999", "flow")]
    )
    assert "nothing to do" in world.program.ok("deploy", "--yes").out


def test_a_group_goes_and_the_parties_live_on(world: World) -> None:
    edit(world.program, lambda document: document.pop("groups"))
    world.program.ok("deploy", "--yes", "--no-verify")
    for node in NODES:
        assert not _processes(world, node, "serving")
    assert _processes(world, "n1", "9999")
    world.whole()


def test_nothing_is_left_of_all(world: World) -> None:
    world.program.ok("destroy", "--remove-data", "--cluster-name", cluster_name(world.program), "--interrupt-jobs")
    for node in NODES:
        files = "ls -d /etc/systemd/system/fatecloud-* /data/projects/fate/* 2>/dev/null || true"
        assert world.shell(node, files) == ""
        assert world.shell(node, "getent passwd | grep ^fc- || true") == ""


def _codes(report: Mapping[str, Any]) -> set[str]:
    return {str(finding["code"]) for finding in report["findings"]}


def _own(world: World) -> Any:
    return make_digest_acl("fate", world.password(PASSWORDS[0]), all=True)


def _configure(document: dict[str, Any], **values: str) -> None:
    document["groups"]["serving"]["config"]["redis"].update(values)


def _processes(world: World, node: str, owner: str) -> str:
    return world.shell(node, f"systemctl list-units --plain --no-legend 'fatecloud-{label(world.program)}-{owner}-*'")
