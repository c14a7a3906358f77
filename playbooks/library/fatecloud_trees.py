"""Unpacks the trees of a release once for the whole node, and gives each service its own view of them.

Parameters: `base`, `run`, `state`. For `unpacked` also `trees` (list of `digest`, `root`, `artifacts` and `compiled`:
whether it holds programs for the interpreter that runs this). For `placed` also `service`, `group` (may read it) and
`views` (list of `path` below the service's home, `tree` and `digest`, `writes`: path below the tree -> the service's
own directory, `files`: paths below it that are rendered, `copied`).

A tree is root's, and nothing in it can be written. A view is a directory with links into the tree, or with copies of
its files; a directory in which something is the service's own is a real one, with links to all else that is in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import make_directory, remove_tree
from ansible.module_utils.fatecloud_node import Refused, clean_environment, owner_ids, replace, working
from ansible.module_utils.fatecloud_places import STORE
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_store import complete, intact, listed, opened, part_path, watch
from ansible.module_utils.fatecloud_unpack import LARGEST, Unpacking, free_for

EPOCH = 315532800
"""The time of every file in a tree, 1980-01-01: one that has another time was changed since."""
_GROWTH = 3
"""Bytes of an unpacked tree for each byte of its archives, about."""


def is_whole(base: str, digest: str) -> bool:
    """Whether a tree is in the store, and every file in it as it was when it was unpacked."""
    path = part_path(base, "tree", digest)
    marker = complete(path)
    return marker is not None and marker.splitlines() == [digest, listed(path)]


def unpack(base: str, tree: dict) -> None:
    """Unpack a tree next to its place, and move it there. Not marked yet.

    Raises:
        Refused: an artifact is damaged, or holds what has no place in a tree; or there is too little room.
    """
    path = part_path(base, "tree", tree["digest"])
    scratch = path + ".part"
    for leftover in (scratch, path):
        remove_tree(leftover)
    make_directory(scratch, 0o755)
    unpacking = Unpacking(scratch, tree["root"])
    for artifact in tree["artifacts"]:
        data = opened(base, artifact)
        free_for(scratch, min(_GROWTH * len(data.getbuffer()), LARGEST))
        if artifact["filename"].endswith(".jar"):
            unpacking.file("lib/" + artifact["filename"], data)
        else:
            unpacking.archive(data, artifact["filename"])
    if tree["compiled"]:
        _compile(scratch)
    _close(scratch)
    os.rename(scratch, path)


def _compile(path: str) -> None:
    """Leave bytecode beside the programs: nothing may write it later. Nothing of them is executed."""
    subprocess.run(
        [sys.executable, "-I", "-S", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
        check=False,
    )


def _close(top: str) -> None:
    """Let no one write in a tree, not even its owner by mistake, and give all of its files the same time."""
    for folder, _folders, files in os.walk(top, topdown=False):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o555 if os.stat(path).st_mode & 0o100 else 0o444)
                os.utime(path, (EPOCH, EPOCH))
        if folder != top:  # the marker is still to come
            make_directory(folder, 0o555)


def provide(base: str, trees: list) -> list:
    """Unpack what is not there, or is not what it was; all of it counts once it is on the disk. What was unpacked."""
    os.umask(0o022)
    lacking = [tree for tree in trees if not is_whole(base, tree["digest"])]
    for tree in lacking:
        unpack(base, tree)
    if lacking:
        os.sync()
    for tree in lacking:
        path = part_path(base, "tree", tree["digest"])
        replace(os.path.join(path, ".complete"), f"{tree['digest']}\n{listed(path)}\n".encode(), 0o644)
        make_directory(path, 0o555)
    return lacking


def marker_of(view: dict) -> str:
    """What a finished view says: the tree that it shows, and how."""
    return f"{view['tree']}\n{view['digest']}\n"


class View:
    """A view that is being made.

    Args:
        tree: directory of the tree in the store.
        target: directory that is made.
    """

    def __init__(self, tree: str, target: str, view: dict, ids: tuple) -> None:
        self.tree, self.target, self.ids = tree, target, ids
        self.writes, self.copied = view["writes"], view["copied"]
        self.own = {*self.writes, *view["files"]}

    def make(self, folder: str = "") -> None:
        """Make one directory of the view and all that is below it."""
        make_directory(os.path.normpath(os.path.join(self.target, folder)), 0o750, *self.ids)
        there = os.path.join(self.tree, folder)
        names = set(os.listdir(there)) - {"" if folder else ".complete"} if os.path.isdir(there) else set()
        ahead = folder + "/" if folder else ""
        names |= {path[len(ahead) :].split("/")[0] for path in self.own if path.startswith(ahead)}
        for name in sorted(names):
            self._entry(ahead + name)

    def _entry(self, path: str) -> None:
        target, source = os.path.join(self.target, path), os.path.join(self.tree, path)
        if path in self.writes:
            os.symlink(self.writes[path], target)
        elif path in self.own:
            return  # a file that is rendered
        elif any(own.startswith(path + "/") for own in self.own):
            self.make(path)
        elif not self.copied:
            os.symlink(source, target)
        elif os.path.isdir(source) and not os.path.islink(source):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def _is_placed(view: dict) -> bool:
    return complete(view["path"]) == marker_of(view) and intact(view["path"])


def carry(old: str, new: str, paths: list) -> None:
    """Give a view that replaces another one these files of it, where they are; the old one keeps them until then."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.link(os.path.join(old, path), os.path.join(new, path), follow_symlinks=False)


