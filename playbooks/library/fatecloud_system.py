"""Says which packages and accounts a node lacks, writes down what is ours before it is made, and makes the accounts.

Parameters: `state` (`queried` reads; `claimed` masks the units, records packages, units and accounts in the manifest,
and makes the accounts), `base`, `run`, `accounts` (see `fatecloud_accounts`), for `queried` also `wants` (list of
{packages, units}, each by os family), and for `claimed` also `packages` and `units`. What `queried` gave is what
`claimed` takes.

What was already there is not ours: neither it nor its units are touched, now or by `destroy`.
"""

from __future__ import annotations

import os
import subprocess

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_accounts import lacking, make
from ansible.module_utils.fatecloud_family import family_of
from ansible.module_utils.fatecloud_inside import make_directory
from ansible.module_utils.fatecloud_node import Manifest, Refused, clean_environment, working
from ansible.module_utils.fatecloud_refused import conclude

UNITS = "/etc/systemd/system"
"""Where the administrator's units lie, before those of packages."""

QUERIES = {
    "debian": ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n"],
    "redhat": ["rpm", "-q", "--qf", "%{NAME} installed\\n"],
}


def family_here(path: str = "/etc/os-release") -> str:
    """The family of this node's distribution, as the collector decides it too."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return family_of(file.read())


def installed(family: str, names: list) -> set:
    """Those of the packages that are installed."""
    if family not in QUERIES or not names:
        return set()
    done = subprocess.run(
        [*QUERIES[family], *names],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
        check=False,
    )
    lines = (line.split() for line in done.stdout.decode(errors="replace").splitlines())
    return {words[0] for words in lines if len(words) == 2 and words[1] == "installed"}  # noqa: PLR2004


def query(params: dict) -> dict:
    """What is missing, and the units that installing it would start."""
    family = family_here()
    names = sorted({name for want in params["wants"] for name in want["packages"].get(family, [])})
    absent = set(names) - installed(family, names)
    units = {
        unit
        for want in params["wants"]
        if absent & set(want["packages"].get(family, []))
        for unit in want["units"].get(family, [])
    }
    return {
        "changed": False,
        "family": family,
        "packages": sorted(absent),
        "units": sorted(units),
        "accounts": lacking(params["accounts"], Manifest(params["base"]).data["accounts"]),
    }


def mask(units: list) -> None:
    """Keep units from being started. Where systemd does not run, it may once.

    Raises:
        Refused: systemctl fails.
    """
    if not os.path.isdir("/run/systemd/system"):
        make_directory(UNITS, 0o755)
        for unit in units:
            os.symlink("/dev/null", os.path.join(UNITS, unit))
        return
    done = subprocess.run(
        ["systemctl", "mask", *units],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean_environment(),
        check=False,
    )
    if done.returncode:
        raise Refused(f"systemctl mask: {done.stdout.decode(errors='replace').strip()}")


def claim(params: dict) -> dict:
    """Mask units that do not exist yet, record them with the packages that bring them, and make the accounts.

    Raises:
        Refused: systemctl fails, or an account cannot be made.
    """
    units = params["units"]
    with working(params["base"], params["run"]) as manifest:
        manifest.note("packages", params["packages"])
        manifest.note("masked", units)
        manifest.save()
        unmasked = [unit for unit in units if os.path.realpath(os.path.join(UNITS, unit)) != "/dev/null"]
        if unmasked:
            mask(unmasked)
        made = make(params["accounts"], manifest)
    return {"changed": bool(unmasked or made), "made": made}


def apply(params: dict, check: bool) -> dict:  # noqa: FBT001
    """Look at the node, or claim what a deploy makes on it."""
    if params["state"] == "queried":
        return query(params)
    return {"changed": True} if check else claim(params)


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["queried", "claimed"], "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "wants": {"type": "list", "elements": "dict", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "packages": {"type": "list", "elements": "str", "default": []},
            "accounts": {"type": "list", "elements": "dict", "default": []},
        },
        supports_check_mode=True,
    )
    conclude(module, apply)


if __name__ == "__main__":
    main()
