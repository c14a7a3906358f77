"""Removes from a node's store what neither a release that is deployed there nor any of its services needs any more.

Parameters: `base`, `run`, `parts` (what is needed: list of `kind`, `id`, and hashes of its `artifacts`). A base
directory, and so its store, belongs to one cluster: the lease sees to that.

Kept is what the releases name, what a service's own environment or view was made from, and what a process still runs
from: a supervisord outlives the release that brought it.
"""

from __future__ import annotations

import contextlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import make_directory, remove_tree
from ansible.module_utils.fatecloud_node import working
from ansible.module_utils.fatecloud_places import STORE
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_store import ID_LENGTH, complete

READ = 16 << 20
"""Bytes that are read of what a process says about itself: it can make both endless."""
PASSING = ("incoming", "tmp")
"""Directories of the store that each run clears by itself."""


def _inside(path: str, folder: str) -> str:
    """Name of the entry of `folder` in or below which a path lies; empty where it does not."""
    return path[len(folder) + 1 :].split("/", 1)[0] if path.startswith(folder + "/") else ""


def needed(base: str, parts: list, homes: list) -> dict:
    """Directory of the store -> names of the entries that something rests on.

    Args:
        homes: directories of the services that are on the node.
    """
    store = os.path.realpath(os.path.join(base, STORE))
    found = {"artifacts": {sha256 for part in parts for sha256 in part["artifacts"]}}
    for part in parts:
        found.setdefault(part["kind"], set()).add(part["id"])
    venvs, pythons, trees = (found.setdefault(kind, set()) for kind in ("venv", "python", "tree"))
    for home in homes:
        venvs.add(_shown(os.path.join(home, "venv")))
        trees.update(_shown(os.path.join(home, "trees", name)) for name in _names(os.path.join(home, "trees")))
    used = [os.path.join(home, "venv") for home in homes] + [os.path.join(store, "venv", name) for name in venvs]
    for venv in used:
        program = os.path.realpath(os.path.join(venv, "bin", "python"))
        pythons.add(_inside(program, os.path.join(store, "python")))
    return found


def _shown(path: str) -> str:
    """Name of the entry of the store from which a service's own directory was made; empty where there is none."""
    with contextlib.suppress(OSError):
        return (complete(path) or "").split("\n", 1)[0][:ID_LENGTH]
    return ""


def in_use(names: list, proc: str = "/proc") -> set:
    """Those of these directories that a process, as far as we may see it, names, or has its program or a library from.

    Args:
        names: pairs of what the store calls a directory and how processes may call it.
    """
    found = set()
    for number in filter(str.isdigit, os.listdir(proc)):
        for kind in ("cmdline", "environ", "maps"):
            with contextlib.suppress(OSError), open(os.path.join(proc, number, kind), "rb") as file:
                text = file.read(READ)
                found.update(path for path, name in names if name.encode() in text)
    return found


def _names(folder: str) -> list:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _remove(path: str) -> None:
    # First what says that it is whole: a removal that is cut off must not leave half an environment that counts.
    make_directory(path, 0o755)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(path, ".complete"))
    remove_tree(path)


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Clear the store.

    Raises:
        Refused: the run does not hold the node, or something cannot be removed.
    """
    base = params["base"]
    store = os.path.realpath(os.path.join(base, STORE))
    with working(base, params["run"], check) as manifest:
        homes = [entry["home"] for entry in manifest.data["services"].values()]
        kept = needed(base, params["parts"], homes)
        old = [
            os.path.join(kind, name)
            for kind in _names(store)
            if kind not in PASSING
            for name in _names(os.path.join(store, kind))
            if name not in kept.get(kind, ())
        ]
        # Processes call it as the base directory was given to them, or as the kernel knows it.
        called = [(path, os.path.join(up, path)) for path in old for up in (store, os.path.join(base, STORE))]
        spared = in_use([pair for pair in called if not pair[0].startswith("artifacts/")]) if called else set()
        old = [path for path in old if path not in spared]
        for path in [] if check else old:
            _remove(os.path.join(store, path))
        if not check:
            there = {f"{kind}/{name}" for kind in _names(store) for name in _names(os.path.join(store, kind))}
            manifest.data["made"] = [path for path in manifest.data["made"] if path in there]
            manifest.data["artifacts"] = [a for a in manifest.data["artifacts"] if f"artifacts/{a}" in there]
    return {"changed": bool(old), "removed": old, "spared": sorted(spared)}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "parts": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    conclude(module, apply)


if __name__ == "__main__":
    main()
