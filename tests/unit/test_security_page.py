"""Each row of the page about security names tests that exist, so that no sentence there is only a promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
_NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
_FOLDERS = ("tests/unit", "tests/e2e")


def rows() -> list[str]:
    """Rows of the tables whose last column is `shown by`."""
    found: list[str] = []
    inside = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not inside:
            inside = True
            wanted = line.rstrip(" |").endswith("shown by")
            continue
        if not line.startswith("|"):
            inside = False
        elif wanted and not line.startswith("|---"):
            found.append(line)
    return found


def test_the_page_has_a_table_for_each_who() -> None:
    assert len(rows()) > 40


@pytest.mark.parametrize("row", rows())
def test_a_row_names_a_test_that_exists(row: str) -> None:
    named = _NAMED.findall(row.split("|")[-2])
    assert named, row
    for file, test in named:
        (path,) = [ROOT / folder / file for folder in _FOLDERS if (ROOT / folder / file).is_file()]
        assert f"\ndef {test}(" in path.read_text(encoding="utf-8"), f"{file} has no {test}"
