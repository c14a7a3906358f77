"""Preflight of distribution packages: they are there where fatecloud may not install them, and new enough."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.checks.preflight_need import (
    install_unstarted,
    missing_packages,
    node_of,
    packages_of,
    problem,
    service_subject,
    services_of,
)
from fatecloud.checks.preflight_platform import OS_FAMILY
from fatecloud.model.check import Code, NodeView, node_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.release import DISTRIBUTION
from fatecloud.model.remedy import Edit, administrator

PACKAGES = Code("PREFLIGHT_PACKAGES_MISSING", "critical", "Packages are missing, and fatecloud may not install them.")
OLD = Code(
    "PREFLIGHT_PACKAGE_OLD", "critical", "The distribution's package is older than any that the release works with."
)


@node_check(PACKAGES, after=(OS_FAMILY.name,))
def preinstalled(view: NodeView) -> Iterator[Finding]:
    """With `packages: preinstalled` the packages are installed."""
    if node_of(view).packages != "preinstalled" or not packages_of(view, view.fact("os")["family"]):
        return
    missing = missing_packages(view)
    if missing:
        yield problem(
            view,
            PACKAGES.name,
            "critical",
            f"`packages: preinstalled` is set, but these are missing: {', '.join(missing)}",
            expected=", ".join(packages_of(view, view.fact("os")["family"])),
            got="missing: " + ", ".join(missing),
            remedy=install_unstarted(view, missing),
            source="fact packages",
        )


@node_check(OLD, after=(OS_FAMILY.name,))
def new_enough(view: NodeView) -> Iterator[Finding]:
    """What is installed of a component, or would be, is not older than the catalogue's minimum.

    A package whose version is not known is passed over: repositories are read by the installation only.
    """
    family = view.fact("os")["family"]
    installed = view.fact("packages") if packages_of(view, family) else {}
    offered = view.fact("offered") if packages_of(view, family) else {}
    for service in services_of(view):
        for package in service.packages.get(family, ()):
            product, floor = _minimum(view, service, package)
            got = installed.get(package) or offered.get(package)
            if not floor or not got or _version(got) >= _version(floor):
                continue
            where = "is installed" if installed.get(package) else "is what the node's repositories have"
            yield problem(
                view,
                OLD.name,
                "critical",
                f"{package} {got} {where}",
                subject=service_subject(service),
                expected=f"{product} {floor} or newer",
                got=got,
                remedy=(
                    administrator(view.facts.node, "use a newer distribution, or a repository with a newer version"),
                    Edit("place the service on another node", instead=True),
                ),
                source="facts packages and offered; the catalogue",
            )


def _minimum(view: NodeView, service: DesiredService, package: str) -> tuple[str, str]:
    """Product that a package brings, and the oldest version of it; empty where the catalogue names none."""
    if service.version != DISTRIBUTION:
        return "", ""
    floors = view.desired.release_of(service.id).minimum.get(service.id.component, {})
    product = next((name for name in floors if package == name or package.startswith(f"{name}-")), "")
    return product, floors.get(product, "")


def _version(text: str) -> tuple[int, ...]:
    """Upstream's numbers in the version of a package: (10, 11, 6) of `1:10.11.6-0+deb12u1`."""
    upstream = text.rpartition(":")[2].split("-")[0]
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", upstream)[0])[:3])
