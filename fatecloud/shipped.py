"""Finds what ships beside the code: playbooks, templates, inventories, runbooks, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Directory of shipped files.

    Args:
        name: `playbooks`, `templates`, `inventories` or `runbooks`.

    Returns:
        An absolute path that exists, the wheel's copy first. In a checkout the folders stand at the top of the
        repository (runbooks under `docs/`).

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for candidate in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name, _PACKAGE.parent / "docs" / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"fatecloud was installed without its {name} folder")
