"""Faults of `faults.yml` on EggRoll and OSX: each has its root, alone, and what its finding says repairs it."""

from __future__ import annotations

import pytest
from eggroll_packages import REAL
from fault_rows import Row, rows_on
from fault_run import run
from fault_site import Parties
from fault_sites import SITES
from raised import RAISED
from rolling import Rolling
from sampling import LONG, SEED, sample

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

IN_CI = 3
ROWS = rows_on("eggroll", long=LONG, real=bool(REAL))


@pytest.mark.parametrize("row", sample("fault of eggroll", ROWS, IN_CI), ids=str)
def test_a_fault_has_its_root_alone_and_its_remedy_repairs_it(rolling: Rolling, row: Row) -> None:
    print(f"FATECLOUD_SEED={SEED} {row}")  # noqa: T201 - pytest shows it where the test fails
    run(row, Parties(rolling.program, rolling.nodes, SITES["eggroll"]))


@pytest.mark.fixtures
def test_eggs_that_never_report_fail_the_test_of_a_session(rolling: Rolling) -> None:
    at = rolling.site
    at.shell(at.script("asked clustermanager new=yes", ()))
    try:
        with RAISED.anything():
            found = rolling.program.run("test", "egg", "--from", "9999", "--to", "9999", "--deadline", "60")
    finally:
        at.shell(at.script("no_more clustermanager", ()))
    assert found.status == 4, found
    assert "no egg started" in found.err
    rolling.restored()
