"""An environment that loses, gains or gets another file is noticed, and nothing else about it is."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fatecloud.collect.node import store, watched

THEN = 1_700_000_000


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A small environment, made a while ago."""
    top = tmp_path / "venv"
    for name in (
        "pyvenv.cfg",
        "bin/tool",
        "lib/used/__init__.py",
        "lib/used/settings.py",
        "lib/used/__pycache__/__init__.pyc",
        "lib/unused/__init__.py",
        "lib/binary/x.so.1",
        "lib/path/own.pth",
    ):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (THEN, THEN))
    (top / "bin/python").symlink_to("/usr/bin/python3")
    (top / ".complete").write_text("x")
    for folder in (path for path in top.rglob("*") if path.is_dir()):
        os.utime(folder, (THEN, THEN))
    return top


def test_only_the_directories_that_matter_are_in_the_record(environment: Path) -> None:
    some = json.loads(watched.record(str(environment)))["folders"]
    assert sorted(some) == ["", "bin", "lib/binary", "lib/path", "lib/used"]
    every = json.loads(watched.record(str(environment), every=True))["folders"]
    assert sorted(set(every) - set(some)) == ["lib", "lib/unused"]


def replaced(path: Path) -> None:
    """As an editor saves a file of the same size and time: under a new name first."""
    path.with_name("new").write_bytes(path.read_bytes()[::-1])
    path.with_name("new").rename(path)


def written_into(path: Path, more: str = "# by hand") -> None:
    """As an editor saves a file that it keeps, and as `sed` or `>>` do: its directory's time stays."""
    with path.open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text[::-1] + more)


def linked(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "an interpreter is gone": (lambda top: (top / "bin/python").unlink(), "bin"),
    "an interpreter is another": (lambda top: linked(top / "bin/python", "/usr/bin/false"), "bin"),
    "a library is gone": (lambda top: (top / "lib/used/__init__.py").unlink(), "lib/used"),
    "a library was replaced": (lambda top: replaced(top / "lib/used/__init__.py"), "lib/used"),
    "a library was written into": (lambda top: written_into(top / "lib/used/__init__.py"), "lib/used"),
    "a line of a library has other letters": (lambda top: written_into(top / "lib/binary/x.so.1", ""), "lib/binary"),
    "a program has other rights": (lambda top: (top / "bin/tool").chmod(0o777), "bin"),
    "a file was added": (lambda top: (top / "lib/used/sitecustomize.py").touch(), "lib/used"),
    "a package is gone": (lambda top: (top / "lib/binary").rename(top / "lib/x"), "lib/binary"),
    "the settings are gone": (lambda top: (top / "pyvenv.cfg").unlink(), "."),
    "the settings were written over": (lambda top: (top / "pyvenv.cfg").write_text("more than before"), "."),
    "a directory has other rights": (lambda top: (top / "lib/used").chmod(0o777), "lib/used"),
}


@pytest.mark.parametrize(("change", "folder"), BREAKS.values(), ids=BREAKS)
def test_a_directory_that_was_changed_is_named(
    environment: Path, change: Callable[[Path], object], folder: str
) -> None:
    record = watched.record(str(environment))
    assert watched.changed(str(environment), record) == []
    change(environment)
    assert watched.changed(str(environment), record) == [folder]


HARMLESS: dict[str, Callable[[Path], object]] = {
    "bytecode": lambda top: (top / "lib/path/__pycache__").mkdir(),
    "more bytecode": lambda top: (top / "lib/used/__pycache__/settings.pyc").touch(),
    "a rendered file": lambda top: replaced(top / "lib/used/settings.py"),
    "a rendered file that is gone": lambda top: (top / "lib/used/settings.py").unlink(),
    "our own marker": lambda top: (top / ".complete").write_text("again"),
    "our own record": lambda top: (top / ".watched").touch(),
    "a directory that nothing was imported from": lambda top: (top / "lib/unused/__init__.py").unlink(),
    "another time of a directory": lambda top: os.utime(top / "lib/used"),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_without_harm_is_not_named(environment: Path, change: Callable[[Path], object]) -> None:
    record = watched.record(str(environment), ["lib/used/settings.py"])
    change(environment)
    assert watched.changed(str(environment), record) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"free": [], "folders": []}', '{"free": [], "folders": {"": 1}}'])
def test_what_is_not_a_record_is_an_error(environment: Path, text: str) -> None:
    with pytest.raises(ValueError, match="not a record of an environment"):
        watched.changed(str(environment), text)


def test_the_collector_says_what_is_wrong_with_a_store_and_with_homes(environment: Path, tmp_path: Path) -> None:
    made = tmp_path / "store" / "venv" / "one"
    made.parent.mkdir(parents=True)
    environment.rename(made)
    spec = {"layout": {"store": str(tmp_path / "store")}, "homes": [str(made), str(tmp_path / "none")]}
    assert store.store(spec)["changed"] == [], "an earlier version kept no record"
    (made / watched.RECORD).write_text(watched.record(str(made)))
    gone = {str(tmp_path / "none"): "it is gone, or was never finished"}
    assert store.store(spec) == {"artifacts": {}, "made": {"venv": ["one"]}, "changed": [], "homes": gone}
    (made / "bin" / "tool").unlink()
    found = store.store(spec)
    assert found["changed"] == ["one"]
    assert found["homes"] == gone | {str(made): "not as it was made: bin"}
    (made / watched.RECORD).write_text("damaged")
    assert "its record cannot be read" in store.store(spec)["homes"][str(made)]
