"""Tries whether a service's JVM starts with its flags, after the JVM was installed and before the service starts.

Parameters: `service` (key), `argv` (the command; it only prints the JVM's version), `user`. It changes nothing.
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_running import run

SECONDS = 60
LINES = 5


def fault(argv: list, user: str) -> str:
    """Why the JVM does not start; empty where it does."""
    try:
        ended = run(argv, user, timeout=SECONDS)
    except OSError as error:
        return f"{argv[0]}: {error.strerror}"
    if ended.status == 0:
        return ""
    lines = [line.strip() for line in (ended.err + ended.out).splitlines() if line.strip()]
    return "; ".join(lines[:LINES]) or (
        f"no end after {SECONDS} s" if ended.status is None else f"status {ended.status}"
    )


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "service": {"required": True},
            "argv": {"type": "list", "elements": "str", "required": True},
            "user": {"default": ""},
        },
        supports_check_mode=True,
    )
    # In check mode nothing was installed.
    reason = "" if module.check_mode else fault(module.params["argv"], module.params["user"])
    if reason:
        module.fail_json(
            msg=f"the JVM does not start: {reason}",
            service=module.params["service"],
            command=" ".join(module.params["argv"]),
        )
    module.exit_json(changed=False, service=module.params["service"])


if __name__ == "__main__":
    main()
