"""Removes from a node's store what neither its release nor any of its services needs any more.

Parameters: `base`, `run`, `python` (the release's environment, as `fatecloud_python` gets it; left out where there is
none). A base directory, and so its store, belongs to one cluster: the lease sees to that.

Kept is what the release names, what a service's own environment was made from, and what a process still runs from: a
supervisord outlives the release that brought it.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_node import Refused, working
from ansible.module_utils.fatecloud_store import ID_LENGTH, complete

READ = 16 << 20
"""Bytes that are read of what a process says about itself: it can make both endless."""


def parts(python: dict | None) -> list:
    """The artifacts of an environment."""
    return [python["interpreter"], python["uv"], *python["wheels"]] if python else []


def _inside(path: str, folder: str) -> str:
    """Name of the entry of `folder` in or below which a path lies; empty where it does not."""
    return path[len(folder) + 1 :].split("/", 1)[0] if path.startswith(folder + "/") else ""


def needed(base: str, python: dict | None, homes: list) -> tuple:
    """Names of the shared environments, and of the interpreters, that something rests on.

    Args:
        homes: directories of the services that are on the node.
    """
    venvs, pythons = set(), set()
    store = os.path.realpath(os.path.join(base, "store"))
    if python:
        venvs.add(python["digest"][:ID_LENGTH])
        pythons.add(python["interpreter"]["sha256"][:ID_LENGTH])
    for home in homes:
        with contextlib.suppress(OSError):
            venvs.add((complete(os.path.join(home, "venv")) or "").strip()[:ID_LENGTH])
    used = [os.path.join(home, "venv") for home in homes] + [os.path.join(store, "venv", name) for name in venvs]
    for venv in used:
        program = os.path.realpath(os.path.join(venv, "bin", "python"))
        pythons.add(_inside(program, os.path.join(store, "python")))
    return venvs, pythons


def in_use(names: list, proc: str = "/proc") -> set:
    """Those of these directories that a process, as far as we may see it, names, or has its program or a library from.

    Args:
        names: pairs of what the store calls a directory and how processes may call it.
    """
    found = set()
    for number in filter(str.isdigit, os.listdir(proc)):
        for kind in ("cmdline", "maps"):
            with contextlib.suppress(OSError), open(os.path.join(proc, number, kind), "rb") as file:
                text = file.read(READ)
                found.update(path for path, name in names if f"{name}/".encode() in text)
    return found


def _names(folder: str) -> list:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _remove(path: str) -> None:
    # First what says that it is whole: a removal that is cut off must not leave half an environment that counts.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(path, ".complete"))
    shutil.rmtree(path)


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Clear the store.

    Raises:
        Refused: the run does not hold the node, or something cannot be removed.
    """
    base, python = params["base"], params["python"]
    store = os.path.realpath(os.path.join(base, "store"))
    with working(base, params["run"], check) as manifest:
        homes = [entry["home"] for entry in manifest.data["services"].values()]
        venvs, pythons = needed(base, python, homes)
        kept = {"venv": venvs, "python": pythons, "artifacts": {artifact["sha256"] for artifact in parts(python)}}
        old = [
            os.path.join(kind, name)
            for kind in kept
            for name in _names(os.path.join(store, kind))
            if name not in kept[kind]
        ]
        # Processes call it as the base directory was given to them, or as the kernel knows it.
        called = [(path, os.path.join(up, path)) for path in old for up in (store, os.path.join(base, "store"))]
        spared = in_use([pair for pair in called if not pair[0].startswith("artifacts/")]) if called else set()
        old = [path for path in old if path not in spared]
        for path in [] if check else old:
            _remove(os.path.join(store, path))
        if not check:
            left = {kind: _names(os.path.join(store, kind)) for kind in kept}
            manifest.data["venvs"] = {k: v for k, v in manifest.data["venvs"].items() if k in left["venv"]}
            manifest.data["pythons"] = [name for name in manifest.data["pythons"] if name in left["python"]]
            manifest.data["artifacts"] = [sha for sha in manifest.data["artifacts"] if sha in left["artifacts"]]
    return {"changed": bool(old), "removed": old, "spared": sorted(spared)}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "python": {"type": "dict", "default": None},
        },
        supports_check_mode=True,
    )
    try:
        result = apply(module.params, module.check_mode)
    except Refused as refusal:
        module.fail_json(msg=str(refusal), **refusal.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
