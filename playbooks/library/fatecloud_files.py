"""Puts a service's (or a node's) files in place. The action plugin of the same name sends the bytes in `archive`.

Parameters: `base`, `run`, `service` (key, or `node`), `files` (list of path, mode, owner, digest, restarts; `kept` of
tables of routes, of which earlier versions are kept), `archive`
(base64 of a tar whose members are named by the position in `files`; `<position>.text` is the same file without its
secrets), `places` (path -> octal mode of directories of ours, which `group` may enter), `directories` (the same for
those that `user` owns and writes to), `user`, `group`, `overwrite_drift`, `prepared` (of a node: digest of how it is
prepared for its services, noted for the next plan), `machine` (of a node: memory and cores that its services are sized
for, noted for all later plans). Returns paths only, never content.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import tarfile

from ansible.module_utils import fatecloud_earlier as earlier
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_copies import keep
from ansible.module_utils.fatecloud_handover import hand_over
from ansible.module_utils.fatecloud_inside import (
    is_directory,
    make_directory,
    remove_file,
    remove_placed,
    sha256_of,
)
from ansible.module_utils.fatecloud_node import Refused, missing, note_change, owner_ids, private, replace, working
from ansible.module_utils.fatecloud_places import PROGRAMS, RENDERED, foreign_names, is_systems
from ansible.module_utils.fatecloud_placing import owner_of, strangers, would_change, write
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_trust import directory

STARTED = "started"
"""Name of the record of a start, in the directory `run` of a service."""


def unpack(files: list, archive: str) -> tuple:
    """Path -> bytes, and digest -> the same without secrets."""
    contents, texts = {}, {}
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive))) as tar:
        names = set(tar.getnames())
        for number, file in enumerate(files):
            contents[file["path"]] = tar.extractfile(str(number)).read()
            free = f"{number}.text"
            texts[file["digest"]] = tar.extractfile(free if free in names else str(number)).read()
    return contents, texts


def keep_texts(base: str, texts: dict, manifest: object) -> None:
    """Keep what files say without their secrets, so that a plan can show what it changes; forget what is replaced."""
    folder = os.path.join(private(base), RENDERED)
    make_directory(folder, 0o700)
    for digest, text in texts.items():
        path = os.path.join(folder, digest)
        if not os.path.exists(path):
            replace(path, text, 0o600)
    known = {entry["digest"] for entry in manifest.data["files"].values() if "digest" in entry}
    for name in set(os.listdir(folder)) - known - earlier.digests(manifest):
        os.unlink(os.path.join(folder, name))


def _note_tables(manifest: object, params: dict) -> None:
    """Keep what the service's tables of routes say, if one of them is about to change."""
    wanted = {file["path"]: file["digest"] for file in params["files"] if file.get("kept")}
    current = earlier.now(manifest, params["service"], list(wanted))
    there = {path: entry["digest"] for path, entry in current.items() if entry}
    if there and there != wanted:
        earlier.note(manifest, params["service"], params["run"], current)


def _folders(params: dict, ids: tuple) -> list:
    """Path, mode and numeric owner of each directory, in the order in which they are made."""
    own = ids if ids == (-1, -1) else (0, ids[1])
    places = [(path, int(mode, 8), own) for path, mode in sorted(params["places"].items())]
    return places + [(path, int(mode, 8), ids) for path, mode in sorted(params["directories"].items())]


def _make_folders(params: dict, ids: tuple, check: bool, recorded: list) -> list:  # noqa: FBT001
    """Make the directories, or find out which would change; these are returned."""
    changed = []
    for path, mode, owner in _folders(params, ids):
        if not check and path in params["places"]:
            _refuse_taken(path)
            _refuse_foreign(path, params, recorded)
        if not is_directory(path, mode, *owner) if check else make_directory(path, mode, *owner):
            changed.append(path)
    return changed


def _give(params: dict, ids: tuple) -> list:
    """Give directories that were another account's to the service, with what is in them; these are returned.

    The process that runs in them is the old account's: without a record of its start it counts as one to be restarted.
    """
    if ids == (-1, -1):
        return []
    given = [path for path in sorted(params["directories"]) if hand_over(path, *ids)]
    for path in given:
        remove_file(os.path.join(path, STARTED))
    return given


def _refuse_taken(path: str) -> None:
    """Raise Refused where a place of ours is another's: what lies in it is not ours then, and may be run by root."""
    with contextlib.suppress(FileNotFoundError), directory(path):
        pass


