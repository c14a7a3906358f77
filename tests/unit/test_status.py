"""The daily screen: what each state of a service, its files and its node looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from preflight_world import ANY, NOW, a_desired, observed

from fatecloud.model.observed import Observed, Unreachable
from fatecloud.model.release import DISTRIBUTION
from fatecloud.report.status import status_document, status_table
from fatecloud.report.status_rows import Row, status_of
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
