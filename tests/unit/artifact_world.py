"""Small stores for tests: a release whose files are a few bytes each."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from fatecloud import catalogue
from fatecloud.artifacts import index
from fatecloud.artifacts.index import Interpreter, ReleaseIndex
from fatecloud.artifacts.store import Store
from fatecloud.model.release import Artifact, ArtifactKind, Release

NAME = "fate-2.2.0"


def artifact(store: Store, name: str, filename: str, kind: ArtifactKind, content: bytes | None = None) -> Artifact:
    """Put a small file into a store."""
    content = filename.encode() if content is None else content
    sha256 = hashlib.sha256(content).hexdigest()
    file = store.root.parent / filename
    file.write_bytes(content)
    store.add(file, sha256)
    file.unlink()
    return Artifact(name, filename, sha256, len(content), kind)


def small_release() -> Release:
    """The release with a lock of nothing, for tests that bring their own artifacts."""
    release = catalogue.load(NAME)
    return replace(release, python=replace(release.python, lock=()))


def filled(root: Path, interpreter: bytes = b"python") -> tuple[Store, ReleaseIndex]:
    """A store that holds a release of one interpreter, one installer and two wheels."""
    store = Store(root)
    root.mkdir(parents=True, exist_ok=True)
    python = artifact(store, "cpython==3.10.13", "cpython-3.10.13.tar.gz", "interpreter", interpreter)
    uv = artifact(store, "uv==1", "uv-1-py3-none-any.whl", "installer")
    wheels = (
        artifact(store, "alpha==1", "alpha-1-cp310-cp310-manylinux_2_24_x86_64.manylinux_2_17_x86_64.whl", "wheel"),
        artifact(store, "beta==2", "beta-2-cp310-cp310-manylinux_2_28_x86_64.whl", "wheel"),
    )
    held = ReleaseIndex(Interpreter(python, "found", "/somewhere/python3.10", (), "2.17"), uv, wheels)
    release = small_release()
    index.write_interpreter(release, store, held.interpreter)
    index.write(release, store, held)
    return store, held
