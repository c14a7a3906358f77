"""Checks the import arrows between the parts of the program."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "fatecloud"
FREE = {"atomic", "errors", "plain", "shipped", "threads", "timing", "whoami", "", "__init__"}
PURE = {"model": set(), "signing": set(), "probing": set(), "components": {"model", "probing"}, "catalogue": {"model"}}
ARROWS: dict[str, set[str]] = {
    **PURE,
    "inventory": {"model", "components", "catalogue", "resolve", "signing"},
    "vault": {"model", "components", "catalogue", "resolve", "signing"},
    "resolve": {"model", "components", "catalogue"},
    "render": {"model", "components"},
    "plan": {"model", "components", "render"},
    "checks": {"model", "components"},
    "report": {"model"},
    "artifacts": {"model", "catalogue", "signing"},
    "transport": {"model"},
    "collect": {"model", "transport"},
    "runner": {"model"},
    "state": {"model"},
    "sandbox": {"model"},
}
ARROWS["workflow"] = set(ARROWS) | {"components"}
ARROWS["cli"] = {"workflow", "report", "model"}
SINGLE_IMPORTER = {"paramiko": "transport", "ansible_runner": "runner", "docker": "sandbox"}
PARTS = [
    (path, path.relative_to(ROOT).parts[0] if len(path.relative_to(ROOT).parts) > 1 else "")
    for path in sorted(ROOT.rglob("*.py"))
]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "fatecloud"}
    return found


@pytest.mark.parametrize(("path", "room"), PARTS, ids=lambda value: str(value).removeprefix(str(ROOT)))
def test_rooms_import_only_along_the_arrows(path: Path, room: str) -> None:
    if room in ("", "_shipped"):
        return
    allowed = ARROWS[room] | {room} | FREE
    targets = {name.split(".")[1] for name in imports(path) if name.startswith("fatecloud.")}
    assert targets <= allowed | {"__version__"}, f"{path.name} reaches into {targets - allowed}"


@pytest.mark.parametrize(("path", "room"), PARTS, ids=lambda value: str(value).removeprefix(str(ROOT)))
def test_each_outside_library_has_one_importer(path: Path, room: str) -> None:
    for library, owner in SINGLE_IMPORTER.items():
        if any(name.split(".")[0] == library for name in imports(path)):
            assert room == owner


def test_the_collector_imports_nothing_of_ours() -> None:
    for path in (ROOT / "collect" / "node").glob("*.py"):
        assert not [name for name in imports(path) if name.startswith("fatecloud")]
