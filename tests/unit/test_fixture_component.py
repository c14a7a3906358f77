"""The component that only tests have shows what one costs: its own trees, and few lines."""

from __future__ import annotations

from fixture_program import COMPONENT

TREES = ("components", "templates", "playbooks", "catalogue")
"""Its pages about codes are beside them."""
MOST = 300


def test_a_whole_component_takes_less_than_300_lines() -> None:
    files = [path for tree in TREES for path in (COMPONENT / tree).rglob("*.*") if "__pycache__" not in path.parts]
    lines = {str(path.relative_to(COMPONENT)): len(path.read_text().splitlines()) for path in files}
    assert 0 < sum(lines.values()) < MOST, lines
    beside = {path.name for path in COMPONENT.iterdir()} - {*TREES, "runbooks"}
    assert beside == set()
