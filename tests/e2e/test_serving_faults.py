"""Faults of `faults.yml` on FATE-Serving: each has its root, alone, and what its finding says repairs it.

No registry has the packages, so they run only where FATECLOUD_PACKAGES names a directory with a directory `serving`,
which has upstream's zips of 2.1.6.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fault_rows import Row, rows_on
from fault_run import run
from fault_site import Parties
from raised import RAISED
from rolling import Rolling
from sampling import LONG, SEED, sample
from serving_site import ARCHIVES, MEMORY, SITE, deployed, load

from fatecloud.workflow.sandbox import Handed

if not ARCHIVES:
    pytest.skip("FATECLOUD_PACKAGES names no directory with serving", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

IN_CI = 3
ROWS = rows_on("serving", long=LONG, real=True)
_FAILED: list[Row] = []


@pytest.fixture(scope="module")
def servings(new_sandbox: Callable[..., Handed], tmp_path_factory: pytest.TempPathFactory) -> Rolling:
    """Two parties on FATE-Serving, with the sample model in every server."""
    handed = new_sandbox("servings", 3, prepared=True, memory=MEMORY)
    return deployed(handed, tmp_path_factory.mktemp("servings"))


@pytest.mark.parametrize("row", sample("fault of serving", ROWS, IN_CI), ids=str)
def test_a_fault_has_its_root_alone_and_its_remedy_repairs_it(servings: Rolling, row: Row) -> None:
    print(f"FATECLOUD_SEED={SEED} {row}")  # noqa: T201 - pytest shows it where the test fails
    if _FAILED:
        _FAILED.clear()
        with RAISED.anything():
            servings.program.run("deploy", "--yes", "--no-verify", "--overwrite-drift", timeout=900)
            load(servings, SITE.nodes)
    # What comes after a row that failed is not to fail for it.
    _FAILED.append(row)
    run(row, Parties(servings.program, servings.nodes, SITE))
    _FAILED.clear()
