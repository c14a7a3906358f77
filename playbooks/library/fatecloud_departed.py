"""Stops and removes the services that the manifest knows and the inventory no longer has.

Parameters: `base`, `run`, `keep` (keys of the services that stay), `users` (that they need), `user`, `supervisor`,
`interrupt_jobs`, `questions` and `wait_jobs` (see `let_jobs_end`).
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_accounts import drop
from ansible.module_utils.fatecloud_asking import let_jobs_end
from ansible.module_utils.fatecloud_node import Manifest, working
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_states import AT_REST
from ansible.module_utils.fatecloud_supervision import remove, supervised


def departed(manifest: Manifest, keep: list) -> list:
    """Keys of the services that have to go."""
    return sorted(set(manifest.data["services"]) - set(keep))


def job_runners(manifest: Manifest, gone: list, params: dict) -> list:
    """Those of the departing services that run jobs, unless they are at rest."""
    entries = [(key, manifest.data["services"][key]) for key in gone]
    return [
        {
            "key": key,
            "kind": entry["job_kind"],
            "url": entry["job_api"],
            "settings": entry.get("job_settings", ""),
            "leaving": True,
            "user": entry["user"],
        }
        for key, entry in entries
        if entry.get("job_kind") in params["questions"]
        and entry.get("job_api")
        and supervised(dict(params, **entry)).state() not in AT_REST
    ]


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Remove them.

    Raises:
        Refused: the run does not hold the node, jobs are running on a service that goes, or one does not stop.
    """
    known = Manifest(params["base"])
    runners = job_runners(known, departed(known, params["keep"]), params)
    if runners and not check and not params["interrupt_jobs"]:
        let_jobs_end(params, runners)
    with working(params["base"], params["run"], check) as manifest:
        gone = departed(manifest, params["keep"])
        for key in [] if check else gone:
            entry = manifest.data["services"][key]
            service = supervised(dict(params, **entry))
            if service.state() not in ("stopped", "absent"):
                service.act("stop")
            remove(service, key, entry["home"], manifest)
        if gone and not check:
            users = {entry["user"] for entry in manifest.data["services"].values()}
            drop(manifest, users | set(params["users"]), manifest.data["directories"])
    return {"changed": bool(gone), "gone": gone}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "keep": {"type": "list", "elements": "str", "required": True},
            "users": {"type": "list", "elements": "str", "default": []},
            "user": {"default": ""},
            "supervisor": {"default": ""},
            "interrupt_jobs": {"type": "bool", "default": False},
            "questions": {"type": "dict", "default": {}},
            "wait_jobs": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    conclude(module, apply)


if __name__ == "__main__":
    main()
