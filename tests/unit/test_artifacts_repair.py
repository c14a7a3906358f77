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
from artifact_world import small_release, with_python

from fatecloud.artifacts import repair
from fatecloud.artifacts.pack import patchelf
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement

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
def world(tmp_path: Path) -> tuple[Store, Artifact, PythonRequirement]:
    """A store with a wheel to repair, and a Python set that knows what the repair gives."""
    wheel = a_wheel(tmp_path)
    locked = Artifact("torchlike==1", NAME, sha256_of(wheel), wheel.stat().st_size, "wheel")
    store = Store(tmp_path / "store")
    store.add(wheel, locked)
    file = tmp_path / repair.repaired_name(locked, (LIBRARY,))
    (tmp_path / "scratch").mkdir()
    repair._rewrite(wheel, file, (LIBRARY,), tmp_path / "scratch")
    made = Artifact("torchlike==1", file.name, sha256_of(file), file.stat().st_size, "wheel")
    release = small_release(locked)
    release = with_python(release, execstack={"torchlike==1": (LIBRARY,)}, made={"torchlike==1": made})
    return store, locked, release.pythons["fate"]


def test_the_flag_is_cleared_and_the_record_agrees(
    world: tuple[Store, Artifact, PythonRequirement], tmp_path: Path
) -> None:
    store, locked, python = world
    repair.repair_wheels(python, [locked], store, Said())
    made = python.made[locked.name]
    assert made.sha256 != locked.sha256
    assert store.has(locked.sha256)
    with zipfile.ZipFile(store.path(made.sha256)) as new, zipfile.ZipFile(store.path(locked.sha256)) as old:
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


def test_a_repair_with_other_bytes_than_the_catalogue_names_is_refused(
    world: tuple[Store, Artifact, PythonRequirement],
) -> None:
    store, locked, python = world
    other = replace(python.made[locked.name], sha256="0" * 64)
    with pytest.raises(HashMismatch, match=f"made here of torchlike==1: .*expected SHA-256 {'0' * 64}"):
        repair.repair_wheels(replace(python, made={locked.name: other}), [locked], store, Said())


def test_another_list_of_libraries_makes_another_name(world: tuple[Store, Artifact, PythonRequirement]) -> None:
    _, locked, _ = world
    names = {repair.repaired_name(locked, libraries) for libraries in ((), (LIBRARY,), (LIBRARY, "other.so"))}
    assert len(names) == 3


def test_a_wheel_without_the_named_library_is_refused(world: tuple[Store, Artifact, PythonRequirement]) -> None:
    store, locked, python = world
    python = replace(python, execstack={locked.name: ("torchlike/lib/other.so",)})
    with pytest.raises(ArtifactError, match=r"has no torchlike/lib/other\.so"):
        repair.repair_wheels(python, [locked], store, Said())
