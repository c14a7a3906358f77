"""The locks name exactly what pyproject.toml asks for, with hashes, and no index."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = ("3.11.2", "3.12.0", "3.13.0")
RUNTIME = (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"])
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": (*RUNTIME, *PROJECT["project"]["optional-dependencies"]["dev"]),
}


def pins(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Each requirement of a lock, and its hashes."""
    text = "\n".join(line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#"))
    for entry in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = entry.split("--hash=")
        yield Requirement(requirement.strip()), [found.strip() for found in hashes]


def environment(python: str) -> dict[str, str]:
    minor = ".".join(python.split(".")[:2])
    return {
        "python_full_version": python,
        "python_version": minor,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
    }


def versions(lock: str, python: str) -> dict[str, str]:
    """What the lock installs with one Python."""
    found: dict[str, str] = {}
    for pin, _ in pins(lock):
        if pin.marker is None or pin.marker.evaluate(environment(python)):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} twice"
            found[name] = str(pin.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_has_one_version_and_hashes(lock: str) -> None:
    for pin, hashes in pins(lock):
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), pin
        assert hashes, pin
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", found) for found in hashes), pin


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
def test_what_pyproject_asks_for_is_there_in_a_version_that_it_allows(lock: str, python: str) -> None:
    locked = versions(lock, python)
    for asked in map(Requirement, LOCKS[lock]):
        assert asked.specifier.contains(locked[canonicalize_name(asked.name)], prereleases=True), f"{asked}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_packages_ask_for_is_there_too(lock: str) -> None:
    """As far as the installed packages say: of the same versions, or of others that hardly differ in this."""
    python = ".".join(map(str, sys.version_info[:3]))
    locked = versions(lock, python)
    for name in locked:
        try:
            asked = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
        for need in asked:
            if need.marker is None or need.marker.evaluate({**environment(python), "extra": ""}):
                assert canonicalize_name(need.name) in locked, f"{name} needs {need}: make lock"


def test_both_locks_agree() -> None:
    for python in PYTHONS:
        fewer, more = versions("requirements.lock", python), versions("requirements-dev.lock", python)
        assert {name: more.get(name) for name in fewer} == fewer


@pytest.mark.parametrize("lock", LOCKS)
def test_no_index_is_named(lock: str) -> None:
    assert not re.search("://|--index|--extra-index|--find-links|--trusted", (ROOT / lock).read_text())


@pytest.mark.parametrize("script", ["quickstart", "test"])
def test_the_scripts_install_from_a_lock_only(script: str) -> None:
    text = (ROOT / "scripts" / script).read_text() + (ROOT / "scripts" / "bootstrap.sh").read_text()
    installs = [line.strip() for line in text.splitlines() if line.strip().startswith("pip_install ")]
    assert installs == [
        'pip_install "$@" --only-binary :all: --require-hashes --requirement "$lock"',
        "pip_install --no-deps --no-build-isolation --editable .",
    ]
    assert text.count("pip install") == 2, "the function, and its error message"
    subprocess.run(["sh", "-n", ROOT / "scripts" / script], check=True)
