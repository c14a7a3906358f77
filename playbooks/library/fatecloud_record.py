"""Writes the outcome of the smoke test into the node's manifest.

Parameters: `base`, `run`, `proof` (job, kind, at, digest).
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_node import Refused, working


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "proof": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        with working(params["base"], params["run"], module.check_mode) as manifest:
            manifest.data["proof"] = dict(params["proof"], run=params["run"])
    except Refused as refusal:
        module.fail_json(msg=str(refusal), **refusal.details)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
