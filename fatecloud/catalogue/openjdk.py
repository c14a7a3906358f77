"""The packages with a JVM that distributions have. Their names follow a rule per family; which there are is a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from fatecloud.model.java import Java
from fatecloud.model.machine import System

_RED_HAT: Mapping[str, tuple[int, ...]] = {"7": (8, 11), "8": (8, 11, 17, 21), "9": (8, 11, 17, 21), "10": (21,)}
_OFFERED: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "debian": {"11": (11, 17), "12": (17,), "13": (21, 25)},
    "ubuntu": {"20.04": (8, 11, 17, 21), "22.04": (8, 11, 17, 21), "24.04": (8, 11, 17, 21)},
    **dict.fromkeys(("rhel", "centos", "rocky", "almalinux", "ol"), _RED_HAT),
    "openeuler": {"20.03": (8, 11), "22.03": (8, 11, 17), "24.03": (8, 11, 17, 21)},
    "anolis": {"8": (8, 11, 17)},
    "sles": {"15": (8, 11, 17, 21)},
    "opensuse-leap": {"15": (8, 11, 17, 21)},
}
"""Id of a system, as in os-release -> its version, or the first part of that -> feature releases that it has."""
_FAMILIES = {"debian": "debian", "ubuntu": "debian", "sles": "suse", "opensuse-leap": "suse"}
"""Where it is not that of Red Hat."""
_DEBIAN_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def packages(system: System) -> Iterator[Java]:
    """The JVMs that packages of a distribution bring, the newest first; empty if the table does not know it."""
    versions = _OFFERED.get(system.id, {})
    offered = versions.get(system.version) or versions.get(system.version.split(".")[0], ())
    for major in sorted(offered, reverse=True):
        package, home = _named(system, major)
        yield Java(home, major, "package", package)


@cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Family -> all packages of the table: what to ask a node for, of which nothing is known yet."""
    found: dict[str, set[str]] = {}
    for system, versions in _OFFERED.items():
        family = _FAMILIES.get(system, "redhat")
        majors = {major for offered in versions.values() for major in offered}
        found.setdefault(family, set()).update(_named(System(family, system, "", ""), major)[0] for major in majors)
    return {family: tuple(sorted(packages)) for family, packages in found.items()}


def _named(system: System, major: int) -> tuple[str, str]:
    """Name of the package without graphics, and the directory that it makes and that stays over updates."""
    if system.family == "debian":
        arch = _DEBIAN_NAMES.get(system.arch, system.arch)
        return f"openjdk-{major}-jre-headless", f"/usr/lib/jvm/java-{major}-openjdk-{arch}"
    dotted = "1.8.0" if major == 8 else str(major)  # noqa: PLR2004 - Java 8 was the last one to be called 1.something
    if system.family == "suse":
        return f"java-{dotted.replace('.', '_')}-openjdk-headless", f"/usr/lib64/jvm/jre-{dotted}-openjdk"
    return f"java-{dotted}-openjdk-headless", f"/usr/lib/jvm/jre-{dotted}-openjdk"
