"""Marks the data directory of a service, and refuses to go on without data that were marked before.

Parameters: `state` (`claimed` before the first start, `accepted` once the service serves data that were restored by
hand), `base`, `run`, `service` (key), `stamp`, `version` (of the service that makes them), `path` (the data directory),
`copy_path` (where its copy is), `signs` (paths below `path`, globs allowed, of which initialised data have at least
one), `filled` (a file in `path` that exists once the service has made its data; empty where there is none), `user`,
`group`, `adopt` (take the data that are there), `new` (start without the data that were marked).
"""

from __future__ import annotations

import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import make_directory
from ansible.module_utils.fatecloud_marks import (
    check_mark,
    content,
    expected_mark,
    make_copy,
    new_mark,
    read_mark,
    signs_of,
    write_mark,
)
from ansible.module_utils.fatecloud_node import Refused, owner_ids, working
from ansible.module_utils.fatecloud_refused import conclude


def decide(params: dict, expected: dict | None, mark: dict | None) -> str:
    """What to do: `keep` the mark, `take` it into the manifest, `write` one, or `adopt` restored data.

    Raises:
        Refused: the directory does not hold what was asked for.
    """
    path, service = params["path"], params["service"]
    if params["new"]:
        if content(path):
            names = ", ".join(content(path)[:5])
            raise Refused(f"{path} is not empty ({names}): move it away, then {service} can start with new data")
        return "write"
    if params["adopt"]:
        if not signs_of(path, params["signs"]):
            raise Refused(f"{path} holds no data of {service}: none of {', '.join(params['signs'])} is there")
        return "adopt"
    if mark and mark.get("stamp") != params["stamp"]:
        raise Refused(
            f"{path} has the mark of other data: {mark.get('stamp')}; to use them for {service}:"
            f" fatecloud deploy --adopt-data {service}",
            data_not_there=service,
        )
    if mark is None:
        return "write"
    if expected is None:
        # Data that came from another node, or another place, are marked again here.
        return "take" if (mark.get("service"), mark.get("path")) == (service, path) else "write"
    return "keep"


def claim(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Make sure that the data directory is marked before its service starts.

    Raises:
        Refused: an expected mark is missing, or the directory does not hold what was asked for.
    """
    path, copy, service = params["path"], params["copy_path"], params["service"]
    with working(params["base"], params["run"], check) as manifest:
        if not params["adopt"] and not params["new"]:
            check_mark(manifest, service, params)
        mark = read_mark(path)
        done = decide(params, expected_mark(manifest, service, path, copy), mark)
        if check:
            return {"changed": done != "keep", "done": done}
        if done in ("write", "adopt"):
            if not os.path.isdir(path):
                make_directory(path, 0o750, *owner_ids(params["user"], params["group"]))
                # An empty directory that an interrupted run made is not earlier data.
                manifest.note("directories", [path])
            mark = new_mark(params, int(time.time()))
            if done == "adopt":
                mark["adopting"] = True
            write_mark(mark, path, copy)
        else:
            make_copy((json.dumps(mark, indent=1, sort_keys=True) + "\n").encode(), copy)
        if done != "adopt":
            manifest.data.setdefault("data", {})[service] = mark
    return {"changed": done != "keep", "done": done}


def accept(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Name the mark of adopted data in the manifest: their service has read them and serves.

    Raises:
        Refused: there are no adopted data.
    """
    with working(params["base"], params["run"], check) as manifest:
        mark = read_mark(params["path"])
        if mark is None or mark.get("stamp") != params["stamp"]:
            raise Refused(f"{params['path']} has lost the mark that was just written")
        changed = mark.pop("adopting", False)
        if changed and not check:
            write_mark(mark, params["path"], params["copy_path"])
            manifest.data.setdefault("data", {})[params["service"]] = mark
    return {"changed": bool(changed), "done": "accept" if changed else "keep"}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["claimed", "accepted"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "service": {"required": True},
            "stamp": {"required": True},
            "version": {"default": ""},
            "path": {"type": "path", "required": True},
            "copy_path": {"type": "path", "required": True},
            "signs": {"type": "list", "elements": "str", "default": []},
            "filled": {"default": ""},
            "user": {"default": "root"},
            "group": {"default": "root"},
            "adopt": {"type": "bool", "default": False},
            "new": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    act = claim if module.params["state"] == "claimed" else accept
    conclude(module, act, service=module.params["service"])


if __name__ == "__main__":
    main()
