"""Two parties as a site for the rows of `faults.yml`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager
from tempfile import TemporaryDirectory
from typing import Any

from fault_run import Clock
from fault_sites import FaultSite
from faults import Site as Node
from program import Program
from raised import RAISED
from repairs import repair
from two_parties import edit, home, label

from fatecloud.sandbox.nodes import Sandbox


class Parties(Clock):
    """Their operator and their nodes."""

    def __init__(self, program: Program, sandbox: Sandbox, site: FaultSite) -> None:
        self.program, self.sandbox, self.site = program, sandbox, site
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
                party, base = self.site.nodes[node], home(self.program)
                at = Node(self.sandbox, label(self.program), node, party, base, self.site.nodes)
                at.shell(at.script(script, self.site.components))

    def report(self) -> dict[str, Any]:
        """Of `check`."""
        return self.program.report()

    def preflight(self) -> dict[str, Any]:
        """Of `preflight`."""
        return dict(json.loads(self.program.run("preflight", "-o", "json").out))

    def diagnosis(self) -> dict[str, Any]:
        """Of `diagnose`, with the exports of both parties."""
        first, second = dict.fromkeys(self.site.nodes.values())
        with TemporaryDirectory() as place:
            for one, other in ((first, second), (second, first)):
                self.program.run("check", "--export", f"{place}/{one}", "--for", other, "-o", "json")
            done = self.program.run("diagnose", f"{place}/{first}", f"{place}/{second}", "-o", "json")
        return dict(json.loads(done.out))

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
