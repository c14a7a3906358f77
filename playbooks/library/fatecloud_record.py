"""Writes the outcome of the smoke test into the node's manifest.

Parameters: `base`, `run`, `proofs` (id of an owner -> id, kind, at, digest), `owners` (ids of all owners: what is
recorded of others is forgotten).
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_node import working
from ansible.module_utils.fatecloud_refused import conclude


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Write the smoke tests of owners that are still there into the manifest."""
    with working(params["base"], params["run"], check) as manifest:
        known = dict(manifest.data.get("proofs", {}))
        known.update({owner: dict(proof, run=params["run"]) for owner, proof in params["proofs"].items()})
        manifest.data["proofs"] = {owner: known[owner] for owner in params["owners"] if owner in known}
    return {"changed": True}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "proofs": {"type": "dict", "required": True},
            "owners": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    conclude(module, apply)


if __name__ == "__main__":
    main()
