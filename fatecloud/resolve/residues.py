"""The files that remove what a service leaves behind: a program, and what starts it once a day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from fatecloud.components.script import module_text
from fatecloud.model.component import Component
from fatecloud.model.identity import ServiceId
from fatecloud.model.layout import data_of, logs_of, sweep_timer_of, unit_path_of
from fatecloud.model.node import Node
from fatecloud.model.service import FileSpec
from fatecloud.model.wanted import Wanted


def sweep_specs(
    node: Node, service: ServiceId, component: Component, wanted: Wanted, home: str, values: Mapping[str, Any]
) -> tuple[FileSpec, ...]:
    """Program, and under systemd a timer with its unit; empty if the service leaves nothing behind.

    Args:
        values: of the service's own unit; these units say the same of user, directories and protections.

    Raises:
        ValueError: a residue is not below the service's data or logs.
    """
    if not (wanted.residues or wanted.chores):
        return ()
    roots = [data_of(node, service), logs_of(node, service)]
    for residue in wanted.residues:
        # What removes these files runs with the service's rights, in its own directories and nowhere else.
        if ".." in residue.path.split("/") or not residue.path.startswith(tuple(f"{root}/" for root in roots)):
            raise ValueError(f"{residue.what}: {residue.path} is not below the service's data or logs")
    settings = {
        "residues": [asdict(residue) for residue in wanted.residues],
        "roots": roots,
        "question": _question(component, wanted),
        "chores": [asdict(chore) for chore in wanted.chores],
    }
    program = {
        "stamp": service.stamp,
        "python": node.python,
        "text": module_text("fatecloud.probing.sweep"),
        # Twice: as a document, and as a string of the program.
        "settings": json.dumps(json.dumps(settings, sort_keys=True)),
    }
    found = [FileSpec(f"{home}/bin/sweep", "service/sweep.py.j2", program, mode=0o750, restarts=False)]
    if node.supervision == "systemd":
        timer = sweep_timer_of(unit_path_of(node, service))
        unit = timer.removesuffix(".timer") + ".service"
        found.append(FileSpec(unit, "service/sweep.service.j2", values, mode=0o644, restarts=False))
        found.append(FileSpec(timer, "service/sweep.timer.j2", values, mode=0o644, restarts=False))
    return tuple(found)


def _question(component: Component, wanted: Wanted) -> dict[str, Any] | None:
    """How the service is asked for its jobs, from its own node; None where it runs none."""
    if component.job_question is None:
        return None
    place = urlsplit(wanted.facts["job_api"])
    names = {"host": place.hostname, "port": place.port, "settings": wanted.facts.get("job_settings", "")}
    asked = component.job_question
    return {
        "argv": [word.format(**names) for word in asked.argv],
        "stdin": asked.stdin,
        "timeout": asked.timeout,
    }
