"""Creates, finds and removes sandboxes. Everything that belongs to one has a label, and nothing else is touched."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.types import IPAMConfig, IPAMPool

from fatecloud.errors import SandboxError
from fatecloud.model.event import Event, Listener
from fatecloud.sandbox.engine import ADDRESS_LABEL, LABEL, NODE_LABEL, refusals
from fatecloud.sandbox.nodes import STOP_SIGNAL, Sandbox, container_name, network_name

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_PER_NODE = 15
_INOTIFY_WANTED = 8192
_NETWORK_ATTEMPTS = 5
MEMORY = 16 << 30
"""Bytes that a node may use: what FATE's guide asks of a machine with everything, so that no one needs swap."""


@dataclass(frozen=True, slots=True)
class Overview:
    """One sandbox, for a list."""

    name: str
    image: str
    nodes: dict[str, tuple[str, str]]
    """Node name -> address and Docker's word for its state (`running`, `exited`, `paused`)."""


def check_name(name: str) -> None:
    """Accept only lower-case letters, digits and dashes, because it becomes part of containers' and units' names.

    Raises:
        SandboxError: the name is not valid.
    """
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"invalid sandbox name {name!r}", remedy="Use up to 20 of a-z, 0-9 and -, with a letter first."
        )


def create(
    client: docker.DockerClient, name: str, images: Sequence[str], count: int, say: Listener, *, memory: int = MEMORY
) -> Sandbox:
    """Start nodes that boot systemd and sshd, and wait until they are up.

    Args:
        client: the Docker Engine.
        name: of the sandbox, see `check_name`.
        images: names and tags of the nodes' images, which the nodes take in turn.
        count: how many nodes, named n1, n2, ...
        say: receives progress.
        memory: bytes that each node may use; a number above what this machine has limits nothing.

    Raises:
        SandboxError: Docker fails or a node does not come up; everything is removed again.
    """
    check_name(name)
    _allow_inotify(client, count, say)
    started = time.monotonic()
    say(Event("step", f"starting {count} node{'s' if count != 1 else ''} of sandbox {name}"))
    sandbox = Sandbox(client, name)
    try:
        with refusals(f"starting sandbox {name}"):
            subnet = _network(client, name)
            for index in range(1, count + 1):
                _start_node(client, sandbox, images[(index - 1) % len(images)], index, f"{subnet}.{index + 1}", memory)
        sandbox.wait(timeout=60 + 5 * count)
    # Ctrl-C too: half a sandbox would be in the way of the next one of its name.
    except BaseException:
        remove(client, name)
        raise
    say(Event("ok", f"sandbox {name} is up", detail=f"{time.monotonic() - started:.1f} s"))
    return sandbox


def overview(client: docker.DockerClient) -> list[Overview]:
    """All sandboxes on this Docker Engine, by name."""
    with refusals("listing sandboxes"):
        found = client.containers.list(all=True, filters={"label": NODE_LABEL})
    names = sorted({container.labels[LABEL] for container in found})
    shown = []
    for name in names:
        containers = Sandbox(client, name).containers()
        nodes = {node: (c.labels[ADDRESS_LABEL], c.status) for node, c in containers.items()}
        shown.append(Overview(name, _image_of(containers.values()), nodes))
    return shown


def remove(client: docker.DockerClient, name: str) -> int:
    """Remove a sandbox's nodes, with their data, and its network.

    Returns:
        How many nodes there were.
    """
    containers = Sandbox(client, name).containers().values()
    with refusals(f"removing sandbox {name}"):
        for container in containers:
            # With its volumes, which nothing else would remove.
            container.remove(force=True, v=True)
        for network in client.networks.list(filters={"label": f"{LABEL}={name}"}):
            network.remove()
    return len(containers)


def resume(sandbox: Sandbox, say: Listener) -> None:
    """Start the stopped or paused nodes of an existing sandbox, and wait until all its nodes are up.

    Raises:
        SandboxError: Docker fails or a node does not come up.
    """
    with refusals(f"starting sandbox {sandbox.name}"):
        for node, container in sandbox.containers().items():
            if container.status == "paused":
                say(Event("note", f"{node} was paused"))
                container.unpause()
            elif container.status != "running":
                say(Event("note", f"{node} was {container.status}"))
                container.start()
    sandbox.wait()


def _image_of(containers: Iterable[Container]) -> str:
    return ", ".join(sorted({str(container.attrs["Config"]["Image"]) for container in containers}))


def _network(client: docker.DockerClient, name: str) -> str:
    """Create a network whose nodes have fixed addresses; returns the first three bytes of its subnet."""
    # Docker only assigns fixed addresses in a subnet that was given explicitly. So let it pick a free subnet first,
    # then create the network again with that subnet.
    for attempt in range(_NETWORK_ATTEMPTS):
        asked = client.networks.create(network_name(name), labels={LABEL: name})
        asked.reload()
        subnet = str(asked.attrs["IPAM"]["Config"][0]["Subnet"])
        asked.remove()
        prefix = subnet.rsplit(".", 1)[0]
        pool = IPAMPool(subnet=f"{prefix}.0/24", gateway=f"{prefix}.1")
        try:
            ipam = IPAMConfig(pool_configs=[pool])
            client.networks.create(network_name(name), driver="bridge", ipam=ipam, labels={LABEL: name})
        except APIError:
            # Another sandbox that is created at the same moment may have got the same subnet.
            if attempt == _NETWORK_ATTEMPTS - 1:
                raise
        else:
            break
    return prefix


def _start_node(
    client: docker.DockerClient, sandbox: Sandbox, image: str, index: int, address: str, memory: int
) -> None:
    node, network = f"n{index}", network_name(sandbox.name)
    client.containers.run(
        image,
        ["/lib/systemd/systemd"],
        name=container_name(sandbox.name, node),
        hostname=node,
        detach=True,
        labels={LABEL: sandbox.name, NODE_LABEL: node, ADDRESS_LABEL: address},
        network=network,
        networking_config={network: client.api.create_endpoint_config(ipv4_address=address, aliases=[node])},
        # Needed for systemd as PID 1: its own cgroup tree and mounts, and no filter on its system calls.
        cap_add=["SYS_ADMIN", "NET_ADMIN", "SYS_NICE"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        cgroupns="private",
        mem_limit=memory,
        tmpfs={"/run": "", "/run/lock": ""},
        stop_signal=STOP_SIGNAL,
    )


def _allow_inotify(client: docker.DockerClient, count: int, say: Listener) -> None:
    running = len(client.containers.list(filters={"label": NODE_LABEL}))
    limit = int(_INOTIFY.read_text())
    if (running + count) * _INOTIFY_PER_NODE < limit:
        return
    remedy = f"sysctl -w fs.inotify.max_user_instances={_INOTIFY_WANTED}"
    if os.geteuid() != 0:
        raise SandboxError(
            f"{running + count} nodes need more inotify instances than {limit}", remedy=f"`sudo {remedy}`"
        )
    say(Event("note", f"raising fs.inotify.max_user_instances from {limit} to {_INOTIFY_WANTED}, which systemd needs"))
    _INOTIFY.write_text(str(_INOTIFY_WANTED))
