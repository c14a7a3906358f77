"""What families of distributions call the same things. Which family a node is of, `collect/node/family.py` decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.model.remedy import Remedy, Run, administrator


@dataclass(frozen=True, slots=True)
class Distribution:
    """A family of distributions."""

    install: str
    """What an administrator types before the names of packages; empty if that is not known. Without what they only
    recommend, as a deploy installs them: with it, cron brings a mail server to Debian."""
    reinstall: str
    """The same for packages that are installed and have lost files."""
    cron: tuple[str, str]
    """The package of cron, and its service."""
    time_service: str
    """The service of the package `chrony`."""
    locale: tuple[str, str] = ("", "")
    """The package of UTF-8 locales, and the command that then makes one; empty where the package has them ready."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Tool that a deployment calls -> its package."""

    def install_on(self, node: str, names: tuple[str, ...]) -> Remedy:
        """How an administrator of a node installs packages."""
        return self._typed(self.install, node, names)

    def reinstall_on(self, node: str, names: tuple[str, ...]) -> Remedy:
        """How an administrator of a node brings back the files of installed packages."""
        return self._typed(self.reinstall, node, names)

    @staticmethod
    def _typed(words: str, node: str, names: tuple[str, ...]) -> Remedy:
        shown = " ".join(names)
        if not words:
            return administrator(node, f"install with the system's own tool: {shown}")
        return Run(f"{words} {shown}", node, root=True)


_TOOLS = {"gzip": "gzip", "sha256sum": "coreutils", "systemctl": "systemd", "tar": "tar"}
DISTRIBUTIONS: Mapping[str, Distribution] = {
    "debian": Distribution(
        "apt-get install -y --no-install-recommends",
        "apt-get install -y --reinstall --no-install-recommends",
        ("cron", "cron"),
        "chrony",
        ("locales", "localedef -i en_US -f UTF-8 en_US.UTF-8"),
        {**_TOOLS, "sh": "dash"},
    ),
    "redhat": Distribution(
        "dnf install -y --setopt=install_weak_deps=False",
        "dnf reinstall -y",
        ("cronie", "crond"),
        "chronyd",
        ("glibc-langpack-en", ""),
        {**_TOOLS, "sh": "bash"},
    ),
}
"""Those whose packages fatecloud can install."""
_OTHER = Distribution("", "", ("cron", "cron"), "chronyd")


def distribution_of(family: str) -> Distribution:
    """The distribution of a family, as the fact `os` names it; a general one where it is not known."""
    return DISTRIBUTIONS.get(family, _OTHER)
