"""The nodes that are measured: as many all-in-one parties as asked for, from one image that has the release already."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docker.errors import ImageNotFound
from records import forget_marks
from timing import BenchError, Sample, run

from fatecloud import catalogue
from fatecloud.artifacts import default_store, python_sets
from fatecloud.artifacts.store import Store
from fatecloud.model.event import Event
from fatecloud.sandbox import handout, lifecycle
from fatecloud.sandbox.engine import engine
from fatecloud.sandbox.nodes import Sandbox, container_name
from fatecloud.workflow.sandbox import sandbox_down, sandbox_up

PROGRAM = Path(sys.executable).with_name("fatecloud")
RELEASE = "fate-2.2.0"
BASE = "/data/projects/fate"
CLUSTER = "bench"
CLUSTER_ID = "bbbbbb2b1d4e5f60"
"""The same on all nodes ever measured: a store is only taken over by the cluster that it was made for."""
_FIRST_PARTY = 9001
_TRIES = 30
_IMAGE = "debian-12"


@dataclass(frozen=True)
class Fleet:
    """Nodes, an inventory of them, and where the program keeps its history of them."""

    sandbox: Sandbox
    inventory: Path
    state: Path
    store: Path

    def program(self, *words: str, watch: bool = False, statuses: tuple[int, ...] = (0,)) -> Sample:
        """Run a verb on the inventory; what it prints and how long it takes."""
        argv: list[str | Path] = [PROGRAM, *words, "-i", self.inventory, "--state-dir", self.state]
        return run(argv, environment=self.environment, watch=watch, statuses=statuses)

    def alone(self, *words: str) -> Sample:
        """Run a verb that takes no inventory."""
        return run([PROGRAM, *words], environment=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the program."""
        return {"FATECLOUD_STORE": str(self.store)}

    def timed(self, *words: str, **more: Any) -> Callable[[], Sample]:
        """A contender that runs a verb."""
        return lambda: self.program(*words, **more)

    def wake(self, count: int) -> int:
        """Let the first nodes run and all others sleep; how many had to be woken."""
        woken = 0
        for index, container in enumerate(self.sandbox.containers().values()):
            if index >= count and container.status == "running":
                container.pause()
            elif index < count and container.status == "paused":
                container.unpause()
                woken += 1
        return woken

    def settle(self) -> None:
        """Wait until nodes that were just deployed, or were asleep, are healthy."""
        for _ in range(_TRIES):
            report = self.program("check", statuses=(0, 1, 2, 3))
            if report.status == 0:
                return
            time.sleep(1)
        raise BenchError(f"the nodes did not become healthy:\n{report.out}")

    def edit(self, **changes: Any) -> None:
        """Change flow's configuration on every party."""
        document = yaml.safe_load(self.inventory.read_text())
        for party in document["parties"].values():
            party.setdefault("config", {}).setdefault("flow", {}).update(changes)
        self.inventory.write_text(yaml.safe_dump(document, sort_keys=False))


def warm_store() -> Path:
    """An artifact store that has the whole release; fetched once, and kept for the next time."""
    path = Path(os.environ.get("FATECLOUD_STORE") or default_store())
    run([PROGRAM, "release", "fetch", RELEASE, "--store", path])
    return path


@contextmanager
def bare(
    name: str, nodes: int, scratch: Path, *, architecture: str = "standalone", memory: int = lifecycle.MEMORY
) -> Iterator[Fleet]:
    """Nodes on which nothing was ever deployed, with the files of the distribution packages at hand."""
    _remove_left_over(name)
    handed = sandbox_up(name, nodes, _IMAGE, cache_packages=True, say=_say, memory=memory)
    try:
        yield _fleet(handed.sandbox, handed.key, scratch, architecture)
    finally:
        sandbox_down(name)


@contextmanager
def prepared(name: str, nodes: int, scratch: Path) -> Iterator[Fleet]:
    """Nodes whose stores have the release: they share these files, as 30 nodes on one machine have to."""
    image = _image(scratch)
    client = engine()
    _remove_left_over(name)
    sandbox = lifecycle.create(client, name, (image,), nodes, _say)
    try:
        key = handout.ensure_key(scratch / f"{name}-key")
        handout.authorize(sandbox, key)
        yield _fleet(sandbox, key, scratch, "standalone")
    finally:
        lifecycle.remove(client, name)


def _fleet(sandbox: Sandbox, key: Path, scratch: Path, architecture: str) -> Fleet:
    home = scratch / sandbox.name
    shutil.rmtree(home, ignore_errors=True)
    state = home / "state"
    addresses = sandbox.addresses
    handout.trust(state / CLUSTER_ID / "known_hosts", tuple(addresses.values()), handout.host_keys(sandbox))
    inventory = home / "inventory.yml"
    # Of EggRoll, all that is not named goes to the only node of a party.
    components = ("flow", "mysql", "nginx", "rabbitmq") if architecture == "rabbitmq" else ("flow",)
    document = {
        "apiVersion": "fatecloud/v1",
        "cluster": CLUSTER,
        "id": CLUSTER_ID,
        "release": RELEASE,
        "architecture": architecture,
        "defaults": {"ssh": {"user": "ops", "key": str(key), "agent": False}, "paths": {"base": BASE}},
        "nodes": {node: {"address": address} for node, address in addresses.items()},
        "parties": {
            # With addresses, packets of strangers are dropped; without, a check warns of that.
            str(_FIRST_PARTY + index): {"addresses": [address], "services": dict.fromkeys(components, node)}
            for index, (node, address) in enumerate(addresses.items())
        },
    }
    inventory.write_text(yaml.safe_dump(document, sort_keys=False))
    run([PROGRAM, "secrets", "init", "-i", inventory])
    return Fleet(sandbox, inventory, state, warm_store())


def _image(scratch: Path) -> str:
    """Image of a node whose store has interpreter and environment of the release; made where it is not there."""
    client = engine()
    python = next(iter(python_sets(catalogue.load(RELEASE), Store(warm_store())).values()))
    name = f"fatecloud/sandbox:bench-{python.digest[:12]}"
    try:
        client.images.get(name)
    except ImageNotFound:
        pass
    else:
        return name
    with bare("bench-seed", 1, scratch) as seed:
        seed.program("deploy", "--yes", "--no-verify")
        node = seed.sandbox.nodes[0]
        # A destroy takes the store away, and keeps data and a manifest that says whose they are: here it is the store
        # that is kept, by that cluster.
        seed.sandbox.check(node, ["mv", f"{BASE}/store", "/srv/store"])
        seed.program("destroy", "--cluster-name", CLUSTER)
        gone = f"{BASE}/data {BASE}/logs /var/lib/fatecloud/data"
        keep = f"mv /srv/store {BASE}/store; rm -rf {gone}; ls -A {BASE}; sync"
        _say(Event("note", seed.sandbox.check(node, ["sh", "-ec", keep])))
        # A deploy would look for the data that the record still expects.
        forget_marks(seed.sandbox, node, BASE)
        fresh = "rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id; : > /etc/machine-id; rm -rf /var/log/journal/*"
        seed.sandbox.check(node, ["sh", "-ec", fresh])
        _say(Event("step", f"making the image {name}"))
        client.containers.get(container_name(seed.sandbox.name, node)).commit(*name.split(":"))
    return name


def _remove_left_over(name: str) -> None:
    """Remove what a killed bench with this name left behind."""
    lifecycle.remove(engine(), name)


def _say(event: Event) -> None:
    sys.stderr.write(f"{event.text} {event.detail}\n".rstrip(" "))
