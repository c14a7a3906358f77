"""The rows of `faults.yml`, and the runner that makes them, on a site that only pretends to be one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from fault_rows import FILE, FIXTURES, REAL, Row, rows, rows_on, unfit
from fault_run import on_the_controller, run
from fault_sites import SITES
from repairs import commands, words

from fatecloud.checks.registry import all_codes

ROWS = rows()


def test_each_code_of_a_running_cluster_has_a_row_or_a_reason_for_having_none() -> None:
    codes = {name for name in all_codes() if not name.startswith(("PREFLIGHT_", "EXPOSURE_"))}
    shown = {ident.partition("@")[0] for row in ROWS for ident in (*row.roots, *row.by)}
    assert codes - shown - unfit().keys() == set(), "give them a row, or name them under `elsewhere`"
    assert unfit().keys() - codes == set()
    assert unfit().keys() & shown == set()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_names_codes_and_services_that_there_are(row: Row) -> None:
    subjects = {ident.partition("@")[2] for ident in (*row.roots, *row.by)}
    assert row.codes | set(row.never) | {ident.partition("@")[0] for ident in row.by} <= all_codes().keys()
    assert not (row.by and row.repair)
    assert not row.codes & set(row.never)
    assert subjects <= row.parties.services | row.parties.nodes.keys()
    assert row.node in row.parties.nodes
    assert row.inject
    assert not row.preflight or row.names
    parties = "|".join(set(row.parties.nodes.values()))
    assert re.fullmatch(rf"(?:[a-z ]+ (?:of (?:{parties})|from (?:{parties}) to (?:{parties})))?", row.diagnosed)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_is_for_a_site_and_a_grade_that_there_are(row: Row) -> None:
    assert row.site in SITES
    assert row.only in ("", REAL, FIXTURES) if row.site != "rabbitmq" else not row.only
    # An archive of FATEBoard is nowhere but beside upstream's EggRoll and OSX.
    assert row.only == REAL or not any("/board@" in ident for ident in (*row.roots, *row.by))
    assert {one.site for one in row.all} == {row.site}
    assert {one.only for one in row.all} <= {row.only, ""}
    assert {*row.releases} <= {*row.parties.releases}


def test_each_row_is_run_somewhere() -> None:
    places = [(site, release) for site, known in SITES.items() for release in known.releases or ("",)]
    grades = [(*place, real) for place in places for real in (True, False)]
    run = {row for site, release, real in grades for row in rows_on(site, long=True, real=real, release=release)}
    assert run == set(ROWS)
    assert all(len(rows_on(site, long=False, release=release)) > 2 for site, release in places)


def test_a_shell_reads_every_script() -> None:
    scripts = [text for row in ROWS for text in (*row.inject, *row.repair, *row.after) if not on_the_controller(text)]
    for script in [FILE.with_suffix(".sh").read_text(), *scripts]:
        done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{script}: {done.stderr}"


REPAIRS = {"command": "systemctl start x", "node": "n1"}
LOOKS = {"command": "fatecloud logs x", "node": "", "looks": True}


def a_run(**more: Any) -> dict[str, Any]:
    return {"type": "run", "root": False, "looks": False, "when": "", "instead": False, "text": "t"} | more


def a_finding(ident: str, *remedies: Mapping[str, Any], caused_by: tuple[str, ...] = ()) -> dict[str, Any]:
    code = ident.partition("@")[0]
    said = {"id": ident, "code": code, "symptom": f"{ident} is so", "evidence": ["08:00 it is so"]}
    return said | {"caused_by": caused_by, "remedy": [*remedies]}


class Pretence:
    """A site whose findings follow from what was done to it."""

    def __init__(self, findings: Callable[[Pretence], list[dict[str, Any]]]) -> None:
        self.findings, self.done, self.repaired, self.time = findings, list[str](), list[str](), 0.0
        self.expected: tuple[str, ...] = ()

    def do(self, node: str, script: str) -> None:
        self.done.append(f"{node}: {script}")

    def report(self) -> dict[str, Any]:
        found = self.findings(self)
        return {"findings": found, "status": 2 if found else 0}

    def preflight(self) -> dict[str, Any]:
        return {"findings": [{"code": "PREFLIGHT_ROUTE_BLOCKED", "symptom": "a -> b: closed"}]}

    def diagnosis(self) -> dict[str, Any]:
        way = {"from": "9999", "to": "10000"}
        return {"faults": [{"place": "network", "side": "", "ways": [way]}]}

    def repair(self, finding: Mapping[str, Any]) -> None:
        self.repaired += [remedy["command"] for remedy in commands(finding)]

    @contextmanager
    def expecting(self, *codes: str) -> Iterator[None]:
        self.expected = codes
        yield

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


ROW = Row("r", ("X@n1",), ("break",))
HEALED = a_finding("X@n1", a_run(**LOOKS), a_run(**REPAIRS))


def heals(*findings: dict[str, Any]) -> Callable[[Pretence], list[dict[str, Any]]]:
    return lambda site: [] if site.repaired or "n1: fix it" in site.done else list(findings)


def test_a_fault_is_repaired_by_the_commands_of_its_finding() -> None:
    late = a_finding("Z@n1")
    site = Pretence(lambda site: heals(HEALED, *([late] if site.time < 3 else []))(site))
    run(ROW, site)
    assert (site.done, site.repaired, site.expected) == (["n1: break"], ["systemctl start x"], ("X", "NODE_LOADED"))


def test_a_row_may_repair_what_no_command_does() -> None:
    site = Pretence(heals(a_finding("X@n1", a_run(**LOOKS)), a_finding("Y@n1", caused_by=("X@n1",))))
    run(replace(ROW, repair=("fix it",)), site)
    assert site.done == ["n1: break", "n1: fix it"]


def test_the_commands_of_a_finding_that_the_root_explains_may_repair() -> None:
    second = a_finding("Y@n1", a_run(**REPAIRS | {"command": "second"}), caused_by=("X@n1",))
    site = Pretence(lambda site: heals(HEALED, *([second] if site.time > 2 else []))(site))
    run(replace(ROW, by=("Y@n1",)), site)
    assert site.repaired == ["second"]
    with pytest.raises(AssertionError, match="with Y@n1"):
        run(replace(ROW, by=("Y@n1",)), Pretence(heals(HEALED)))


def test_what_two_findings_say_alike_is_run_once() -> None:
    site = Pretence(heals(HEALED, a_finding("Y@n1", a_run(**REPAIRS))))
    run(replace(ROW, root=("X@n1", "Y@n1")), site)
    assert site.repaired == ["systemctl start x"]


def test_what_a_row_has_changed_for_its_fault_is_as_it_was_afterwards() -> None:
    site = Pretence(heals(HEALED))
    run(replace(ROW, after=("tidy up",)), site)
    assert (site.repaired, site.done) == (["systemctl start x"], ["n1: break", "n1: tidy up"])
    for failing in (replace(ROW, names="elsewhere"), replace(ROW, root=("Z@n1",))):
        site = Pretence(heals(HEALED))
        with pytest.raises(AssertionError):
            run(replace(failing, after=("tidy up",)), site)
        assert site.done == ["n1: break", "n1: tidy up"]


def test_two_faults_at_once_are_both_repaired() -> None:
    site = Pretence(heals(HEALED, a_finding("Y@n1", a_run(**REPAIRS | {"command": "second"}))))
    run(replace(ROW, together=(replace(ROW, root=("Y@n1",), inject=("also",)),)), site)
    assert site.done == ["n1: break", "n1: also"]
    assert site.repaired == ["second", "systemctl start x"]


def test_preflight_has_to_name_the_same_route() -> None:
    row = replace(ROW, preflight="PREFLIGHT_ROUTE_BLOCKED")
    route = HEALED | {"symptom": "a -> b: no answer"}
    run(replace(row, names="a -> b"), Pretence(heals(route)))
    with pytest.raises(AssertionError):
        run(replace(row, names="a -> b"), Pretence(heals(HEALED)))


@pytest.mark.parametrize(
    ("row", "findings", "said"),
    [
        (ROW, [a_finding("Y@n1", a_run(**REPAIRS))], "the roots are ['Y@n1'], not ['X@n1']"),
        (ROW, [HEALED, a_finding("Y@n1")], "the roots are ['X@n1', 'Y@n1'], not ['X@n1']"),
        (replace(ROW, never=("Y",)), [a_finding("Y@n1")], "may never be a root"),
        (ROW, [a_finding("X@n1", a_run(**LOOKS))], "the row needs `repair`"),
        (ROW, [a_finding("X@n1", a_run(**REPAIRS | {"when": "then"}))], "the row needs `repair`"),
        (replace(ROW, repair=("fix it",)), [HEALED], "leave `repair` out"),
        (replace(ROW, names="elsewhere"), [HEALED], "'elsewhere' is not in"),
        (replace(ROW, unsaid=r"^\d+:\d+ it"), [HEALED], "the evidence has ['08:00 it is so']"),
    ],
)
def test_what_is_not_so_fails_with_what_was_seen(row: Row, findings: list[dict[str, Any]], said: str) -> None:
    site = Pretence(lambda _: findings)
    with pytest.raises(AssertionError) as failed:
        run(row, site)
    assert said in str(failed.value)
    assert site.time <= row.limit + 2


def test_what_passes_must_stay_quiet_for_its_seconds() -> None:
    site = Pretence(lambda _: [])
    run(replace(ROW, root=(), seconds=20), site)
    assert (site.done, site.repaired, site.time) == (["n1: break"], [], 21)
    with pytest.raises(AssertionError, match="it has passed"):
        run(replace(ROW, root=()), Pretence(lambda site: [HEALED] if site.time > 5 else []))


def test_a_remedy_that_repairs_nothing_fails() -> None:
    site = Pretence(lambda _: [HEALED])
    with pytest.raises(AssertionError, match="left after the repair"):
        run(ROW, site)
    assert site.repaired == ["systemctl start x"]


def test_after_a_failure_the_fault_is_taken_away() -> None:
    site = Pretence(lambda _: [HEALED, a_finding("Y@n1")])
    with pytest.raises(AssertionError):
        run(replace(ROW, repair=("fix it",)), site)
    assert site.done == ["n1: break", "n1: fix it"]
    site = Pretence(lambda _: [HEALED, a_finding("Y@n1")])
    with pytest.raises(AssertionError):
        run(ROW, site)
    assert site.repaired == ["systemctl start x"]


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("/opt/fatecloud start -i 'a b.yml' 9999/flow@n1", ["start", "9999/flow@n1"]),
        ("fatecloud deploy -i x.yml --overwrite-drift", ["deploy", "--overwrite-drift", "--no-verify", "--yes"]),
        ("fatecloud restart 9999/flow@n1", ["restart", "9999/flow@n1", "--yes"]),
        ("fatecloud job stop 2026", ["job", "stop", "2026", "--yes"]),
    ],
)
def test_a_command_of_ours_neither_asks_nor_runs_a_job(command: str, typed: list[str]) -> None:
    assert words(command) == typed


def test_while_a_node_is_too_loaded_to_be_judged_no_limit_ends() -> None:
    busy = a_finding("NODE_LOADED@n1")

    def late(site: Pretence) -> list[dict[str, Any]]:
        return heals(busy)(site) if site.time < 3 * ROW.limit else heals(HEALED)(site)

    site = Pretence(late)
    run(ROW, site)
    assert site.repaired == ["systemctl start x"]
    with pytest.raises(AssertionError, match="the roots are"):
        run(ROW, Pretence(heals(busy)))


def test_the_load_of_the_machine_of_the_tests_may_stand_beside_a_root() -> None:
    busy = a_finding("NODE_LOADED@n1")
    run(ROW, Pretence(heals(HEALED, busy)))
    site = Pretence(lambda site: [busy] if site.time < 5 else [])
    run(replace(ROW, root=(), seconds=20), site)
    # Where it is the fault itself, it has to be there.
    with pytest.raises(AssertionError, match="the roots are"):
        run(replace(ROW, root=("NODE_LOADED@n1",)), Pretence(heals(HEALED)))


def test_what_both_sides_say_together_is_the_fault_of_the_row_alone() -> None:
    row = replace(ROW, diagnosed="network from 9999 to 10000")
    run(row, Pretence(heals(HEALED)))
    with pytest.raises(AssertionError, match='"place": "network"'):
        run(replace(row, diagnosed="router of 9999"), Pretence(heals(HEALED)))
