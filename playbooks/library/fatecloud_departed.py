"""Stops and removes the services that the manifest knows and the inventory no longer has.

Parameters: `base`, `run`, `keep` (keys of the services that stay), `user`, `supervisor`.
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_node import Manifest, Refused, working
from ansible.module_utils.fatecloud_supervision import remove, supervised


def departed(manifest: Manifest, keep: list) -> list:
    """Keys of the services that have to go."""
    return sorted(set(manifest.data["services"]) - set(keep))


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Remove them.

    Raises:
        Refused: the run does not hold the node, or a service does not stop.
    """
    with working(params["base"], params["run"], check) as manifest:
        gone = departed(manifest, params["keep"])
        for key in [] if check else gone:
            entry = manifest.data["services"][key]
            service = supervised(dict(params, **entry))
            if service.state() not in ("stopped", "absent"):
                service.act("stop")
            remove(service, key, entry["home"], manifest)
    return {"changed": bool(gone), "gone": gone}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "keep": {"type": "list", "elements": "str", "required": True},
            "user": {"default": ""},
            "supervisor": {"default": ""},
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
