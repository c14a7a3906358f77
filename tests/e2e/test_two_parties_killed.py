"""A deploy may be killed anywhere, in any way: run again, it comes to the same end, and its history says so.

The points are chosen by the seed of the tests; in the long mode there are more of them, every way with every work. The
records of the nodes are compared, so what is on them has to come from a deploy of this cluster.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from endstate import at_work_here, by_unit, differences, processes, strangers, tree
from killing import Killed, Point, Way, killed, points
from program import Program
from raised import RAISED
from records import forget_marks
from sampling import LONG, SEED, dice
from two_parties import A, B, cluster_name, edit, home

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.bare, pytest.mark.timeout(1500)]

COUNT = 20 if LONG else 4
"""Points that are thrown; without the long mode two of them are tried."""
NODES = (A, B)
PACKAGES = ("mariadb-server", "nginx-light", "rabbitmq-server")
KEPT_STORE = "/data/store-of-a-test"


@dataclass(frozen=True)
class Site:
    """The cluster, its operator, and what an undisturbed deploy left."""

    program: Program
    sandbox: Sandbox
    base: str
    trees: dict[str, dict[str, Any]]
    units: dict[str, dict[str, Counter[str]]]
    held: list[str] = field(default_factory=list)
    """Killed runs that were still the holders of a node."""

    def shell(self, node: str, script: str) -> str:
        return self.sandbox.check(node, ["sh", "-ec", script], timeout=300)

    def destroy(self) -> None:
        """Take the services off, but leave the nodes their store, which would take long to fill again."""
        for node in NODES:
            self.shell(node, f"rm -rf {KEPT_STORE}; ! test -d {self.base}/store || mv {self.base}/store {KEPT_STORE}")
        self.program.ok("destroy", "--cluster-name", cluster_name(self.program), "--interrupt-jobs")
        for node in NODES:
            self.shell(node, f"! test -d {KEPT_STORE} || mv {KEPT_STORE} {self.base}/store")

    def remove_data(self) -> None:
        """What `destroy --remove-data` does after a plain destroy, except that it would leave no base for the store."""
        for node in NODES:
            self.shell(node, f"rm -rf {self.base}/data/* {self.base}/logs/* /var/lib/fatecloud/data/*")
            forget_marks(self.sandbox, node, self.base)


def change_keys(site: Site) -> None:
    """Every service has another configuration, which the deploy that is killed sets back."""
    text = site.program.inventory.read_text()

    def change(document: dict[str, Any]) -> None:
        for party in document["parties"].values():
            party["config"] = {
                "flow": {"log_level": 10},
                "mysql": {"max_connections": 321},
                "rabbitmq": {"disk_free_limit": "512M"},
                "nginx": {"timeout": 500},
            }

    edit(site.program, change)
    try:
        site.program.ok("deploy", "--yes", "--no-verify")
    finally:
        site.program.inventory.write_text(text)


def keep_data(site: Site) -> None:
    """All services are gone, their data are not."""
    site.destroy()


def remove_data(site: Site) -> None:
    """All services and their data are gone."""
    site.destroy()
    site.remove_data()


def remove_store(site: Site) -> None:
    """Everything is gone, on one node also interpreter, environment and artifacts, except the largest one."""
    site.destroy()
    site.remove_data()
    site.shell(B, f"cd {site.base}/store; rm -rf python venv; find artifacts -type f -size -100M -delete")


def remove_packages(site: Site) -> None:
    """All services are gone, on one node also the packages and the users."""
    site.destroy()
    purge = f"apt-get purge -y -q {' '.join(PACKAGES)}; apt-get autoremove -y -q --purge"
    site.shell(B, f"export DEBIAN_FRONTEND=noninteractive; {purge}")
    # Their data keep the numbers of these users, which they have to get again.
    site.shell(B, "for user in $(grep -o '^fc-[^:]*' /etc/passwd); do userdel $user; done")


@dataclass(frozen=True)
class Work:
    """Something that a deploy has to do."""

    prepare: Callable[[Site], None]
    course: tuple[int, int]
    """First and last of its events at which it is killed; only the record and the release come later."""
    delay: float = 1.5
    """Seconds after the event within which the kill comes, so that also the middle of a step is met."""


WORKS = {
    "changed keys": Work(change_keys, (1, 78)),
    "services": Work(keep_data, (1, 110)),
    "services and data": Work(remove_data, (1, 110)),
    "store": Work(remove_store, (20, 27), delay=10),
    "packages": Work(remove_packages, (12, 30), delay=10),
}
THROWN = points(dice("points to kill at"), COUNT, {name: (work.course, work.delay) for name, work in WORKS.items()})


def chosen() -> list[Point]:
    """In CI the one that leaves nodes held, for the next run to take over, and one of the others."""
    if LONG:
        return THROWN
    held = next(point for point in THROWN if point.way is Way.CONTROLLER)
    return [held, dice("point beside it").choice([point for point in THROWN if point is not held])]


@pytest.fixture(scope="module")
def site(program: Program, sandbox: Sandbox, running: None) -> Iterator[Site]:
    """The running cluster; at the end a smoke test has passed on it again."""
    scratch = tempfile.mkdtemp(prefix="fck-", dir="/tmp")  # short, because sockets are below it
    own = Program(program.inventory, program.state, program.environment | {"TMPDIR": scratch}, program.said)
    base = home(program)
    trees = {node: tree(sandbox, node, base, deep=True) for node in NODES}
    units = {node: by_unit(processes(sandbox, node, base)) for node in NODES}
    yield Site(own, sandbox, base, trees, units)
    shutil.rmtree(scratch)
    program.ok("deploy", "--yes")
    assert not RAISED.take()


@pytest.mark.parametrize("point", chosen(), ids=str)
def test_a_killed_deploy_run_again_comes_to_the_same_end(
    site: Site, point: Point, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with capsys.disabled():
        sys.stdout.write(f"\nFATECLOUD_SEED={SEED} {point}\n")
    WORKS[point.work].prepare(site)
    prepared = time.monotonic()
    first = killed(site.program, site.sandbox, point)
    held = [node for node in NODES if lease_of(site, node).get("run") == first.run]
    site.held.extend(first.run for _ in held)
    ensure_reported(site, point, first)
    again = site.program.ok("deploy", "--yes", "--no-verify")
    run = newest(site)
    assert run != first.run or "nothing to do" in again.out
    ensure_nothing_is_left(site)
    ensure_the_history_shows_it(site, point, first, run, held)
    ensure_the_same_end(site, deep=point.work == "store" or point.way is Way.NODE)
    with capsys.disabled():
        sys.stdout.write(
            f"in `{first.doing}`, {first.done.status} after {first.done.seconds:.0f} s, held {held or 'no node'}, again"
            f" in {again.seconds:.0f} s with {len(site.program.events_of(run))} events,"
            f" all {time.monotonic() - began:.0f} s (prepared in {prepared - began:.0f} s)\n"
        )


def test_killed_runs_still_held_nodes(site: Site) -> None:
    """Otherwise none of the above tested a takeover."""
    assert site.held


def ensure_reported(site: Site, point: Point, first: Killed) -> None:
    """The surviving process reports what happened, in plain words, and ends with a status."""
    done = first.done
    done.ensure_no_defect()
    if point.way in (Way.CONTROLLER, Way.EVERYTHING):
        assert done.status == -9, done
    elif point.way is Way.ANSIBLE:
        released = done.status == 0 and "could not release the lock on" in done.err
        assert released or (done.status == 1 and "Ansible was ended by SIGKILL" in done.err), done
    else:
        named = site.sandbox.nodes[point.node] in done.out + done.err
        # A node may be back before the next task needs it; then nothing went wrong.
        assert done.status == 0 or (done.status in (1, 4) and named), done


def ensure_nothing_is_left(site: Site) -> None:
    """Nothing of the killed run is at work, here or there, and no run holds a node."""
    scratch = Path(site.program.environment["TMPDIR"])
    assert not at_work_here(str(scratch))
    assert not list(scratch.iterdir())
    for node in NODES:
        assert not lasting_strangers(site, node), node
        assert lease_of(site, node) == {}
        assert not site.sandbox.check(node, ["dpkg", "--audit"])


def ensure_the_history_shows_it(site: Site, point: Point, first: Killed, run: str, held: list[str]) -> None:
    """How the first run ended is on record, and the second one says which run it took the nodes over from.

    After a kill behind the last change there is nothing to do, and no second run.
    """
    (state,) = site.program.state.glob("*/state.db")
    with closing(sqlite3.connect(state)) as connection:
        outcomes = dict(connection.execute("select id, outcome from runs"))
    alone = run == first.run
    words = {0: {"done"}, 1: {"failed", "unverified"}, 4: {"unverified"}, -9: {"killed"}}
    # That one was killed is noticed by the next run on record.
    unnoticed = alone and first.done.status == -9 and outcomes[first.run] is None
    assert unnoticed or outcomes[first.run] in words[first.done.status]
    if alone:
        assert not held
        return
    assert outcomes[run] == "done"
    # A node that changes after it was read, by what the killed run has left at work, makes the deploy begin once more.
    later = [event for one in sorted(outcomes) if one > first.run for event in site.program.events_of(one)]
    story = "\n".join(["", *(f"{event['node']}: {event['text']}" for event in later)])
    if point.way in (Way.CONTROLLER, Way.EVERYTHING):
        assert re.search(rf"^: run {first.run} \(deploy, by \S+\) was killed at ", story, re.MULTILINE), story
    for node in held:
        assert f"\n{node}: taken over from run {first.run} of " in story, story
    if first.done.status > 0:
        (end,) = [e["text"] for e in site.program.events_of(first.run) if e["kind"] == "failed" and not e["node"]]
        assert ("Ansible was ended by SIGKILL" if point.way is Way.ANSIBLE else site.sandbox.nodes[point.node]) in end


def ensure_the_same_end(site: Site, *, deep: bool) -> None:
    """Files, processes, plan and check are those of an undisturbed deploy."""
    report = site.program.report()
    assert (report["status"], report["findings"]) == (0, [])
    assert "nothing to do" in site.program.ok("plan", "--detailed-exitcode").out
    for node in NODES:
        units = settled_units(site, node)
        assert units == site.units[node], f"{node}: {site.units[node]} -> {units}"
        assert not lasting_strangers(site, node), node
        after = tree(site.sandbox, node, site.base, deep=deep)
        assert not (found := differences(site.trees[node], after)), "\n".join([node, *found[:40]])


def lasting_strangers(site: Site, node: str) -> list[str]:
    """Processes that belong to no unit, a moment after the last answer was given."""
    deadline = time.monotonic() + 3
    while (found := strangers(processes(site.sandbox, node, site.base))) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def settled_units(site: Site, node: str) -> dict[str, Counter[str]]:
    """The processes of each unit, once what comes and goes with a start has gone."""
    deadline = time.monotonic() + 30
    while (units := by_unit(processes(site.sandbox, node, site.base))) != site.units[node]:
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    return units


def lease_of(site: Site, node: str) -> dict[str, Any]:
    text = site.sandbox.exec(node, ["cat", f"{site.base}/.fatecloud/lease.json"]).text
    return dict(json.loads(text)) if text else {}


def newest(site: Site) -> str:
    """Id of the newest run."""
    return max(Path(path).name for path in site.program.state.glob("*/runs/*"))
