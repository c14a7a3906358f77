"""What runs on nodes is written for the oldest Python that is promised there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from node_scripts import SCRIPTS, package_of

from fatecloud.components.script import parts_of

ROOT = Path(__file__).parents[2]
OLDEST = {
    (3, 6): [*(ROOT / "fatecloud" / "collect" / "node").glob("*.py")],
    (3, 8): [
        *(ROOT / "playbooks" / "library").glob("*.py"),
        *(ROOT / "playbooks" / "module_utils").glob("*.py"),
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
def test_nothing_is_used_that_came_later(version: tuple[int, int]) -> None:
    """By name: modules, functions, arguments; and generic types in annotations, where Python may evaluate these."""
    check(version, OLDEST[version])


def test_scripts_use_nothing_that_came_later(tmp_path: Path) -> None:
    """As they are sent: without annotations."""
    for script in SCRIPTS:
        for name, text in parts_of(package_of(script), script.name).items():
            (tmp_path / f"{name}.py").write_text(text)
    check((3, 6), [*tmp_path.iterdir()])


def check(version: tuple[int, int], paths: list[Path]) -> None:
    options = ["--no-tips", "--violations", "--eval-annotations", f"-t={version[0]}.{version[1]}-"]
    done = subprocess.run(
        [Path(sys.executable).with_name("vermin"), *options, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    later = [line for line in done.stdout.splitlines() if re.search(r"requires .*3\.\d+", line)]
    assert not later, "\n".join(later)
    assert done.returncode == 0, done.stdout + done.stderr
