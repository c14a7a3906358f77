"""Puts back what the tables of routes of services said before a run changed them. No service is restarted.

Parameters: `base`, `run`, `undo` (list of: `service`, `run` whose change is undone, `user` and `group` of the service).
What is replaced is kept in its turn, so that this is undone in the same way.
"""

from __future__ import annotations

import hashlib
import os

from ansible.module_utils import fatecloud_earlier as earlier
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import remove_placed, sha256_of
from ansible.module_utils.fatecloud_node import Refused, note_change, owner_ids, private, working
from ansible.module_utils.fatecloud_places import RENDERED
from ansible.module_utils.fatecloud_placing import strangers, write
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_supervision import Systemd
from ansible.module_utils.fatecloud_trust import read


def version_before(manifest: object, service: str, run: str) -> dict:
    """Path -> entry (None: there was no such file) of the tables before a run changed them.

    Raises:
        Refused: none is kept.
    """
    versions = manifest.data.get("earlier", {}).get(service, [])
    found = [version["files"] for version in versions if version["run"] == run]
    if not found:
        raise Refused(f"what {service} had before run {run} is not kept any more")
    return found[-1]


def text_of(base: str, entry: dict) -> bytes:
    """The text of a version. Raises Refused where it is lost."""
    path = os.path.join(private(base), RENDERED, entry["digest"])
    data = read(path)
    if data is None or hashlib.sha256(data).hexdigest() != entry["digest"]:
        raise Refused(f"{path} is gone or damaged")
    return data


def put_back(manifest: object, params: dict, wish: dict) -> list:
    """Put back the tables of one service; paths of the files that changed.

    Raises:
        Refused: they are not kept, or a file was changed by hand.
    """
    service = wish["service"]
    wanted = version_before(manifest, service, wish["run"])
    current = earlier.now(manifest, service, list(wanted))
    recorded, pending = manifest.data["files"], manifest.data.setdefault("pending", {})
    there = {path: sha256_of(path) for path in current}
    hashes = {path: entry["sha256"] for path, entry in wanted.items() if entry}
    strange = strangers({path: (there[path], hashes.get(path)) for path in current}, recorded, pending)
    if strange:
        raise Refused(f"changed by hand, or not ours: {', '.join(strange)}", edited=strange[0])
    texts = {path: text_of(params["base"], entry) for path, entry in wanted.items() if entry}
    earlier.note(manifest, service, params["run"], current, undo=True)
    pending.update(hashes)
    manifest.save()
    note_change(params["base"], params["run"], service)
    changed = [path for path in current if current[path] != wanted.get(path)]
    ids = owner_ids(wish["user"], wish["group"])
    for path in changed:
        entry = wanted.get(path)
        if entry:
            write({**entry, "path": path}, texts[path], there[path], entry["sha256"], ids)
            recorded[path] = entry
        else:
            remove_placed(path)
            del recorded[path]
    manifest.data["pending"] = {path: sha for path, sha in pending.items() if path not in texts}
    known = manifest.data["services"].get(service, {})
    if known.get("supervision") == "systemd":
        Systemd(known).reread()
    return changed


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Put back the tables of all named services.

    Raises:
        Refused: the run does not hold the node, or see `put_back`.
    """
    changed: list = []
    with working(params["base"], params["run"], check) as manifest:
        for wish in params["undo"]:
            version_before(manifest, wish["service"], wish["run"])
            changed += [] if check else put_back(manifest, params, wish)
    return {"changed": bool(changed), "paths": changed}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "undo": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    conclude(module, apply)


if __name__ == "__main__":
    main()
