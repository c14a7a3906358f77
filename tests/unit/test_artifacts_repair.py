"""A wheel whose library asks for an executable stack reaches nodes without that demand, and otherwise unchanged."""

import base64
import hashlib
import importlib.util
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fatecloud import catalogue
from fatecloud.artifacts import fetch, repair
from fatecloud.artifacts.index import lock_digest
from fatecloud.artifacts.pack import patchelf
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError
from fatecloud.model.release import Artifact, Release

NAME = "torchlike-1-cp310-cp310-manylinux1_x86_64.whl"
LIBRARY = "torchlike/lib/libbig.so"


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def begin(self, artifacts: Sequence[Artifact]) -> None: ...
    def received(self, filename: str, size: int) -> None: ...
    def working(self, text: str) -> None:
        raise AssertionError(text)

    def done(self, artifact: Artifact) -> None: ...


def a_library(folder: Path) -> Path:
    """A real shared library that asks for an executable stack."""
    spec = importlib.util.find_spec("yaml._yaml")
    assert spec is not None
    assert spec.origin is not None
    library = Path(shutil.copy(spec.origin, folder / "libbig.so"))
    patchelf("--set-execstack", str(library))
    return library


def hashed(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def a_wheel(folder: Path) -> Path:
    files = {"torchlike/__init__.py": b"x = 1\n" * 1000, LIBRARY: a_library(folder).read_bytes()}
    record = "".join(f"{name},{hashed(data)},{len(data)}\n" for name, data in files.items())
    with zipfile.ZipFile(folder / NAME, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("torchlike-1.dist-info/RECORD", record + "torchlike-1.dist-info/RECORD,,\n")
    return folder / NAME


@pytest.fixture
def world(tmp_path: Path) -> tuple[Store, Artifact, Release]:
    wheel = a_wheel(tmp_path)
    store = Store(tmp_path / "store")
    sha256 = sha256_of(wheel)
    store.add(wheel, sha256)
    release = catalogue.load("fate-2.2.0")
    python = replace(release.python, execstack={"torchlike==1": (LIBRARY,)})
    return store, Artifact("torchlike==1", NAME, sha256, wheel.stat().st_size, "wheel"), replace(release, python=python)


def test_the_flag_is_cleared_and_the_record_agrees(world: tuple[Store, Artifact, Release], tmp_path: Path) -> None:
    store, locked, release = world
    (derived,) = repair.repair_wheels(release, [locked], store, Said())
    assert derived.sha256 != locked.sha256
    assert store.has(locked.sha256)
    with zipfile.ZipFile(store.path(derived.sha256)) as new, zipfile.ZipFile(store.path(locked.sha256)) as old:
        assert new.testzip() is None
        assert new.namelist() == old.namelist()
        assert new.read("torchlike/__init__.py") == old.read("torchlike/__init__.py")
        library = new.read(LIBRARY)
        assert f"{LIBRARY},{hashed(library)},{len(library)}" in new.read("torchlike-1.dist-info/RECORD").decode()
        extracted = Path(new.extract(LIBRARY, tmp_path))
    assert patchelf("--print-execstack", str(extracted)).split()[-1] == "-"
    changed = [
        at for at, (a, b) in enumerate(zip(library, (tmp_path / "libbig.so").read_bytes(), strict=True)) if a != b
    ]
    assert len(changed) == 1, "nothing but the flag"


def test_it_is_done_once_and_gives_the_same_bytes_in_another_store(
    world: tuple[Store, Artifact, Release], tmp_path: Path
) -> None:
    store, locked, release = world
    said = Said()
    first = repair.repair_wheels(release, [locked], store, said)
    assert repair.repair_wheels(release, [locked], store, said) == first
    assert len(said.lines) == 1
    other = Store(tmp_path / "other")
    other.add(store.path(locked.sha256), locked.sha256)
    assert repair.repair_wheels(release, [locked], other, Said()) == first


def test_another_list_of_libraries_makes_another_wheel(world: tuple[Store, Artifact, Release]) -> None:
    store, locked, release = world
    empty = replace(release, python=replace(release.python, execstack={locked.name: ()}))
    (before,) = repair.repair_wheels(empty, [locked], store, Said())
    assert repair.repaired(release, locked, store) is None
    (after,) = repair.repair_wheels(release, [locked], store, Said())
    assert (after.filename == before.filename, after.sha256 == before.sha256) == (False, False)
    assert repair.repaired(empty, locked, store) == before


def test_a_repaired_wheel_is_not_downloaded_again(
    world: tuple[Store, Artifact, Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, locked, release = world
    repair.repair_wheels(release, [locked], store, Said())
    store.discard(locked.sha256)
    asked: list[Artifact] = []
    monkeypatch.setattr(fetch, "download_wheels", lambda wheels, *_: asked.extend(wheels))
    monkeypatch.setattr(fetch, "derive_wheels", lambda *_: ())
    monkeypatch.setattr("fatecloud.artifacts.interpreter.choose", lambda *_: None)
    monkeypatch.setattr("fatecloud.artifacts.index.write", lambda *_: None)
    python = replace(release.python, lock=(locked,))
    fetch.fetch(replace(release, python=python), store, Said())
    assert asked == [release.python.installer]


def test_a_wheel_without_the_named_library_is_refused(world: tuple[Store, Artifact, Release]) -> None:
    store, locked, release = world
    python = replace(release.python, execstack={locked.name: ("torchlike/lib/other.so",)})
    with pytest.raises(ArtifactError, match=r"has no torchlike/lib/other\.so"):
        repair.repair_wheels(replace(release, python=python), [locked], store, Said())


def test_a_store_of_before_the_repair_is_not_taken_for_complete() -> None:
    release = catalogue.load("fate-2.2.0")
    assert release.python.execstack
    plain = replace(release, python=replace(release.python, execstack={}))
    assert lock_digest(release) != lock_digest(plain)


def test_every_wheel_to_repair_is_locked() -> None:
    for release in map(catalogue.load, catalogue.names()):
        assert set(release.python.execstack) <= {artifact.name for artifact in release.python.lock}
