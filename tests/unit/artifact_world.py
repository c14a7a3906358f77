"""Small stores for tests: a release whose files are a few bytes each."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from fatecloud import catalogue
from fatecloud.artifacts import index
from fatecloud.artifacts.index import Interpreter, ReleaseIndex
from fatecloud.artifacts.store import Store
from fatecloud.model.artifact import Artifact, ArtifactKind
from fatecloud.model.python import PythonRequirement, PythonSet
from fatecloud.model.release import Release

NAME = "fate-2.2.0"


def described(name: str, filename: str, kind: ArtifactKind, content: bytes | None = None) -> Artifact:
    """An artifact whose content is its file name, or these bytes."""
    content = filename.encode() if content is None else content
    return Artifact(name, filename, hashlib.sha256(content).hexdigest(), len(content), kind)


def artifact(store: Store, name: str, filename: str, kind: ArtifactKind, content: bytes | None = None) -> Artifact:
    """The same, put into a store."""
    found = described(name, filename, kind, content)
    store.add_stream(BytesIO(filename.encode() if content is None else content), found)
    return found


WHEELS = (
    described("alpha==1", "alpha-1-cp310-cp310-manylinux_2_24_x86_64.manylinux_2_17_x86_64.whl", "wheel"),
    described("beta==2", "beta-2-cp310-cp310-manylinux_2_28_x86_64.whl", "wheel"),
)
INSTALLER = described("uv==1", "uv-1-py3-none-any.whl", "installer")


def small_release(*lock: Artifact) -> Release:
    """The release with one installer and two small wheels, or with these files."""
    release = replace(catalogue_release(), trees={}, java={})
    return with_python(release, lock=lock or WHEELS, installer=INSTALLER, made={}, execstack={})


def with_python(release: Release, **changes: Any) -> Release:
    """The release with another Python set."""
    return replace(release, pythons={"fate": replace(release.pythons["fate"], **changes)})


def small_python() -> PythonRequirement:
    """The Python set of the small release."""
    return small_release().pythons["fate"]


def small_set(store: Store, release: Release | None = None) -> PythonSet:
    """What a store has of a release's Python set."""
    return index.python_sets(release or small_release(), store)[NAME, "fate"]


_LOAD = catalogue.load


def catalogue_release() -> Release:
    """The release as the catalogue has it, also while a test uses the small one."""
    return _LOAD(NAME)


def use_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue have the small release."""
    monkeypatch.setattr(catalogue, "load", lambda _: small_release())


def an_interpreter(store: Store, content: bytes = b"python") -> Interpreter:
    """An interpreter that the store has accepted."""
    python = artifact(store, "cpython==3.10.13", "cpython-3.10.13.tar.gz", "interpreter", content)
    found = Interpreter(python, "found", "/somewhere/python3.10", (), "2.17")
    index.write_interpreter(small_python(), store, found)
    return found


def filled(root: Path, interpreter: bytes = b"python") -> tuple[Store, ReleaseIndex]:
    """A store that holds the small release."""
    store = Store(root)
    for part in (INSTALLER, *WHEELS):
        artifact(store, part.name, part.filename, part.kind)
    return store, ReleaseIndex({"fate": an_interpreter(store, interpreter)}, (INSTALLER, *WHEELS))


def seemingly_full(root: Path) -> Store:
    """A store that seems to have the real release: files of the right names and sizes, with holes for bytes."""
    store = Store(root)
    for part in index.locked(catalogue_release()):
        path = root / "sha256" / part.sha256[:2] / part.sha256 / part.filename
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            file.truncate(part.size)
    an_interpreter(store)
    return store
