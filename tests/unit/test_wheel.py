"""The wheel holds everything, and works where there is no checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from fatecloud.checks.registry import all_codes

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "fatecloud": "fatecloud",
    "playbooks": "fatecloud/_shipped/playbooks",
    "templates": "fatecloud/_shipped/templates",
    "inventories": "fatecloud/_shipped/inventories",
    "docs/runbooks": "fatecloud/_shipped/runbooks",
}
"""Folder in the checkout -> folder in the wheel."""


def run(words: Sequence[str | Path], directory: Path) -> str:
    """Standard output of a program that sees neither the checkout nor the environment of the tests."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    run([*pip, "--wheel-dir", directory, ROOT], directory)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel, and what it depends on from the environment of the tests."""
    directory = tmp_path_factory.mktemp("installed")
    venv.create(directory / "venv", with_pip=False, symlinks=True)
    python = directory / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    run([*pip, wheel], directory)
    site = next((directory / "venv" / "lib").glob("python3.*")) / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return directory


@pytest.mark.parametrize(("ours", "theirs"), FOLDERS.items(), ids=FOLDERS)
def test_the_wheel_holds_all_that_ships(wheel: Path, ours: str, theirs: str) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"{theirs}/{path.relative_to(ROOT / ours)}"
        for path in (ROOT / ours).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert len(wanted) > 2
    assert wanted - held == set()
    assert not [name for name in held if "__pycache__" in name or name.endswith(".pyc")]


def test_it_shows_a_shipped_example_without_a_checkout(installed: Path) -> None:
    python, program = installed / "venv" / "bin" / "python", installed / "venv" / "bin" / "fatecloud"
    where = "import fatecloud.shipped as s; print(s.folder('inventories'))"
    examples = Path(run([python, "-c", where], installed).strip())
    assert examples.is_relative_to(installed)
    assert "cluster: bank" in run([program, "inventory", "show", "-i", examples / "multi-node.yml"], installed)


def test_it_explains_without_a_checkout(installed: Path) -> None:
    program = installed / "venv" / "bin" / "fatecloud"
    listed = run([program, "explain", "--list"], installed).splitlines()
    assert [line.split()[0] for line in listed] == sorted(all_codes())
    assert run([program, "explain", "SERVICE_STOPPED"], installed).startswith("# SERVICE_STOPPED")


def test_it_starts_an_inventory_without_a_checkout(installed: Path) -> None:
    program = installed / "venv" / "bin" / "fatecloud"
    (installed / "password").write_text("planted for a test\n")
    output = run([program, "init", "--output", "new", "--vault-password-file", "password"], installed)
    assert "inventory.yml" in output
    assert "valid: cluster" in run([program, "inventory", "validate", "-i", "new"], installed)
