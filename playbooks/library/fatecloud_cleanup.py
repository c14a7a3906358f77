"""Removes everything that the manifest names from a node; data and logs only with `purge`, packages never.

Parameters: `base`, `run`, `purge` (also data and logs), `copies` and `label` (see `copy_of`), `supervisor`, `user`.
Services must be gone already. The lease goes with the rest, so this is the last task of a run on the node. Where data
stay, or are not in place, the manifest stays with them and says what is still ours: so the cluster can come back to its
data, or be cleared of them later.

Services' own accounts go, except those that own data which stay. Packages, and users that the operator named, stay,
because others may use them by now; so do the masks of the packages' own
units, which would otherwise start at the next boot. They are listed in `left`.
"""

from __future__ import annotations

import os

from ansible.module_utils import fatecloud_copies as copies
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_accounts import drop
from ansible.module_utils.fatecloud_inside import remove_empty, remove_file, remove_placed, remove_tree
from ansible.module_utils.fatecloud_marks import data_away, forget_marks
from ansible.module_utils.fatecloud_node import Manifest, Refused, private, working
from ansible.module_utils.fatecloud_places import STORE
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_register import leave
from ansible.module_utils.fatecloud_supervision import Supervisor


def _remove_private(base: str, spared: list) -> None:
    for entry in os.scandir(private(base)):
        if entry.path in spared:
            continue
        if entry.is_dir(follow_symlinks=False):
            remove_tree(entry.path)
        else:
            os.unlink(entry.path)
    remove_empty(private(base))


def clear(base: str, manifest: Manifest, purge: bool, away: list) -> list:  # noqa: FBT001
    """Remove files, the store and our directories; returns the directories that stay because they are not empty.

    Args:
        away: directories whose data are not in place: what lies there instead is not ours to remove.
    """
    for path in manifest.data["files"]:
        remove_placed(path)
    copies.remove(manifest, days=0)
    remove_tree(os.path.join(base, STORE))
    ours = sorted(manifest.data["directories"], key=len, reverse=True)
    for path in ours:
        if purge and not within(path, away):
            remove_tree(path)
        else:
            remove_empty(path)
    return sorted(path for path in ours if os.path.isdir(path))


def remove_consoles(folder: str, label: str) -> None:
    """Remove what root's supervisord wrote of our services; another cluster may write into the same directory."""
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            if name.startswith(f"{label}-"):
                remove_file(os.path.join(folder, name))


def within(path: str, folders: list) -> bool:
    """Whether a path is one of these directories, or below one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def apply(params: dict) -> dict:
    """Clear the node.

    Raises:
        Refused: services are still there, or the run does not hold the node.
    """
    base = params["base"]
    with working(base, params["run"]) as manifest:
        if manifest.data["services"]:
            raise Refused(f"still installed: {', '.join(sorted(manifest.data['services']))}")
        entry = {
            "base": base,
            "slug": "",
            "home": "",
            "user": params["user"],
            "supervisor": params["supervisor"],
        }
        supervisor = Supervisor(entry)
        if os.path.exists(supervisor.conf):
            supervisor.end()
        away = data_away(manifest, params)
        kept = clear(base, manifest, params["purge"], list(away.values()))
        leave(manifest.data["id"])
        forget_marks(manifest, params, away, everything=params["purge"])
        kept = [path for path in kept if os.path.isdir(path)]
        # A later destroy, with the disk in place, still has to know them.
        expected = [path for path in manifest.data["directories"] if within(path, list(away.values()))]
        left = {name: manifest.data[name] for name in ("packages", "masked")}
        # Where a disk is away, no one knows what is on it.
        left["users"] = sorted(manifest.data["accounts"]) if away else drop(manifest, set(), kept)
        shared = manifest.data["shared"]
        # The marks of data that stay are expected by the deploy that comes back to them.
        staying = ("layout", "cluster", "id", "shared", "data", "accounts", "packages", "masked")
        manifest.data = {name: manifest.data[name] for name in staying if name in manifest.data}
        manifest.data["directories"] = sorted({*kept, *expected})
        if not manifest.data.get("data"):
            manifest.data.pop("data", None)
    spared = [manifest.path] if kept or away else []
    if manifest.data.get("data"):
        spared.append(params["copies"])
    _remove_private(base, spared)
    for path in sorted(shared, key=len, reverse=True):
        if params["purge"] and os.path.basename(path) == "consoles":
            remove_consoles(path, params["label"])
        remove_empty(path)
    left["away"] = sorted(f"{service} (was in {path})" for service, path in away.items())
    return {"changed": True, "kept": kept, "left": left}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "purge": {"type": "bool", "default": False},
            "copies": {"type": "path", "required": True},
            "label": {"required": True},
            "supervisor": {"default": ""},
            "user": {"default": ""},
        },
    )
    if not os.path.isdir(private(module.params["base"])):
        module.exit_json(changed=False)
    conclude(module, lambda params, _check: apply(params))


if __name__ == "__main__":
    main()
