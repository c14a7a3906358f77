"""Two generations of a component and the migration between them, killed in its middle, and with a change that fails."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress

import pytest
from raised import RAISED
from tallies import NODES, PORTS, Tallies, remedies, until

from fatecloud.model.places import MIGRATION_RECORD
from fatecloud.runner.launcher import descendants

pytestmark = pytest.mark.e2e
NEW = "2.0.0"
DUMPS = "/data/projects/fate/backup"
BUSY = "FROM information_schema.processlist WHERE info LIKE '{}%'"


def dumps(tallies: Tallies, group: str) -> list[str]:
    """Contents of the dumps of a group's tally."""
    paths = tallies.sandbox.check(NODES[group], ["find", f"{DUMPS}/{tallies.slug(group)}", "-type", "f"]).split()
    assert all(re.fullmatch(r"1\.0\.0-to-2\.0\.0\..+\.dump", path.rpartition("/")[2]) for path in paths), paths
    return [tallies.sandbox.check(NODES[group], ["cat", path]) for path in paths]


def verified(tallies: Tallies, group: str) -> bool:
    """What the node's record says of the migration."""
    path = f"/data/projects/fate/data/{tallies.slug(group)}/{MIGRATION_RECORD}"
    return bool(json.loads(tallies.sandbox.check(NODES[group], ["cat", path]))["steps"][NEW].get("verified"))


def test_a_migration_that_is_killed_comes_to_the_same_end(tallies: Tallies) -> None:
    tallies.sql("INSERT INTO tally.entries (text) VALUES ('one'), ('two')")
    tallies.write("count", version=NEW)
    with RAISED.expecting("PREFLIGHT_SWAP"):
        assert "entries get a label" in tallies.program.ok("plan").out
    # The change waits for this lock, so that it is killed in its middle and not before or after.
    socket = f"$(ls /data/projects/fate/{tallies.slug('count').removesuffix('tally')}mysql/run/*.sock)"
    lock = f"mariadb -S {socket} -e 'LOCK TABLES tally.entries READ; SELECT SLEEP(900)' >/dev/null 2>&1 &"
    tallies.sandbox.check("n1", ["sh", "-c", lock])
    process = tallies.program.start("deploy", "--yes")
    waits = f"SELECT COUNT(*) {BUSY.format('ALTER TABLE entries')}"
    until(lambda: process.poll() is not None or tallies.sql(waits) == "1", "the change")
    assert process.poll() is None, process.communicate()
    rest = descendants(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    for pid in rest:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()
    tallies.sandbox.exec("n1", ["pkill", "-KILL", "-f", f"bin/migrate-{NEW}"])
    report = tallies.finds("SERVICE_STOPPED", "DEPLOY_PENDING")
    assert "for its migration by run" in json.dumps(report)
    assert any(" deploy " in line for line in remedies(report, "SERVICE_STOPPED"))
    tallies.sql(f"KILL {tallies.sql('SELECT id ' + BUSY.format('SELECT SLEEP'))}")
    tallies.deploy()
    tallies.finds()
    assert tallies.sql("SELECT text, label FROM tally.entries ORDER BY id") == "one\t\ntwo"
    assert verified(tallies, "count")
    (dump,) = dumps(tallies, "count")
    assert "'two'" in dump
    assert "label" not in dump
    with RAISED.expecting("PREFLIGHT_SWAP"):
        assert "nothing to do" in tallies.program.ok("plan").out


def test_two_generations_run_side_by_side_and_each_is_asked_in_its_own_way(tallies: Tallies) -> None:
    assert tallies.versions == {"count": NEW, "far": "1.0.0"}
    for group, node in NODES.items():
        listening = tallies.sandbox.check(node, ["ss", "-tln"])
        assert [f":{port} " in listening for port in PORTS.values()] == [group == "far", group == "count"]
    tallies.hang_until_restarted()


def test_a_change_that_fails_leaves_it_stopped_with_a_way_back_and_a_way_on(tallies: Tallies) -> None:
    # The verification asks for entries without a text.
    tallies.sql("INSERT INTO tally_far.entries (text) VALUES ('one'), ('')", "far")
    tallies.write("far", NEW, {"server": {"children": 1}})
    with RAISED.anything():
        failed = tallies.program.run("deploy", "--yes", timeout=900)
    assert failed.status != 0
    said = re.search(
        r"migration of far/tally@n2 from 1\.0\.0 to 2\.0\.0 \(entries get a label\) failed with status 1 at its step "
        r"verify; the state before is in (\S+)\. To go back, as root on n2: (.+?); then deploy the version before",
        re.sub(r"\s+", " ", failed.out + failed.err),
    )
    assert said, failed
    assert "not true: SELECT COUNT(*) = 0 FROM entries WHERE text = ''" in failed.out + failed.err
    tallies.finds("SERVICE_STOPPED", "DEPLOY_PENDING")
    # Nothing else starts it either, a reboot for example.
    unit = f"fatecloud-{tallies.slug('far')}.service"
    tallies.sandbox.exec("n2", ["systemctl", "start", unit])
    assert tallies.sandbox.exec("n2", ["systemctl", "is-active", unit]).text.strip() != "active"
    assert not verified(tallies, "far")

    tallies.sandbox.check("n2", ["sh", "-c", said[2]])
    tallies.write("far", "1.0.0", {"children": 3})
    tallies.deploy()
    tallies.finds()
    assert tallies.sql("SELECT * FROM tally_far.entries ORDER BY id", "far") == "1\tone\n2"

    tallies.sql("DELETE FROM tally_far.entries WHERE text = ''", "far")
    tallies.write("far", NEW, {"server": {"children": 1}})
    tallies.deploy()
    tallies.finds()
    assert tallies.sql("SELECT text, label FROM tally_far.entries", "far") == "one"
    assert verified(tallies, "far")
    assert len(dumps(tallies, "far")) == 2
