"""Nodes that are not ready for a deploy: who does on them what preflight says, as it says it, makes them ready."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import NewSandbox
from program import Program
from raised import RAISED, TRUE_OF_EVERY_SANDBOX
from repairs import repair
from two_parties import state_of

from fatecloud.workflow.sandbox import Handed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LOCALES = "/usr/lib/locale"
OF_BARE_NODES = {
    "PREFLIGHT_BOOT_START": "n2",
    "PREFLIGHT_DISK_NOT_WRITABLE": "n2",
    "PREFLIGHT_NOFILE": "n2",
    "PREFLIGHT_PACKAGES_MISSING": "n1",
}
"""What is wrong with them before anything is done: the packages of one are for its administrator to install, and the
other gives us no rights of root."""
FAULTS = {
    "PREFLIGHT_HOSTNAME": ("n1", "hostname lost"),
    "PREFLIGHT_INTERPRETER": ("n2", "dpkg --purge --force-depends python3 python3-minimal"),
    "PREFLIGHT_LOCALE": ("n1", f"mv {LOCALES}/C.utf8 {LOCALES}/kept"),
    "PREFLIGHT_NPROC": ("n2", "echo 'ops - nproc 100' >> /etc/security/limits.d/50-few.conf"),
    "PREFLIGHT_TIMEZONE": ("n2", "timedatectl set-timezone Asia/Shanghai"),
    "PREFLIGHT_TOOLS": ("n1", "dpkg --purge --force-remove-essential gzip"),
}


@pytest.fixture(scope="module")
def handed(new_sandbox: NewSandbox) -> Handed:
    """Nodes of this module's own: it changes them."""
    return new_sandbox("ready", 2)


@pytest.fixture(scope="module")
def program(handed: Handed, tmp_path_factory: pytest.TempPathFactory, store: Path) -> Program:
    """The operator of an inventory with such nodes."""
    home = tmp_path_factory.mktemp("operator")
    document = yaml.safe_load(handed.inventory.read_text())
    document["nodes"]["n1"]["packages"] = "preinstalled"
    document["nodes"]["n2"] |= {"become": "none", "paths": {"base": "/srv/fate"}}
    document["architecture"] = "standalone"
    document["parties"] = {"9999": {"services": {"flow": "n2"}}}
    document["groups"] = {"serving": {"release": "serving-2.1.7", "services": {"redis": "n1"}}}
    inventory = home / "inventory.yml"
    inventory.write_text(yaml.safe_dump(document))
    program = Program(inventory, home / "state", {"FATECLOUD_STORE": str(store)})
    known = state_of(program) / "known_hosts"
    known.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(handed.known_hosts, known)
    program.ok("secrets", "init")
    return program


def test_who_does_what_preflight_says_makes_the_nodes_ready(handed: Handed, program: Program) -> None:
    for node, script in FAULTS.values():
        handed.sandbox.check(node, ["sh", "-ec", script])
    findings = found(program)
    broken = OF_BARE_NODES | {code: node for code, (node, _) in FAULTS.items()}
    assert findings.keys() == {f"{code}@{node}" for code, node in broken.items()}, [*findings.values()]
    for finding in findings.values():
        assert repair(program, handed.sandbox, finding), finding["remedy"]
    assert found(program) == {}


def found(program: Program) -> dict[str, dict[str, Any]]:
    """What preflight finds, by its id."""
    with RAISED.anything():
        done = program.run("preflight", "-o", "json")
    findings = json.loads(done.out)["findings"]
    return {finding["id"]: finding for finding in findings if finding["code"] not in TRUE_OF_EVERY_SANDBOX}
