"""Two parties on two nodes, architecture rabbitmq: the names of what is there, and small changes to it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from fault_sites import SITES
from program import Program

from fatecloud.model.accounts import own_name
from fatecloud.model.identity import ServiceId
from fatecloud.sandbox.nodes import Sandbox

PARTIES = SITES["rabbitmq"].nodes
A, B = PARTIES
_RUNNING = """
import json, sys, urllib.request
page = "http://127.0.0.1:9380/v2/job/list/query?limit=1&page=1&status=running"
print(json.load(urllib.request.urlopen(page, timeout=20))["data"]["count"])
"""
_FEDERATED = """
import json, sys, urllib.request
page = "http://127.0.0.1:9380/v2/job/list/query?limit=50&page=1&status=running"
rows = json.load(urllib.request.urlopen(page, timeout=20))["data"]["data"]
print(sum(bool(row.get("partners")) for row in rows))
"""
COMPONENTS = SITES["rabbitmq"].components
"""Those of each party."""


def cluster_name(program: Program) -> str:
    return str(yaml.safe_load(program.inventory.read_text())["cluster"])


def cluster_id(program: Program) -> str:
    return str(yaml.safe_load(program.inventory.read_text())["id"])


def label(program: Program) -> str:
    """What the names of everything on the nodes begin with."""
    return f"{cluster_name(program)}-{cluster_id(program)[:6]}"


def state_of(program: Program) -> Path:
    """The cluster's own directory on the controller."""
    return program.state / cluster_id(program)


def home(program: Program) -> str:
    """Base directory of the nodes."""
    document = yaml.safe_load(program.inventory.read_text())
    return str(document.get("defaults", {}).get("paths", {}).get("base", "/data/projects/fate"))


def slug(program: Program, party: str, component: str) -> str:
    return f"{label(program)}-{party}-{component}"


def unit(program: Program, party: str, component: str) -> str:
    return f"fatecloud-{slug(program, party, component)}.service"


def user(program: Program, party: str, component: str) -> str:
    """The account of a service."""
    return own_name(ServiceId(label(program), party, component, ""))


def pids(program: Program, sandbox: Sandbox) -> dict[str, str]:
    """Main process of every service."""
    show = ("systemctl", "show", "-P", "MainPID")
    return {
        f"{party}/{component}": sandbox.check(node, [*show, unit(program, party, component)]).strip()
        for node, party in PARTIES.items()
        for component in COMPONENTS
    }


def machines(program: Program, sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the manifests of the nodes say of their machines."""
    path = f"{home(program)}/.fatecloud/manifest.json"
    return [json.loads(sandbox.check(node, ["cat", path]))["machine"] for node in PARTIES]


def beside(program: Program, directory: Path, **environment: str) -> Program:
    """Another operator of the same cluster, with a copy of its inventory and of what is known about it."""
    shutil.copytree(program.inventory.parent, directory, ignore=shutil.ignore_patterns(program.state.name))
    shutil.copytree(program.state, directory / program.state.name)
    own = program.environment | environment
    return Program(directory / program.inventory.name, directory / program.state.name, own, program.said)


def edit(program: Program, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the inventory."""
    document = yaml.safe_load(program.inventory.read_text())
    change(document)
    program.inventory.write_text(yaml.safe_dump(document, sort_keys=False))


def task(pattern: str) -> Callable[[list[dict[str, Any]]], bool]:
    """Whether a run has come to an event whose text has this."""
    return lambda events: any(re.search(pattern, event["text"]) for event in events)


def jobs_at_work(sandbox: Sandbox) -> int:
    """Jobs that flow itself calls running."""
    return int(sandbox.check(A, ["python3", "-c", _RUNNING]))


def federated_jobs(sandbox: Sandbox) -> int:
    """Those of them that have a partner. An upload has none, and is over at once."""
    return int(sandbox.check(A, ["python3", "-c", _FEDERATED]))
