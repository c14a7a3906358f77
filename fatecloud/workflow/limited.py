"""A login for `check` and `status` that may do nothing else as root: it runs the collector that a deploy installed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.collect import shipment
from fatecloud.collect.node.limited import LONGEST
from fatecloud.collect.spec import spec_for
from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.model.layout import check_program_of, check_spec_of
from fatecloud.model.node import Node
from fatecloud.model.programs import SUDO
from fatecloud.workflow.check import FACTS, USAGE
from fatecloud.workflow.status import FACTS as SHOWN

Question = tuple[tuple[str, ...], bytes, bool]
"""Command, standard input, and whether it has to run as root."""


def check_files(desired: Desired, node: Node) -> tuple[DesiredFile, ...]:
    """The collector that a node's login for checks may run, and what it may read; none without such a login."""
    if node.check is None:
        return ()
    spec = spec_for(desired, node.name, want={*FACTS, USAGE, *SHOWN})
    spec["asker"] = shipment.asker()
    program = shipment.program(check_spec_of(node), node.python)
    return (
        _file(check_program_of(desired.cluster.label), program, 0o755),
        _file(check_spec_of(node), json.dumps(spec, indent=1, sort_keys=True) + "\n", 0o600),
    )


def _file(path: str, text: str, mode: int) -> DesiredFile:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return DesiredFile(path, text, mode, "root", "node", restarts=False, digest=digest)


def as_checker(node: Node) -> Node:
    """The node as its login for checks reaches it."""
    if node.check is None:
        return node
    # Without any password: this login is for programs that run by themselves.
    ssh = replace(node.ssh, user=node.check.user, key=node.check.key or node.ssh.key, password=None)
    return replace(node, ssh=ssh, become_password=None)


def question(desired: Desired, node: Node, spec: Mapping[str, Any]) -> Question:
    """How a node's collector is started: the installed one where the node has a login for checks."""
    if node.check is None:
        return shipment.question(node, spec)
    some = [probe["id"] for probe in spec["probes"]]
    # A program that an earlier version has installed knows all questions or none.
    whole = len(some) >= sum(len(service.probes) for service in desired.on_node(node.name))
    probes = bool(some) if whole else some
    asked = {"want": spec["want"], "probes": probes, "deadline": min(spec["deadline"], LONGEST)}
    patience = max((probe.get("patience", 1) for probe in spec["probes"]), default=1)
    if patience > 1:  # a program that an earlier version has installed does not know the word
        asked["patience"] = patience
    return (SUDO, "-n", "--", check_program_of(desired.cluster.label)), json.dumps(asked).encode(), False
