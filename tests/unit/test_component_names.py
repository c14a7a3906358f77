"""Only a component's own trees and the catalogue know it by name: what is added there needs no code elsewhere.

Comments, docstrings and help texts may give examples. A test elsewhere may name one, as its world needs some service.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fatecloud.components.registry import packages

ROOT = Path(__file__).parents[2]
OWN = ("fatecloud/components/", "fatecloud/catalogue/", "templates/", "playbooks/roles/")
NAMES = set(packages())
WORD = re.compile(rf"(?<![A-Za-z0-9_])(?<!/var/lib/)(?:{'|'.join(map(re.escape, sorted(NAMES)))})(?![A-Za-z0-9_])")
"""A name as a word; not where it is a directory of a distribution."""
FOR_PEOPLE = ("help", "metavar", "doc")
"""Arguments that are texts for people, with examples."""


def python_files() -> list[Path]:
    found = [*(ROOT / "fatecloud").rglob("*.py"), *(ROOT / "playbooks").rglob("*.py")]
    return [path for path in sorted(found) if not str(path.relative_to(ROOT)).startswith((*OWN, "fatecloud/_shipped/"))]


def shared_files() -> list[Path]:
    """What Ansible and the nodes get from us apart from what components have."""
    trees = [ROOT / "templates", ROOT / "playbooks" / "roles"]
    shared = [tree / name for tree in trees for name in ("service", "node", "fix")]
    files = [path for place in shared for path in place.rglob("*") if path.is_file()]
    return sorted([*files, *(ROOT / "playbooks").glob("*.yml")])


def for_people(tree: ast.AST) -> set[int]:
    """Ids of the texts that people read: docstrings of modules, functions and attributes, help, and `Annotated`."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            found.add(id(node.value))
        elif isinstance(node, ast.keyword) and node.arg in FOR_PEOPLE:
            found |= {id(inner) for inner in ast.walk(node.value)}
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Annotated":
            found |= {id(inner) for inner in ast.walk(node.slice) if isinstance(inner, ast.Constant)}
    return found


def words_of(node: ast.AST) -> list[str]:
    """The names that a piece of code uses, and its texts."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(alias.name for alias in node.names)]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [getattr(node, field) for field in ("id", "attr", "arg") if isinstance(getattr(node, field, None), str)]


def named(code: str) -> list[tuple[int, str]]:
    """Line and text of each use of a component's name."""
    tree = ast.parse(code)
    left_out = for_people(tree)
    found = [(node, word) for node in ast.walk(tree) if id(node) not in left_out for word in words_of(node)]
    return sorted((getattr(node, "lineno", 0), word) for node, word in found if WORD.search(word))


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_code_outside_the_trees_names_no_component(path: Path) -> None:
    assert named(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", shared_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_shared_files_name_no_component(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if WORD.search(line) and not line.lstrip().startswith("#")]


def test_a_name_in_code_is_found_and_one_in_an_example_is_not() -> None:
    code = 'from fatecloud.components.flow import x\n"""As flow."""\nif a == "9999/flow@n1": say(b.flow, help="flow")\n'
    assert named(code) == [(1, "fatecloud.components.flow"), (3, "9999/flow@n1"), (3, "flow")]
