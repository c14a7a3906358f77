"""Loads our Ansible modules as plain Python, the way Ansible would find them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import ansible.module_utils

from fatecloud.collect.node import family, listing, sockets, state_words, watched
from fatecloud.model import own_accounts, places, states, steps
from fatecloud.model.layout import LAYOUT

CLUSTER_ID = "c3f9a2b1d4e5f607"
NOTHING = {"copies": "/nonexistent/data", "label": "demo", "supervisor": "", "user": ""}
"""What a cleaning needs to know of a node without supervisor and without marks of data."""
ROOT = Path(__file__).parents[2] / "playbooks"

ansible.module_utils.__path__.append(str(ROOT / "module_utils"))
sys.path.append(str(ROOT / "library"))
# The project's renderer puts the copies there.
sys.modules["ansible.module_utils.fatecloud_family"] = family
sys.modules["ansible.module_utils.fatecloud_listing"] = listing
sys.modules["ansible.module_utils.fatecloud_watched"] = watched
sys.modules["ansible.module_utils.fatecloud_sockets"] = sockets
sys.modules["ansible.module_utils.fatecloud_places"] = places
sys.modules["ansible.module_utils.fatecloud_state_words"] = state_words
sys.modules["ansible.module_utils.fatecloud_own_accounts"] = own_accounts
sys.modules["ansible.module_utils.fatecloud_states"] = states
sys.modules["ansible.module_utils.fatecloud_steps"] = steps


def module(name: str) -> ModuleType:
    """A module of `playbooks/library`."""
    return importlib.import_module(name)


def action(name: str) -> ModuleType:
    """An action plugin of `playbooks/action_plugins`, which has the name of the module that it serves."""
    spec = importlib.util.spec_from_file_location(f"action_{name}", ROOT / "action_plugins" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def utility(name: str) -> ModuleType:
    """A module of `playbooks/module_utils`."""
    return importlib.import_module(f"ansible.module_utils.{name}")


_REGISTERS = Path(tempfile.mkdtemp(prefix="fatecloud-register-"))


def register_of_this_test() -> str:
    """Replaces this machine's own register, to which no test may write; each test has its own."""
    name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    return str(_REGISTERS / hashlib.sha256(name.encode()).hexdigest()[:16] / "clusters.d")


vars(utility("fatecloud_register"))["folder"] = register_of_this_test
# The interpreter of the tests may lie where only its owner can go.
vars(utility("fatecloud_running"))["LEAST"] = "root"


def take(base: Path | str, run: str = "r1") -> None:
    """Take the lease of a node, as every run does first."""
    lease = module("fatecloud_lease")
    lease.acquire(
        {
            "base": str(base),
            "run": run,
            "cluster": "demo",
            "id": CLUSTER_ID,
            "layout": LAYOUT,
            "node": "n1",
            "owner": "me@here",
            "controller": "c1",
            "process": {},
            "deploys": [],
            "takeover": "",
            "shown": {},
            "wait": 0,
            "scratch": "",
        }
    )
