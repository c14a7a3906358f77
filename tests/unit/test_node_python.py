"""What runs on nodes is written for the oldest Python that is promised there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLDEST = {
    (3, 6): [*(ROOT / "fatecloud" / "collect" / "node").glob("*.py")],
    (3, 8): [
        *(ROOT / "playbooks" / "library").glob("*.py"),
        *(ROOT / "playbooks" / "module_utils").glob("*.py"),
        *(ROOT / "fatecloud" / "components").glob("*/probe_*.py"),
        ROOT / "fatecloud" / "components" / "http_get.py",
        ROOT / "fatecloud" / "components" / "libraries.py",
    ],
}
FILES = [(version, path) for version, paths in OLDEST.items() for path in sorted(paths)]


@pytest.mark.parametrize(("version", "path"), FILES, ids=lambda value: str(getattr(value, "name", value)))
def test_the_syntax_is_of_the_oldest_python(version: tuple[int, int], path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=version)
    # The grammar of old versions lets these pass, their interpreters do not.
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Match)
        assert version >= (3, 8) or not isinstance(node, ast.NamedExpr)


@pytest.mark.parametrize("version", OLDEST, ids=str)
@pytest.mark.parametrize("annotated", [True, False])
def test_nothing_is_used_that_came_later(version: tuple[int, int], annotated: bool) -> None:  # noqa: FBT001
    """By name: modules, functions, arguments; and generic types in annotations, where Python may evaluate these."""
    pytest.importorskip("vermin")
    paths = [path for path in OLDEST[version] if (ROOT / "fatecloud" / "components" in path.parents) != annotated]
    options = ["--no-tips", "--violations", f"-t={version[0]}.{version[1]}-"]
    options += ["--eval-annotations"] if annotated else []
    done = subprocess.run(
        [Path(sys.executable).with_name("vermin"), *options, *map(str, paths or OLDEST[version])],
        capture_output=True,
        text=True,
        check=False,
    )
    later = [line for line in done.stdout.splitlines() if re.search(r"requires .*3\.\d+", line)]
    assert not later, "\n".join(later)
    assert done.returncode == 0, done.stdout + done.stderr
