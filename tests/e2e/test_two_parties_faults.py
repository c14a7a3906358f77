"""Faults of `faults.yml` on two parties: each has its root, alone, and what its finding says repairs it."""

from __future__ import annotations

import pytest
from fault_rows import Row, rows_on
from fault_run import run
from fault_site import Parties
from fault_sites import SITES
from program import Program
from sampling import LONG, SEED, sample

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.usefixtures("running")]

IN_CI = 17


@pytest.mark.parametrize("row", sample("fault", rows_on("rabbitmq", long=LONG), IN_CI), ids=str)
def test_a_fault_has_its_root_alone_and_its_remedy_repairs_it(program: Program, sandbox: Sandbox, row: Row) -> None:
    print(f"FATECLOUD_SEED={SEED} {row}")  # noqa: T201 - pytest shows it where the test fails
    run(row, Parties(program, sandbox, SITES["rabbitmq"]))