def _refuse_foreign(path: str, params: dict, recorded: list) -> None:
    """Raise Refused where a place outside of the base directory is the system's, or holds what is not the cluster's.

    Args:
        recorded: the directories that the manifest names.
    """
    if path == os.path.join(PROGRAMS, params["label"]):
        return
    if (path + "/").startswith(params["base"] + "/"):
        if path == params["base"] and is_systems(os.path.realpath(path)):
            raise Refused(f"{path} leads to {os.path.realpath(path)}, which is the system's", foreign=path)
        return
    real = os.path.realpath(path)
    if is_systems(real):
        raise Refused(f"{path} leads to {real}, which is the system's", foreign=path)
    if not os.path.isdir(path) or any((one + "/").startswith(path + "/") for one in recorded):
        return
    names = foreign_names(sorted(os.listdir(path)), params["label"])
    if names:
        raise Refused(f"{path} holds what is not this cluster's: {', '.join(names[:5])}", foreign=path)


def place(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Make the files and directories of one service what they should be.

    Raises:
        Refused: a path holds a file that is not ours, or that was changed by hand.
    """
    files, ids = params["files"], owner_ids(params["user"], params["group"])
    contents, texts = unpack(files, params["archive"])
    wanted = {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}
    with working(params["base"], params["run"], check) as manifest:
        recorded, service = manifest.data["files"], params["service"]
        made_before = manifest.data["directories"] + manifest.data["shared"]
        gone = [p for p, entry in recorded.items() if entry["service"] == service and p not in wanted]
        there = {path: sha256_of(path) for path in [*wanted, *gone]}
        hashes = {path: (there[path], wanted.get(path)) for path in there}
        strange = strangers(hashes, recorded, manifest.data.get("pending", {}))
        if strange and not params["overwrite_drift"]:
            message = f"changed by hand, or not ours: {', '.join(strange)}"
            raise Refused(message, drifted=strange)
        if check:
            changed = [f["path"] for f in files if would_change(f, there[f["path"]], wanted[f["path"]], ids)]
            folders = _make_folders(params, ids, check, made_before)
            return {
                "changed": bool(changed or gone or folders),
                "paths": changed,
                "removed": gone,
                "directories": folders,
            }
        pending = manifest.data.setdefault("pending", {})
        pending.update(wanted)
        _note_tables(manifest, params)
        if service == "node":
            manifest.data["prepared"] = ""
            # A project that was rendered before the nodes were read knows nothing of their machines.
            if params["machine"].get("memory") or not manifest.data.get("machine"):
                manifest.data["machine"] = params["machine"]
        manifest.save()
        folders_wanted = [path for path, _, _ in _folders(params, ids)]
        made = [new for path in folders_wanted for new in missing(path)]
        given = _give(params, ids)
        folders = _make_folders(params, ids, check, made_before)
        known = {**recorded, **{file["path"]: file for file in files}}
        copies = [
            keep(manifest, path, params["run"], int(known[path]["mode"], 8), owner_of(known[path], ids))
            for path in strange
        ]
        manifest.save()
        if service != "node" and any(would_change(f, there[f["path"]], wanted[f["path"]], ids) for f in files):
            note_change(params["base"], params["run"], service)
        changed = [f["path"] for f in files if write(f, contents[f["path"]], there[f["path"]], wanted[f["path"]], ids)]
        for path in gone:
            remove_placed(path)
            del recorded[path]
        for file in files:
            entry = {key: file[key] for key in ("owner", "mode", "digest", "restarts", "kept") if key in file}
            recorded[file["path"]] = dict(entry, sha256=wanted[file["path"]], service=service)
        keep_texts(params["base"], texts, manifest)
        # What serves the whole node may hold the things of others too: it is never removed with its content.
        manifest.note("shared" if service == "node" else "directories", made if service == "node" else folders_wanted)
        manifest.data["pending"] = {path: digest for path, digest in pending.items() if path not in wanted}
        if service == "node":
            manifest.data["prepared"] = params["prepared"]
    return {
        "changed": bool(changed or gone or folders or given),
        "paths": changed,
        "removed": gone,
        "directories": folders,
        "given": given,
        "copies": copies,
    }


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "service": {"required": True},
            "files": {"type": "list", "elements": "dict", "required": True},
            "archive": {"required": True, "no_log": True},
            "places": {"type": "dict", "default": {}},
            "directories": {"type": "dict", "default": {}},
            "user": {"default": ""},
            "group": {"default": ""},
            "overwrite_drift": {"type": "bool", "default": False},
            "prepared": {"default": ""},
            "machine": {"type": "dict", "default": {}},
            "label": {"default": ""},
        },
        supports_check_mode=True,
    )
    conclude(module, place, service=module.params["service"])


if __name__ == "__main__":
    main()
