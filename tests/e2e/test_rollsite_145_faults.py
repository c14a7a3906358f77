"""Faults of `faults.yml` on FATE 1.4.5: each has its root, alone, and what its finding says repairs it."""

from __future__ import annotations

import pytest
from fault_rows import Row, rows_on
from fault_run import run
from fault_site import Parties
from fault_sites import SITES
from rolling import Rolling
from rollsite_packages import OLDEST, OLDEST_PACKAGES
from sampling import LONG, SEED, sample

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

IN_CI = 3
ROWS = rows_on("rollsite", long=LONG, real=OLDEST_PACKAGES is not None, release=OLDEST)


@pytest.mark.parametrize("row", sample("fault of FATE 1.4.5", ROWS, IN_CI), ids=str)
def test_a_fault_has_its_root_alone_and_its_remedy_repairs_it(oldest: Rolling, row: Row) -> None:
    print(f"FATECLOUD_SEED={SEED} {row}")  # noqa: T201 - pytest shows it where the test fails
    run(row, Parties(oldest.program, oldest.nodes, SITES["rollsite"]))
