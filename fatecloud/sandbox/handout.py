"""The files that an operator gets for a sandbox: a key, the nodes' host keys and a complete inventory."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fatecloud.errors import SandboxError
from fatecloud.model.api import API_VERSION
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.sandbox.recipe import USER

_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
_FIRST_PARTY = 9999


def ensure_key(directory: Path) -> Path:
    """The sandbox's own SSH key. It is generated if there is none; its directory is created with mode 0700.

    Raises:
        SandboxError: ssh-keygen is not installed or fails.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = directory / "id_ed25519"
    if not key.exists():
        if not shutil.which("ssh-keygen"):
            raise SandboxError(
                "ssh-keygen is not installed", remedy="Install it with `apt-get install openssh-client`."
            )
        argv = (
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            f"fatecloud sandbox {directory.name}",
            "-f",
            str(key),
        )
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(f"ssh-keygen failed: {done.stderr.strip()}")
    return key


def authorize(sandbox: Sandbox, key: Path) -> None:
    """Allow logins with the key on every node.

    Raises:
        SandboxError: a command on a node fails.
    """
    line = key.with_suffix(".pub").read_bytes()
    for node in sandbox.nodes:
        sandbox.write(node, f"/home/{USER}/.ssh/authorized_keys", line, mode=0o600, user=USER)


def host_keys(sandbox: Sandbox) -> str:
    """Lines for a known_hosts file. They are read through Docker, not over the network, so they can be trusted.

    Raises:
        SandboxError: a command on a node fails.
    """
    lines = []
    for node, address in sandbox.addresses.items():
        kind, key = sandbox.check(node, ["cat", _HOST_KEY]).split()[:2]
        lines.append(f"{address} {kind} {key}\n")
    return "".join(lines)


def trust(known_hosts: Path, addresses: Sequence[str], lines: str) -> None:
    """Replace the host keys of these addresses in a known_hosts file; atomic.

    Args:
        known_hosts: the file; created with its directory if it does not exist.
        addresses: the old keys of these are removed, because an earlier sandbox may have had the same addresses.
        lines: the new keys; empty to only remove old ones. A file that becomes empty is removed.
    """
    # Docker gives addresses of removed sandboxes out again, and the nodes there have other keys.
    old = known_hosts.read_text().splitlines(keepends=True) if known_hosts.exists() else []
    kept = [line for line in old if line.partition(" ")[0] not in addresses]
    if not kept and not lines:
        known_hosts.unlink(missing_ok=True)
        return
    known_hosts.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = known_hosts.with_name(f"{known_hosts.name}.{os.getpid()}.part")
    part.write_text("".join(kept) + lines)
    part.chmod(0o600)
    part.replace(known_hosts)


def inventory(
    name: str,
    cluster_id: str,
    addresses: Mapping[str, str],
    key: Path,
    *,
    release: str,
    architecture: str,
    components: Sequence[str],
) -> str:
    """An inventory of the sandbox: one node is a single party; several nodes are several parties that work together.

    Args:
        name: of the cluster.
        cluster_id: its random id.
        addresses: node name -> address.
        key: private key of the login user.
        release: its name.
        architecture: one of that release's.
        components: those that the architecture places on nodes by default.
    """
    lines = [
        f"# Written by `fatecloud sandbox up --name {name}`; yours to change.",
        f"apiVersion: {API_VERSION}",
        f"cluster: {name}",
        f"id: {cluster_id}",
        f"release: {release}",
        f"architecture: {architecture}",
        "defaults:",
        f'  ssh: {{user: {USER}, key: "{key}", agent: false}}',
        "nodes:",
        *(f"  {node}: {{address: {address}}}" for node, address in addresses.items()),
        "parties:",
    ]
    for index, node in enumerate(addresses):
        lines += [f'  "{_FIRST_PARTY + index}":', "    services:"]
        lines += [f"      {component}: {node}" for component in components]
    return "\n".join([*lines, ""])
