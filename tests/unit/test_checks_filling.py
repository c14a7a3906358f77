"""A file system that will be full within days is a warning with its time, and with what grows fastest there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, Documents, healthy_documents, observed, report_of, the_desired
from preflight_world import GIB, NOW

from fatecloud.checks.filling import disk_lasts
from fatecloud.checks.history import joined
from fatecloud.model.finding import Finding
from fatecloud.model.residues import Residue
from fatecloud.model.samples import History, Sample

HOUR, DAY = 3600.0, 86400.0
LEFT = "left on /"
LOGS = f"{ENGINE} logs/N"


def line(now: float, per_day: float, *, hours: int = 48, number: int = 9) -> tuple[Sample, ...]:
    """Samples of a value that changes by so much a day, and is this now."""
    ages = [hours * HOUR * n / (number - 1) for n in reversed(range(number))]
    return tuple(Sample(NOW - age, now - per_day * age / DAY) for age in ages)


def found(history: History) -> list[Finding]:
    return [f for f in report_of(history=history).findings if f.code == "NODE_DISK_FILLING"]


def test_the_healthy_cluster_fills_no_disk() -> None:
    assert found({"a1": {LEFT: line(100 * GIB, -1 * GIB)}}) == []


def test_a_disk_that_will_be_full_is_reported_alone_with_what_grows_fastest() -> None:
    series = {
        LEFT: line(12 * GIB, -4 * GIB),
        LOGS: line(30 * GIB, 3 * GIB),
        f"{ENGINE} data/jobs": line(9 * GIB, 0.5 * GIB),
        f"{FRONT} logs/access.log": line(1 * GIB, 0.25 * GIB),
        f"{FRONT} logs/error.log": line(1 * GIB, 0.1 * GIB),
        f"{FRONT} data/x": line(5 * GIB, 0),
        f"{FRONT} data/y": line(5 * GIB, -9 * GIB),
        f"{ENGINE} data/new": line(5 * GIB, 50 * GIB)[-2:],
    }
    report = report_of(history={"a1": series})
    assert [(f.id, f.severity) for f in report.findings] == [("NODE_DISK_FILLING@a1", "warning")]
    (finding,) = report.findings
    assert finding.symptom == "/ will be full in about 3 d"
    assert (finding.expected, finding.got) == ("room for at least 7 d at the rate of the latest samples", "3 d")
    assert finding.cause == f"{ENGINE} writes most, in logs/N"
    assert finding.evidence == (
        f"{ENGINE} logs/N: 3 GiB a day, 30 GiB now",
        f"{ENGINE} data/jobs: 512 MiB a day, 9 GiB now",
        f"{FRONT} logs/access.log: 256 MiB a day, 1 GiB now",
    )


@pytest.mark.parametrize(
    ("path", "jobs", "name", "known"),
    [
        ("{logs}/{job}", "[0-9]*", "logs/N", True),
        ("{logs}/{job}", "[0-9]*", "logs/fate_flow", False),
        ("{logs}/fate_flow/*.log.*", "*", "logs/fate_flow", True),
        ("{data}/jobs/{job}", "[0-9]*", "data/jobs", True),
        ("{data}/jobs/{job}", "[0-9]*", "logs/jobs", False),
        ("{logs}/session_*_*", "*", "logs/session_N_N", True),
    ],
)
def test_what_is_removed_by_age_is_named_with_its_setting(path: str, jobs: str, name: str, *, known: bool) -> None:
    desired = the_desired()
    engine = desired.services[ENGINE]
    roots = {"{data}": engine.data, "{logs}": f"/data/fate/logs/{engine.id.slug}"}
    for mark, root in roots.items():
        path = path.replace(mark, root)
    engine = replace(engine, residues=(Residue(path, "directories of jobs", 14, jobs),))
    desired = replace(desired, services={**desired.services, ENGINE: engine})
    history = {"a1": {LEFT: line(12 * GIB, -4 * GIB), f"{ENGINE} {name}": line(9 * GIB, 2 * GIB)}}
    (finding,) = report_of(history=history, desired=desired).findings
    assert ("(directories of jobs, removed after 14 days)" in finding.evidence[0]) is known
    assert ("set residues.days of engine to less than 14" in str(finding.remedy[0])) is known


def test_a_disk_that_others_fill_says_so() -> None:
    (finding,) = found({"a1": {LEFT: line(12 * GIB, -4 * GIB), LOGS: line(GIB, 0)}})
    assert finding.cause == "no service of fatecloud grows on it: something else writes there"
    assert finding.evidence == ()
    assert finding.remedy


@pytest.mark.parametrize(
    "samples",
    [
        line(12 * GIB, -4 * GIB, number=4),
        line(12 * GIB, -4 * GIB, hours=6),
        line(12 * GIB, -200 * GIB, hours=5),
        line(12 * GIB, 4 * GIB),
        (),
    ],
    ids=["too few looks", "too far ahead", "too short a time", "it empties", "never looked at"],
)
def test_what_is_not_known_well_enough_is_not_forecast(samples: tuple[Sample, ...]) -> None:
    assert found({"a1": {LEFT: samples}}) == []


def test_a_disk_that_is_full_already_is_reported_as_that_alone() -> None:
    def fill(documents: Documents) -> None:
        documents["a1"]["disk"] = {path: disk | {"available": 0} for path, disk in documents["a1"]["disk"].items()}

    report = report_of(fill, history={"a1": {LEFT: line(0.1 * GIB, -4 * GIB)}})
    assert [f.id for f in report.findings] == ["NODE_DISK_FULL@a1"]


def test_what_is_left_and_what_the_services_take_is_kept_from_each_check() -> None:
    documents: dict[str, Any] = healthy_documents()
    entries = {"N": {"bytes": 3 * GIB, "count": 40}, "fate_flow": {"bytes": 5, "count": 1}}
    documents["a1"]["usage"] = {ENGINE: {"logs": {"bytes": 4 * GIB, "entries": entries}, "data": None}}
    kept = joined({}, the_desired(), observed(documents), [disk_lasts])
    available = documents["a1"]["disk"]["/data/fate"]["available"]
    assert {name: samples[-1].value for name, samples in kept["a1"].items()} == {
        LEFT: available,
        LOGS: 3 * GIB,
        f"{ENGINE} logs/fate_flow": 5,
    }
    del documents["a1"]["usage"]
    assert set(joined({}, the_desired(), observed(documents), [disk_lasts])["a1"]) == {LEFT}
