"""Faults of the service of `tests/fixtures/jvm`: each has exactly its code, and goes with what its remedy says."""

from __future__ import annotations

import pytest
from raised import RAISED
from tallies import Tallies, remedies, typed

pytestmark = pytest.mark.e2e
MIB = 1 << 20


def test_a_service_that_hangs_is_hung(tallies: Tallies) -> None:
    tallies.make("Hang", 20)
    tallies.finds("SERVICE_HUNG")
    tallies.finds()


def test_another_password_in_the_database_is_its_own_finding(tallies: Tallies) -> None:
    tallies.sql("ALTER USER tally@'%' IDENTIFIED BY 'other'")
    report = tallies.finds("TALLY_DATABASE")
    command = next(line for line in remedies(report, "TALLY_DATABASE") if line.startswith("sudo"))
    tallies.sandbox.check("n1", ["sh", "-c", typed(command)])
    tallies.finds()


def test_what_is_left_over_grows_at_five_checks_in_a_row_until_the_heap_is_full(tallies: Tallies) -> None:
    tallies.finds()
    tallies.finds()  # two alike: what was left over before does not count
    found: list[set[str]] = []
    while "TALLY_HEAP_FULL" not in (found or [set()])[-1]:
        tallies.make("Leak", 4 * MIB)
        with RAISED.anything():
            report = tallies.program.report()
        found.append({finding["code"] for finding in report["findings"]} - {"NODE_DISK_FILLING"})
        assert len(found) < 20, found
    first = 3  # four samples that grow, and the one before them
    assert found == [set()] * first + [{"TALLY_LEAK"}] * (len(found) - first - 1) + [{"TALLY_HEAP_FULL"}]
    tallies.write("count", config={"jvm": {"heap": "128MiB"}})
    tallies.deploy()
    tallies.finds()