def place(params: dict, copies: list) -> list:
    """Make the views that are not there or show something else. Their paths.

    Args:
        copies: paths of the copies of files that were changed by hand.
    """
    made = []
    for view in params["views"]:
        path = view["path"]
        if _is_placed(view):
            continue
        os.umask(0o022)
        tree = part_path(params["base"], "tree", view["tree"])
        if complete(tree) is None:
            raise Refused(f"{tree} is not there; a deploy unpacks it")
        ids = owner_ids("", params["group"])
        # Ours, as all of its home: what root and the service run there, the service cannot change.
        make_directory(os.path.dirname(os.path.dirname(path)), 0o750, *ids)
        make_directory(os.path.dirname(path), 0o750, *ids)
        scratch = path + ".part"
        remove_tree(scratch)
        View(tree, scratch, view, ids).make()
        kept = [os.path.relpath(copy, path) for copy in copies if copy.startswith(path + "/")]
        # What was changed by hand is kept or refused where the files of the service are placed.
        carry(path, scratch, [*view["files"], *kept])
        watch(scratch, tuple(view["files"]), every=True)
        os.sync()
        replace(os.path.join(scratch, ".complete"), marker_of(view).encode(), 0o644)
        remove_tree(path)
        os.rename(scratch, path)
        made.append(path)
    return made


def ensure(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Unpack or place what is missing.

    Raises:
        Refused: that is not possible, with the reason.
    """
    base = params["base"]
    with working(base, params["run"], check, wait=900) as manifest:
        if params["state"] == "placed":
            if check:
                return {"changed": not all(_is_placed(view) for view in params["views"])}
            made = place(params, sorted(manifest.data.get("copies", {})))
            return {"changed": bool(made), "paths": made}
        if check:
            return {"changed": not all(is_whole(base, tree["digest"]) for tree in params["trees"])}
        lacking = provide(base, params["trees"])
        paths = [part_path(base, "tree", tree["digest"]) for tree in params["trees"]]
        manifest.note("made", [os.path.relpath(path, os.path.join(base, STORE)) for path in paths])
    return {"changed": bool(lacking), "unpacked": len(lacking)}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["unpacked", "placed"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "trees": {"type": "list", "elements": "dict", "default": []},
            "service": {"default": "node"},
            "group": {"default": ""},
            "views": {"type": "list", "elements": "dict", "default": []},
        },
        supports_check_mode=True,
    )
    conclude(module, ensure, service=module.params["service"])


if __name__ == "__main__":
    main()
