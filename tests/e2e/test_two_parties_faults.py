"""Faults of `faults.yml` on two parties: each has its root, alone, and what its finding says repairs it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest
from fault_rows import Row, rows
from fault_run import Clock, run
from faults import Site as Node
from program import Program
from raised import RAISED
from repairs import repair
from sampling import LONG, SEED, sample
from two_parties import COMPONENTS, PARTIES, edit, home, label

from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200), pytest.mark.usefixtures("running")]

IN_CI = 20


class Parties(Clock):
    """The two parties as a site for faults."""

    def __init__(self, program: Program, sandbox: Sandbox) -> None:
        self.program, self.sandbox = program, sandbox
        self._inventory = program.inventory.read_text()

    def do(self, node: str, script: str) -> None:
        """As the row says."""
        match script.split(maxsplit=1):
            case ["unplug"]:
                self.sandbox.disconnect(node)
            case ["plug"]:
                self.sandbox.connect(node)
            case ["reboot"]:
                self.sandbox.restart(node)
            case ["fatecloud", line]:
                self.program.ok(*shlex.split(line))
            case ["inventory", patch]:
                edit(self.program, lambda document: _merge(document, json.loads(patch)))
            case ["inventory"]:
                self.program.inventory.write_text(self._inventory)
            case _:
                at = Node(self.sandbox, label(self.program), node, PARTIES[node], home(self.program))
                at.shell(at.script(script, COMPONENTS))

    def report(self) -> dict[str, Any]:
        """Of `check`."""
        return self.program.report()

    def preflight(self) -> dict[str, Any]:
        """Of `preflight`."""
        return dict(json.loads(self.program.run("preflight", "-o", "json").out))

    def repair(self, finding: Mapping[str, Any]) -> None:
        """As the finding says."""
        repair(self.program, self.sandbox, finding)

    def expecting(self, *codes: str) -> AbstractContextManager[None]:
        """Other codes fail the test."""
        return RAISED.expecting(*codes)


def _merge(document: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """Give the document what the patch has; mappings are merged."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            _merge(document.setdefault(key, {}), value)
        else:
            document[key] = value


@pytest.mark.parametrize("row", sample("fault", [row for row in rows() if LONG or not row.long], IN_CI), ids=str)
def test_a_fault_has_its_root_alone_and_its_remedy_repairs_it(program: Program, sandbox: Sandbox, row: Row) -> None:
    print(f"FATECLOUD_SEED={SEED} {row}")  # noqa: T201 - pytest shows it where the test fails
    run(row, Parties(program, sandbox))
