"""What families of distributions call the same things. Which family a node is of, `collect/node/family.py` decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """A family of distributions."""

    install: str
    """What an administrator types before the names of packages."""
    cron: tuple[str, str]
    """The package of cron, and its service."""
    time_service: str
    """The service of the package `chrony`."""

    def install_command(self, names: tuple[str, ...]) -> str:
        """What an administrator types to install packages."""
        return f"{self.install} {' '.join(names)}"


DISTRIBUTIONS: Mapping[str, Distribution] = {
    "debian": Distribution("apt-get install", ("cron", "cron"), "chrony"),
    "redhat": Distribution("dnf install", ("cronie", "crond"), "chronyd"),
}
"""Those whose packages fatecloud can install."""
_OTHER = Distribution("install with the system's own tool:", ("cron", "cron"), "chronyd")


def distribution_of(family: str) -> Distribution:
    """The distribution of a family, as the fact `os` names it; a general one where it is not known."""
    return DISTRIBUTIONS.get(family, _OTHER)
