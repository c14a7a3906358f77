"""Throw-away nodes: create them, give access to them, list them, remove them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fatecloud.catalogue.architectures import ARCHITECTURES, DEFAULT_RELEASE
from fatecloud.components.registry import all_components
from fatecloud.errors import InventoryError, SandboxError
from fatecloud.inventory import load
from fatecloud.inventory.cluster_id import new_id
from fatecloud.model.event import Event, Listener
from fatecloud.sandbox import controller, handout, lifecycle
from fatecloud.sandbox.engine import engine
from fatecloud.sandbox.image import ensure_image
from fatecloud.sandbox.lifecycle import Overview
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.sandbox.recipe import recipe
from fatecloud.state.directory import default_root, place_of
from fatecloud.workflow.init import INVENTORY


@dataclass(frozen=True, slots=True)
class Handed:
    """A sandbox that is up, and the files that are needed to use it."""

    sandbox: Sandbox
    inventory: Path
    key: Path
    known_hosts: Path


def sandbox_up(
    name: str, nodes: int, image: str, *, cache_packages: bool, say: Listener, memory: int = lifecycle.MEMORY
) -> Handed:
    """Bring up a sandbox; one that exists already with the same number of nodes is started again.

    Args:
        name: of the sandbox and of the cluster in its inventory.
        nodes: how many.
        image: `debian-12`, or several that the nodes take in turn: `debian-11,debian-13`.
        cache_packages: whether the image contains the distribution packages that our components install.
        say: receives progress.
        memory: bytes that each new node may use.

    Raises:
        SandboxError: Docker, debootstrap or a node fails, or the sandbox exists with another number of nodes.
    """
    lifecycle.check_name(name)
    client = engine()
    sandbox = Sandbox(client, name)
    present = sandbox.nodes
    if present and len(present) != nodes:
        raise SandboxError(
            f"sandbox {name} exists already, with {len(present)} nodes",
            remedy=f"remove it with `fatecloud sandbox down --name {name}`, or choose another --name",
        )
    if present:
        say(Event("note", f"sandbox {name} exists already"))
        lifecycle.resume(sandbox, say)
    else:
        wanted = [recipe(one, controller.apt()) for one in image.split(",")[:nodes]]
        packages = _debian_packages() if cache_packages else ()
        with ThreadPoolExecutor() as pool:  # an image takes a minute or two, most of it waiting
            images = list(pool.map(lambda one: ensure_image(client, one, packages, say), wanted))
        sandbox = lifecycle.create(client, name, images, nodes, say, memory=memory)
    return _hand_out(sandbox)


def sandbox_list() -> list[Overview]:
    """All sandboxes. Raises SandboxError when Docker does not answer."""
    return lifecycle.overview(engine())


def sandbox_down(name: str) -> int:
    """Remove a sandbox, its nodes' data, its key and its inventory; returns how many nodes there were.

    Raises:
        SandboxError: there is no sandbox of that name, or Docker fails.
    """
    client = engine()
    addresses = tuple(Sandbox(client, name).addresses.values())
    count = lifecycle.remove(client, name)
    directory = _directory(name)
    if not count and not directory.exists():
        raise SandboxError(f"there is no sandbox {name}", remedy="`fatecloud sandbox list` shows them.")
    with suppress(InventoryError):  # an invalid inventory only means that the cluster's file of host keys stays
        hosts = _cluster_hosts(directory / INVENTORY)
        handout.trust(hosts, addresses, "")
        # Where nothing was ever deployed, no history keeps the cluster's directory.
        with suppress(OSError):
            hosts.parent.rmdir()
    shutil.rmtree(directory, ignore_errors=True)
    return count


def _hand_out(sandbox: Sandbox) -> Handed:
    directory = _directory(sandbox.name)
    key = handout.ensure_key(directory)
    handout.authorize(sandbox, key)
    addresses = sandbox.addresses
    lines = handout.host_keys(sandbox)
    known_hosts = directory / "known_hosts"
    handout.trust(known_hosts, tuple(addresses.values()), lines)
    inventory = directory / INVENTORY
    if not inventory.exists():
        inventory.write_text(inventory_for(sandbox.name, addresses, key))
    with suppress(InventoryError):  # the operator may have edited it; every verb reports what is wrong with it
        # The cluster's own file too, so that a first deploy does not stop at an unknown key.
        handout.trust(_cluster_hosts(inventory), tuple(addresses.values()), lines)
    return Handed(sandbox, inventory, key, known_hosts)


def inventory_for(name: str, addresses: Mapping[str, str], key: Path) -> str:
    """The first inventory of a sandbox with these nodes (name -> address): one party on each."""
    architecture = ARCHITECTURES[0] if len(addresses) == 1 else ARCHITECTURES[-1]
    return handout.inventory(
        name,
        new_id(),
        addresses,
        key,
        release=DEFAULT_RELEASE,
        architecture=architecture,
        components=[c.name for c in all_components().values() if architecture in c.architectures],
    )


def _debian_packages() -> tuple[str, ...]:
    return tuple(sorted({name for c in all_components().values() for name in c.packages.get("debian", ())}))


def _directory(name: str) -> Path:
    return default_root() / "sandbox" / name


def _cluster_hosts(inventory: Path) -> Path:
    return place_of(load(inventory).id) / "known_hosts"
