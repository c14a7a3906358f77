"""The daily screen: what each state of a service, its files and its node looks like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from preflight_world import ANY, NOW, a_desired, observed

from fatecloud.model.last_check import LastCheck
from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.release import DISTRIBUTION
from fatecloud.model.workers import Workers
from fatecloud.report.status import status_document, status_table
from fatecloud.report.status_rows import Row, Status, status_of
from fatecloud.state.last_check import keep_last_check, last_check
from fatecloud.workflow.status import FACTS, look

KEY = "9999/engine@a1"
STATE = {
    "state": "running",
    "sub": "running",
    "enabled": True,
    "pid": 40,
    "pids": [40, 41],
    "main": {"pid": 40, "frozen": False},
    "children": [],
    "since": NOW - 7300,
    "restarts": 0,
    "result": "success",
    "exit": 0,
}
LISTENER = {"port": 9380, "address": ANY, "pid": 41, "process": "python", "user": "app", "cmdline": ""}
MANIFEST = {
    "cluster": "demo",
    "services": {KEY: {"version": "2.2.0", "run": "r1"}},
    "files": {"/data/fate/x.conf": {"sha256": "real", "digest": "digest-x"}},
    "proofs": {"9999": {"run": "r1", "id": "j", "at": NOW - 60}},
}
WELL: dict[str, Any] = {
    "services": {KEY: STATE},
    "listeners": [LISTENER],
    "manifest": MANIFEST,
    "files": {"/data/fate/x.conf": {"sha256": "real"}},
}


def row(**changes: Any) -> Row:
    screen = status_of(a_desired(), observed({"a1": WELL | changes}), [KEY])
    assert len(screen.rows) == 1
    return screen.rows[0]


def state(**changes: Any) -> dict[str, Any]:
    return {"services": {KEY: STATE | changes}}


def test_the_version_of_a_distributions_package_is_what_the_node_has() -> None:
    desired = a_desired()
    store = replace(desired.services["9999/store@a2"], version=DISTRIBUTION)
    desired = replace(desired, services={store.id.key: store})

    def version(packages: dict[str, str | None]) -> str:
        (row,) = status_of(desired, observed({"a2": WELL | {"packages": packages}})).rows
        return row.version

    assert version({"store-server": "1:10.11.19-0+deb12u1", "other": "2"}) == "1:10.11.19-0+deb12u1"
    assert version({"store-server": None}) == DISTRIBUTION


def test_a_healthy_service_is_well() -> None:
    found = row()
    assert (found.deployed, found.running, found.since, found.notes) == ("yes", "yes", 7300.0, ())
    assert found.ports == {"9380": True}
    assert found.well


@pytest.mark.parametrize(
    ("change", "running", "note"),
    [
        ({"state": "stopped", "pids": [], "since": None}, "no", ""),
        ({"state": "absent", "enabled": False, "pids": [], "since": None}, "no", ""),
        ({"state": "failed", "pids": [], "result": "exit-code", "exit": 1}, "no", "failed: exit-code (exit 1)"),
        ({"main": {"pid": 40, "frozen": True}}, "hung", "its main process 40 is stopped"),
        (
            {"children": [{"pid": 47, "frozen": True}, {"pid": 48, "frozen": False}], "processes": 3},
            "yes",
            "1 of its 3 processes stopped, among them 47",
        ),
        ({"state": "starting", "sub": "auto-restart", "restarts": 7}, "restarting", "restarted 7 times"),
        ({"state": "retrying", "sub": "backoff", "restarts": 7}, "restarting", "restarted 7 times"),
        ({"state": "starting", "sub": "start"}, "settling", ""),
        ({"state": "stopping"}, "stopping", ""),
        ({"enabled": False}, "yes", "does not start at boot"),
    ],
)
def test_each_state_has_its_word(change: dict[str, Any], running: str, note: str) -> None:
    found = row(**state(**change))
    assert found.running == running
    assert "; ".join(found.notes) == note


def test_a_young_service_without_its_port_settles_and_an_old_one_is_noted() -> None:
    young = row(**state(since=NOW - 10), listeners=[])
    old = row(listeners=[])
    assert (young.running, young.notes) == ("settling", ())
    assert (old.running, old.notes) == ("yes", ("does not listen on 9380",))
    assert old.ports == {"9380": False}
    assert not old.well


def test_a_port_that_a_stranger_holds_is_not_ours() -> None:
    assert row(listeners=[LISTENER | {"pid": 4711}]).ports == {"9380": False}


def test_files_tell_what_is_deployed() -> None:
    assert row(manifest=None).deployed == "no"
    drifted = row(files={"/data/fate/x.conf": {"sha256": "other"}})
    gone = row(files={"/data/fate/x.conf": None})
    pending = row(manifest=MANIFEST | {"files": {"/data/fate/x.conf": {"sha256": "real", "digest": "old"}}})
    older = row(manifest=MANIFEST | {"services": {KEY: {"version": "2.1.0"}}})
    assert (drifted.deployed, drifted.notes) == ("changed", ("1 file edited by hand",))
    assert (gone.deployed, gone.notes) == ("changed", ("1 file edited by hand",))
    assert (pending.deployed, pending.notes) == ("changed", ("1 file to deploy",))
    assert (older.deployed, older.notes) == ("changed", ("has 2.1.0",))


def test_a_held_node_and_its_last_proof_are_noted() -> None:
    lease = {"owner": "ana@ctl", "run": "r9", "expires": NOW + 60}
    screen = status_of(a_desired(), observed({"a1": WELL | {"lease": lease}}), [KEY])
    assert screen.notes == ("a1: held by ana@ctl, run r9", "a1: last smoke test of 9999 1 min ago, run r1")
    expired = status_of(a_desired(), observed({"a1": WELL | {"lease": lease | {"expires": NOW - 1}}}), [KEY])
    assert expired.notes == ("a1: last smoke test of 9999 1 min ago, run r1",)


def test_a_node_that_was_not_reached_is_unknown_and_says_why() -> None:
    seen = observed({"a1": WELL})
    lost = replace(seen, nodes={**seen.nodes, "a2": Unreachable("a2", "NODE_UNREACHABLE", "no route to host")})
    screen = status_of(a_desired(), lost)
    store = next(r for r in screen.rows if r.node == "a2")
    assert (store.deployed, store.running, store.ports) == ("?", "?", {"3306": None})
    assert "a2: not read: no route to host" in screen.notes
    assert screen.exit_status == 3


def test_the_exit_status_shows_whether_all_is_well() -> None:
    assert status_of(a_desired(), observed({"a1": WELL}), [KEY]).exit_status == 0
    assert status_of(a_desired(), observed({"a1": WELL | state(state="stopped", pids=[])}), [KEY]).exit_status == 1


def test_the_table_is_aligned_and_notes_that_do_not_fit_stand_below() -> None:
    screen = status_of(a_desired(), observed({"a1": WELL | {"listeners": []}}), [KEY])
    wide = status_table(screen, 200).splitlines()
    assert wide[0] == "cluster demo, fate-2.2.0"
    assert wide[1].split() == [
        "OWNER", "NODE", "COMPONENT", "VERSION", "DEPLOYED", "RUNNING", "SINCE", "PORTS", "NOTES",
    ]  # fmt: skip
    assert wide[2].index("engine") == wide[1].index("COMPONENT")
    assert "2 h 1 m" in wide[2]
    assert "9380!" in wide[2]
    assert wide[2].endswith("does not listen on 9380")
    narrow = status_table(screen, 80).splitlines()
    assert narrow[2].endswith("9380!")
    assert narrow[3] == "        does not listen on 9380"


def test_the_document_says_what_is_well() -> None:
    document = status_document(status_of(a_desired(), observed({"a1": WELL}), [KEY]))
    assert document["services"][0]["service"] == KEY
    assert document["services"][0]["well"] is True
    assert document["services"][0]["ports"] == [{"port": 9380, "listening": True}]


def test_only_the_nodes_of_the_selection_are_read_and_no_service_is_asked() -> None:
    asked: dict[str, Any] = {}

    def observe(**given: Any) -> Observed:
        asked.update(given)
        return observed()

    look(a_desired(), observe, ["9999/store@a2"])
    assert asked == {"probes": False, "nodes": ["a2"], "want": FACTS}


LAST = LastCheck(NOW - 300, 0, 40)
NOW_CHECK = "; now: fatecloud check"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, "this controller has not checked yet whether they work: fatecloud check"),
        (LAST, "the last check, 5 min ago, found: all is well"),
        (replace(LAST, taken=NOW - 7200), "the last check, 2 h ago, found: all is well" + NOW_CHECK),
        (
            replace(LAST, exit_status=2, counts={"warning": 1, "critical": 2}, roots=("A_B@9999/flow@a1", "X@a1")),
            "the last check, 5 min ago, found: 2 critical, 1 warning, because of A_B@9999/flow@a1 and 1 more"
            + NOW_CHECK,
        ),
        (
            replace(LAST, exit_status=3, passed=0),
            "the last check, 5 min ago, found: nothing was checked" + NOW_CHECK,
        ),
    ],
)
def test_the_last_line_says_what_is_known_of_health_and_how_old_that_is(last: LastCheck | None, expected: str) -> None:
    seen = replace(observed({"a1": WELL}), taken=NOW)
    screen = status_of(a_desired(), seen, [KEY], last)
    assert status_table(screen, 300).splitlines()[-1] == f"health: 1 of 1 services run as deployed; {expected}"
    assert screen.exit_status == 0


def test_a_check_is_kept_for_the_screen_and_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    assert last_check(tmp_path) is None
    kept = replace(LAST, counts={"critical": 1}, roots=("A_B@a1",))
    keep_last_check(tmp_path, kept)
    assert last_check(tmp_path) == kept
    (tmp_path / "last-check.json").write_text('{"taken": []}')
    assert last_check(tmp_path) is None
    keep_last_check(tmp_path / "absent", kept)


EGGS = Workers("egg", "session", r"egg_pair\.py .*--session-id (?P<task>\S+)")


def child(pid: int, command: str, age: float) -> dict[str, Any]:
    return {"pid": pid, "frozen": False, "command": command, "age": age, "rss": 400 << 20}


def with_workers(*children: dict[str, Any]) -> Status:
    desired = a_desired()
    service = replace(desired.services[KEY], workers=EGGS)
    return status_of(
        replace(desired, services={KEY: service}),
        observed({"a1": WELL | state(children=list(children), processes=1 + len(children))}),
    )


def test_workers_have_a_line_of_their_own() -> None:
    egg = "python egg_pair.py --config x --session-id {} --processor-id 1"
    found = with_workers(
        child(50, egg.format("s1"), 180.0),
        child(51, egg.format("s1"), 170.0),
        child(52, egg.format("s2"), 4.0),
        child(53, "strace -p 50", 180.0),
    )
    line = next(line for line in status_table(found, 200).splitlines() if " egg " in line)
    assert line.split() == ["9999", "a1", "egg", "-", "yes", "3", "3", "min", "-", "2", "sessions,", "1.2", "GiB"]
    assert status_document(found)["services"][0]["workers"] == {
        "name": "egg",
        "running": 3,
        "working_for": ["s1", "s2"],
        "memory_bytes": 3 * (400 << 20),
        "oldest_seconds": 180.0,
    }
    assert "none" in next(line for line in status_table(with_workers(), 200).splitlines() if " egg " in line)
    idle = status_document(with_workers())["services"][0]["workers"]
    assert idle is not None
    assert (idle["running"], idle["oldest_seconds"]) == (0, None)
    assert status_document(status_of(a_desired(), observed({"a1": WELL})))["services"][0]["workers"] is None
