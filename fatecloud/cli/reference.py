"""Writes the reference pages that are generated from the code: `python -m fatecloud.cli.reference`, in a checkout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fatecloud.report.codes import codes_page
from fatecloud.workflow.explain import codes

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {"codes.md": lambda: codes_page(codes())}
"""File name -> its text."""


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
