"""Applies what we own inside a service (databases, users, rights) when it differs from the record of the last time.

Parameters: `base`, `run`, `service` (key), `script` (idempotent, reads its secrets from its own text), `digest_of`
(files whose content decides), `applied` (the record), `names` (of what it makes for other services: kept in the
manifest with all that it ever made, so that what is not needed any more can be named), `user`, `group`,
`timeout` (seconds).
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import sha256_of, text_of
from ansible.module_utils.fatecloud_node import Refused, owner_ids, replace, working
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_running import run


def record_of(paths: list) -> str:
    """The expected text of the record: one line `sha256  path` for each file, in the given order."""
    return "".join(f"{sha256_of(path)}  {path}\n" for path in paths)


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Run the script unless the record says that it has run for these very files.

    Raises:
        Refused: it failed or took too long.
    """
    with working(params["base"], params["run"], check) as manifest:
        wanted = record_of(params["digest_of"])
        if text_of(params["applied"]) == wanted:
            _keep(manifest, params)
            return {"changed": False}
        if check:
            return {"changed": True}
        done = run([params["script"]], params["user"], timeout=params["timeout"])
        if done.status is None:
            raise Refused(f"{params['script']} did not end in {params['timeout']:g} s, or printed without end")
        if done.status:
            lines = (done.out + done.err).strip().splitlines()[-8:]
            raise Refused(f"{params['script']} failed with status {done.status}", lines=lines)
        if text_of(params["applied"]) != wanted:
            replace(params["applied"], wanted.encode(), 0o640, *owner_ids(params["user"], params["group"]))
        _keep(manifest, params)
    return {"changed": True}


def _keep(manifest: object, params: dict) -> None:
    entry = manifest.data["services"].get(params["service"])
    if entry is not None:
        entry["objects_made"] = sorted({*entry.get("objects_made", ()), *entry.get("objects", ()), *params["names"]})
        entry["objects"] = params["names"]


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "service": {"required": True},
            "script": {"type": "path", "required": True},
            "digest_of": {"type": "list", "elements": "str", "required": True},
            "applied": {"type": "path", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "user": {"required": True},
            "group": {"required": True},
            "timeout": {"type": "float", "default": 300},
        },
        supports_check_mode=True,
    )
    conclude(module, apply, service=module.params["service"])


if __name__ == "__main__":
    main()
