"""Finds what ships beside the code: playbooks, templates, inventories, runbooks, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
PLACES = [_PACKAGE / "_shipped", _PACKAGE.parent, _PACKAGE.parent / "docs"]
"""Where the folders are looked for, in this order.

Code in this process may put a place before them, as a test does that adds a component. No variable and no file can:
root runs what a deploy finds there.
"""


def folder(name: str) -> Path:
    """Directory of shipped files.

    Args:
        name: `playbooks`, `templates`, `inventories` or `runbooks`.

    Returns:
        An absolute path that exists, in the first of `PLACES` that has it. In a wheel all folders are below the
        package; in a checkout they stand at the top of the repository (runbooks under `docs/`).

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for place in PLACES:
        if (place / name).is_dir():
            return place / name
    raise FileNotFoundError(f"fatecloud was installed without its {name} folder")
