"""Chooses the JVM of a service: the one on record, the node's own, a package of its distribution, an imported one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.catalogue.openjdk import packages
from fatecloud.model.java import Java, Jdk
from fatecloud.model.layout import store_tree_of
from fatecloud.model.node import Node
from fatecloud.model.runtime import JavaRange


def choose(service: str, wanted: JavaRange, node: Node, jdks: tuple[Jdk, ...]) -> Java | None:
    """The first JVM that fits; None where there is none, or where nothing is known of the node yet.

    Args:
        service: key of the service.
        wanted: which feature releases it runs with.
        node: with what was read of it.
        jdks: what the controller's store has.
    """
    kept = node.machine.java.get(service)
    # What was chosen once stays, so that a better JVM that comes later restarts nothing.
    if kept and _fits(kept, wanted, node) and _is_there(kept, node):
        return next((java for java in _imported(node, jdks) if _updates(java, kept)), kept)
    return next((java for java in _candidates(node, jdks) if _fits(java, wanted, node)), None)


def _updates(java: Java, kept: Java) -> bool:
    """Whether an imported JVM is a newer build of the one on record: it was imported to be used."""
    if java.tree is None or kept.tree is None or java.major != kept.major:
        return False
    # By its numbers: as text, 17.0.9 would come after 17.0.12.
    return _version(java.tree.name) > _version(kept.tree.name)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def _fits(java: Java, wanted: JavaRange, node: Node) -> bool:
    return wanted.minimum <= java.major <= wanted.maximum and node.java in ("any", java.source)


def _is_there(java: Java, node: Node) -> bool:
    """Whether a JVM on record can still be used. A node that was not asked for its JVMs has all that are on record."""
    found = node.machine.javas
    if java.tree is not None or found is None:
        return True
    return any(java.home in one.homes and java.major == one.major and not one.problem for one in found)


def _candidates(node: Node, jdks: tuple[Jdk, ...]) -> Iterator[Java]:
    """The JVMs that the node could use, in the order of the sources, and of each the newest first."""
    machine = node.machine
    offered = tuple(packages(machine.system)) if machine.system else ()
    for one in sorted(machine.javas or (), key=lambda found: -found.major):
        if not one.problem:
            # The name that a package makes stays when an update makes another directory behind it. Which of us had the
            # package installed makes no difference: a deploy that was cut off finds its own, and wants the same.
            named = (java for java in offered if java.home in one.homes)
            yield next(named, Java(one.homes[0], one.major, "node"))
    # Otherwise nothing may be installed there.
    if node.packages == "repos":
        yield from offered
    yield from _imported(node, jdks)


def _imported(node: Node, jdks: tuple[Jdk, ...]) -> Iterator[Java]:
    machine = node.machine
    for jdk in sorted(jdks, key=lambda jdk: -jdk.major):
        if machine.system and jdk.arch == machine.system.arch:
            yield Java(store_tree_of(node, jdk.tree), jdk.major, "imported", tree=jdk.tree)
