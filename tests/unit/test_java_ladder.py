"""Which JVM a service runs in: what is on record, the node's own, its distribution's, an imported one."""

from __future__ import annotations

from typing import Any

import pytest
from preflight_world import a_node

from fatecloud.catalogue.openjdk import names, packages
from fatecloud.model.artifact import Artifact
from fatecloud.model.java import FoundJava, Java, Jdk
from fatecloud.model.machine import Machine, System
from fatecloud.model.node import Node
from fatecloud.model.runtime import JavaRange
from fatecloud.model.trees import Tree
from fatecloud.resolve.java import choose

KEY = "9999/front@a1"
DEBIAN = System("debian", "debian", "12", "x86_64")
RED_HAT = System("redhat", "rocky", "9.4", "x86_64")
STANDARD = "/usr/lib/jvm/java-17-openjdk-amd64"
ANY = JavaRange(8, 25, "")


def found(major: int, *homes: str, problem: str = "") -> FoundJava:
    return FoundJava(homes or (f"/opt/jdk-{major}",), major, f"{major}.0.1", "OpenJDK 64-Bit Server VM", problem)


def jdk(version: str, arch: str = "x86_64") -> Jdk:
    artifact = Artifact(f"jdk=={version}", f"jdk-{version}.tar.gz", f"{version.replace('.', ''):0>64}", 9, "archive")
    return Jdk(int(version.partition(".")[0]), version, arch, "2.17", Tree(artifact.name, (artifact,)))


def node(*javas: FoundJava, kept: Java | None = None, system: System = DEBIAN, asked: bool = True, **more: Any) -> Node:
    machine = Machine(1 << 34, 8, {KEY: kept} if kept else {}, javas if asked else None, system)
    return a_node("a1", read=machine, **more)


def chosen(place: Node, wanted: JavaRange = ANY, *jdks: Jdk) -> tuple[str, int, str] | None:
    java = choose(KEY, wanted, place, jdks)
    return (java.home, java.major, java.source) if java else None


def test_the_nodes_own_comes_first_the_newest_in_range() -> None:
    place = node(found(8), found(11), found(21), found(25, problem="/opt/jdk-25 belongs to user app"))
    assert chosen(place) == ("/opt/jdk-21", 21, "node")
    assert chosen(place, JavaRange(8, 17, "")) == ("/opt/jdk-11", 11, "node")


def test_without_one_in_range_the_distribution_has_a_package() -> None:
    java = choose(KEY, ANY, node(found(7)), ())
    assert java == Java(STANDARD, 17, "package", "openjdk-17-jre-headless")


def test_what_a_package_installed_is_the_same_choice_before_and_after() -> None:
    before = choose(KEY, ANY, node(), ())
    after = choose(KEY, ANY, node(found(17, "/usr/lib/jvm/java-1.17.0-openjdk-amd64", STANDARD)), ())
    assert before == after


def test_an_imported_one_comes_last_unless_the_operator_wants_it() -> None:
    imported = jdk("17.0.12")
    home = f"/data/fate/store/tree/{imported.tree.digest[:16]}"
    assert chosen(node(), ANY, imported) == (STANDARD, 17, "package")
    assert chosen(node(packages="preinstalled"), ANY, imported) == (home, 17, "imported")
    assert chosen(node(found(17), java="imported"), ANY, imported) == (home, 17, "imported")
    assert chosen(node(java="imported"), JavaRange(8, 11, ""), imported) is None


def test_an_imported_one_for_another_processor_is_none() -> None:
    assert chosen(node(packages="preinstalled"), ANY, jdk("17.0.12", arch="aarch64")) is None


def test_nothing_is_chosen_while_nothing_is_known() -> None:
    assert choose(KEY, ANY, a_node("a1"), (jdk("17.0.12"),)) is None


def test_what_is_on_record_stays_when_better_ones_come() -> None:
    kept = Java("/opt/jdk-11", 11, "node")
    assert choose(KEY, ANY, node(found(11), found(21), kept=kept), ()) == kept
    assert choose(KEY, ANY, node(kept=kept, asked=False), ()) == kept


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (node(found(21), kept=Java("/opt/jdk-11", 11, "node")), ANY),
        (node(found(11, problem="does not start"), found(21), kept=Java("/opt/jdk-11", 11, "node")), ANY),
        (node(found(17, "/opt/jdk-11"), found(21), kept=Java("/opt/jdk-11", 11, "node")), ANY),
        (node(found(11), found(21), kept=Java("/opt/jdk-11", 11, "node")), JavaRange(17, 25, "")),
    ],
    ids=["gone", "broken", "another-now", "out-of-range"],
)
def test_what_is_on_record_and_does_not_fit_any_more_is_replaced(place: Node, wanted: JavaRange) -> None:
    assert chosen(place, wanted) == ("/opt/jdk-21", 21, "node")


def test_a_newer_build_that_was_imported_replaces_the_one_on_record_and_an_older_one_does_not() -> None:
    old, new = jdk("17.0.9"), jdk("17.0.12")
    kept = choose(KEY, ANY, node(java="imported"), (old,))
    newer = choose(KEY, ANY, node(java="imported"), (new,))
    assert kept
    assert newer
    assert choose(KEY, ANY, node(java="imported", kept=kept, asked=False), (new,)) == newer
    # The other controller has not got the new one: it leaves what the first one deployed.
    assert choose(KEY, ANY, node(java="imported", kept=newer, asked=False), (old,)) == newer
    assert choose(KEY, ANY, node(java="imported", kept=newer, asked=False), ()) == newer


@pytest.mark.parametrize(
    "java", [Java("/opt/jdk", 17, "node"), Java(STANDARD, 17, "package", "openjdk-17-jre-headless")]
)
def test_a_record_is_read_as_it_was_written(java: Java) -> None:
    assert Java.recorded(java.record) == java


def test_a_record_of_an_imported_one_names_its_archive() -> None:
    imported = jdk("17.0.12")
    java = Java("/data/fate/store/tree/0", 17, "imported", tree=imported.tree)
    assert Java.recorded(java.record) == java


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (DEBIAN, [(17, "openjdk-17-jre-headless", STANDARD)]),
        (
            System("debian", "debian", "11", "aarch64"),
            [
                (17, "openjdk-17-jre-headless", "/usr/lib/jvm/java-17-openjdk-arm64"),
                (11, "openjdk-11-jre-headless", "/usr/lib/jvm/java-11-openjdk-arm64"),
            ],
        ),
        (
            System("redhat", "openeuler", "20.03", "x86_64"),
            [
                (11, "java-11-openjdk-headless", "/usr/lib/jvm/jre-11-openjdk"),
                (8, "java-1.8.0-openjdk-headless", "/usr/lib/jvm/jre-1.8.0-openjdk"),
            ],
        ),
        (System("arch", "arch", "", "x86_64"), []),
    ],
)
def test_packages_have_the_names_of_their_family(system: System, expected: list[tuple[int, str, str]]) -> None:
    assert [(java.major, java.package, java.home) for java in packages(system)] == expected


def test_a_minor_version_of_a_distribution_has_what_its_major_one_has() -> None:
    assert {java.major for java in packages(RED_HAT)} == {8, 11, 17, 21}


def test_a_node_of_which_nothing_is_known_is_asked_for_every_package_of_its_family() -> None:
    every = names()
    assert set(every) == {"debian", "redhat", "suse"}
    for system in (DEBIAN, RED_HAT):
        assert {java.package for java in packages(system)} <= set(every[system.family])
