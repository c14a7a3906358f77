"""A fetch brings what is missing, and nothing else."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from artifact_world import artifact, filled, small_release

from fatecloud.artifacts import derive, fetch, python_set
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError
from fatecloud.model.release import Artifact, Release


class Watcher:
    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.steps: list[str] = []

    def say(self, text: str) -> None:
        pass

    def begin(self, artifacts: Sequence[Artifact]) -> None:
        self.wanted = [artifact.name for artifact in artifacts]

    def received(self, filename: str, size: int) -> None:
        pass

    def working(self, text: str) -> None:
        self.steps.append(text)

    def done(self, artifact: Artifact) -> None:
        pass


def release_of(store: Store, *wheels: Artifact) -> Release:
    release = small_release()
    installer = artifact(store, "uv==1", "uv-1-py3-none-any.whl", "installer")
    return replace(release, python=replace(release.python, lock=wheels, installer=installer))


def test_a_complete_store_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled(tmp_path / "store")
    monkeypatch.setattr(fetch, "download_wheels", None)
    monkeypatch.setattr(fetch, "derive_wheels", None)
    assert fetch.fetch(small_release(), store, Watcher()) is False


def test_only_what_is_missing_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    new = Artifact("gamma==3", "gamma-3-py3-none-any.whl", "0" * 64, 1, "wheel")
    release = release_of(store, held.wheels[0], new)
    (store.root / "releases" / f"{release.name}.json").unlink()
    asked: list[Artifact] = []

    def arrive(wheels: Sequence[Artifact], minor: str, into: Store, progress: Progress) -> None:
        asked.extend(wheels)

    monkeypatch.setattr(fetch, "download_wheels", arrive)
    watcher = Watcher()
    assert fetch.fetch(release, store, watcher) is True
    assert asked == [new]
    assert watcher.wanted == ["gamma==3"]


def test_another_interpreter_rewrites_the_index_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    other = Interpreter(artifact(store, "cpython==3.10.8", "other", "interpreter"), "registry", "there", (), "2.17")
    monkeypatch.setattr("fatecloud.artifacts.interpreter.choose", lambda *_: other)
    release = release_of(store, *held.wheels)
    before = python_set(release, store) if fetch.stored(release, store) else None
    assert fetch.fetch(release, store, Watcher(), "maven") is True
    after = python_set(release, store)
    assert before is None or before.digest != after.digest
    assert after.interpreter == other.artifact
    assert after.wheels == held.wheels


def test_a_failed_download_writes_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    (store.root / "releases" / f"{small_release().name}.json").unlink()

    def fail(*_: object) -> None:
        raise ArtifactError("the index is away")

    monkeypatch.setattr(fetch, "download_wheels", fail)
    release = release_of(store, *held.wheels)
    with pytest.raises(ArtifactError, match="index is away"):
        fetch.fetch(release, store, Watcher())
    assert fetch.stored(release, store) is None


def wheel_with(file: Path, names: Sequence[str], year: int, compression: int) -> Path:
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), name * 50)
    return file


def test_derived_wheels_are_the_same_bytes_whenever_they_are_built(tmp_path: Path) -> None:
    one = wheel_with(tmp_path / "a" / "w.whl", ["x.py", "y.py"], 1999, zipfile.ZIP_DEFLATED)
    two = wheel_with(tmp_path / "b" / "w.whl", ["y.py", "x.py"], 2026, zipfile.ZIP_STORED)
    assert sha256_of(one) != sha256_of(two)
    normal = [derive._normalise(wheel, wheel.parent / "normal") for wheel in (one, two)]
    assert sha256_of(normal[0]) == sha256_of(normal[1])
    with zipfile.ZipFile(normal[0]) as archive:
        assert archive.testzip() is None
        assert archive.read("x.py").decode() == "x.py" * 50


def test_a_wheel_derived_before_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    builder = Artifact("setuptools==80", "setuptools-80-py3-none-any.whl", "1" * 64, 1, "wheel")
    sdist = Artifact("alpha==1", "alpha-1.tar.gz", "2" * 64, 1, "sdist")
    release = release_of(store, builder, sdist)
    wheel = held.wheels[0]
    derive._record(release, sdist, store).write_text(f"{wheel.sha256} {wheel.filename}\n")
    monkeypatch.setattr(derive, "_build_environment", None)
    assert derive.derive_wheels(release, held.interpreter, [sdist], store, Watcher()) == (wheel,)


def test_each_wheel_that_is_built_is_named_while_it_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    builder = Artifact("setuptools==80", "setuptools-80-py3-none-any.whl", "1" * 64, 1, "wheel")
    sdists = [Artifact(f"{name}==1", f"{name}-1.tar.gz", "2" * 63 + name[0], 1, "sdist") for name in ("alpha", "beta")]
    release = release_of(store, builder, *sdists)
    wheel, watcher = held.wheels[0], Watcher()

    def build(_release: Release, sdist: Artifact, *_: object) -> None:
        derive._record(release, sdist, store).write_text(f"{wheel.sha256} {wheel.filename}\n")

    monkeypatch.setattr(derive, "_build_environment", lambda *_: tmp_path / "python")
    monkeypatch.setattr(derive, "download_sdists", lambda *_: None)
    monkeypatch.setattr(derive, "_build", build)
    derive.derive_wheels(release, held.interpreter, sdists, store, watcher)
    assert watcher.steps[-3:] == ["building wheel 1 of 2: alpha", "building wheel 2 of 2: beta", ""]
