"""The version of the program, and those of Python and Ansible."""

from __future__ import annotations

import platform
from importlib.metadata import version

from fatecloud import __version__
from fatecloud.report.kinds.controller import VersionDocument


def version_document() -> VersionDocument:
    """The versions, for programs."""
    return {"version": __version__, "python": platform.python_version(), "ansible_core": version("ansible-core")}


def version_text() -> str:
    """The versions, for people."""
    found = version_document()
    return f"fatecloud {found['version']}\npython {found['python']}\nansible-core {found['ansible_core']}"
