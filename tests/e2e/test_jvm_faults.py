"""Faults of the service of `tests/fixtures/jvm`: each has exactly its code, and goes with what its remedy says."""

from __future__ import annotations

import pytest
from raised import RAISED
from tallies import Tallies

from fatecloud.model.check import OVERLOADED

pytestmark = pytest.mark.e2e
MIB = 1 << 20
LATE = ("keeps_its_size", OVERLOADED)
"""Check and reason of what is not judged because its answer was late: no sample was taken then."""


def test_a_service_that_hangs_is_hung_until_it_is_restarted(tallies: Tallies) -> None:
    tallies.hang_until_restarted()


def test_another_password_in_the_database_is_its_own_finding(tallies: Tallies) -> None:
    tallies.sql("ALTER USER tally@'%' IDENTIFIED BY 'other'")
    tallies.repair(tallies.finds("TALLY_DATABASE"), "TALLY_DATABASE")
    tallies.finds()


def test_what_is_left_over_grows_at_five_checks_in_a_row_until_the_heap_is_full(tallies: Tallies) -> None:
    # The test before has restarted it, and a full heap is not reported while a service settles.
    assert tallies.program.wait_for(lambda report: not report["settling"])["settling"] == []
    tallies.finds()
    tallies.finds()  # two alike: what was left over before does not count
    found: list[set[str]] = []
    while "TALLY_HEAP_FULL" not in (found or [set()])[-1]:
        tallies.make("Leak", 4 * MIB)
        found.append(sampled(tallies) - {"NODE_DISK_FILLING", OVERLOADED})
        assert len(found) < 20, str(found)
    first = 3  # four samples that grow, and the one before them
    assert found == [set()] * first + [{"TALLY_LEAK"}] * (len(found) - first - 1) + [{"TALLY_HEAP_FULL"}]
    tallies.write("count", config={"jvm": {"heap": "128MiB"}})
    tallies.deploy()
    tallies.finds()


def sampled(tallies: Tallies) -> set[str]:
    """Codes of the first of up to ten checks that takes a sample."""
    for _ in range(10):
        with RAISED.anything():
            report = tallies.program.report()
        if not any((one["check"], one["reason"]) == LATE for one in report["skipped"]):
            return {finding["code"] for finding in report["findings"]}
    pytest.fail(f"late ten times: {report}")
