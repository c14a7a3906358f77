"""Downloads with the real pip, from a folder instead of an index."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from fatecloud.artifacts import download
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.artifact import Artifact


class Watcher:
    def __init__(self) -> None:
        self.finished: list[str] = []

    def say(self, text: str) -> None:
        raise AssertionError(text)

    def begin(self, artifacts: Sequence[Artifact]) -> None:
        raise AssertionError(artifacts)

    def received(self, filename: str, size: int) -> None:
        pass

    def working(self, text: str) -> None:
        raise AssertionError(text)

    def done(self, artifact: Artifact) -> None:
        self.finished.append(artifact.filename)


def make_wheel(folder: Path, project: str, tag: str = "cp310-cp310-manylinux_2_28_x86_64") -> Artifact:
    """A wheel that pip accepts."""
    file = folder / f"{project}-1-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{project}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: 1\n")
        archive.writestr(f"{project}-1.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(f"{project}-1.dist-info/RECORD", "")
    content = file.read_bytes()
    return Artifact(f"{project}==1", file.name, hashlib.sha256(content).hexdigest(), len(content), "wheel")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_wheels_for_another_python_come_into_the_store(tmp_path: Path, index: Path) -> None:
    wheels = [
        make_wheel(index, "alpha"),
        make_wheel(index, "beta", "cp38-abi3-manylinux2014_x86_64"),
        make_wheel(index, "gamma", "py2.py3-none-any"),
    ]
    store, watcher = Store(tmp_path / "store"), Watcher()
    download.download_wheels(wheels, "3.10", store, watcher)
    assert all(store.has(wheel.sha256) for wheel in wheels)
    assert sorted(watcher.finished) == sorted(wheel.filename for wheel in wheels)
    assert list((store.root / "incoming").iterdir()) == []


def test_an_artifact_that_the_index_lacks_is_named_in_pips_words(tmp_path: Path, index: Path) -> None:
    present, absent = make_wheel(index, "alpha"), make_wheel(index, "nowhere")
    (index / absent.filename).unlink()
    with pytest.raises(ArtifactError) as caught:
        download.download_wheels([present, absent], "3.10", Store(tmp_path / "store"), Watcher())
    assert caught.value.message.startswith("fetching nowhere==1: pip reports: ERROR")
    assert "No matching distribution found for nowhere==1" in caught.value.message
    assert "index, proxy and CA" in caught.value.remedy


def test_other_bytes_than_locked_are_refused_by_name(tmp_path: Path, index: Path) -> None:
    wheel = make_wheel(index, "alpha")
    store = Store(tmp_path / "store")
    with pytest.raises(HashMismatch) as caught:
        download.download_wheels([replace(wheel, sha256="0" * 64)], "3.10", store, Watcher())
    assert all(part in caught.value.message for part in ("alpha==1", "Expected sha256 " + "0" * 64, wheel.sha256))
    assert list(store.all()) == []


def test_what_came_before_a_failure_stays(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TOGETHER", 1)
    monkeypatch.setattr(download, "WORKERS", 1)
    first, absent = make_wheel(index, "alpha"), make_wheel(index, "nowhere")
    (index / absent.filename).unlink()
    store = Store(tmp_path / "store")
    with pytest.raises(ArtifactError):
        download.download_wheels([first, replace(absent, size=1)], "3.10", store, Watcher())
    assert store.has(first.sha256)


def test_an_interrupt_ends_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []

    def slow(*arguments: object) -> None:
        stop = arguments[-1]
        assert isinstance(stop, Event)
        ended.append(stop.wait(10))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_wheels", slow)
    monkeypatch.setattr(download, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        download.download_wheels([Artifact("a==1", "a", "0", 1, "wheel")], "3.10", Store(tmp_path), Watcher())
    assert ended in ([], [True])


def test_large_files_get_a_process_of_their_own_and_small_ones_share() -> None:
    sizes = [download.ALONE, *range(40)]
    artifacts = [Artifact(f"a{n}==1", f"a{n}", str(n), size, "wheel") for n, size in enumerate(sizes)]
    batches = download._batches(artifacts)
    assert [len(batch) for batch in batches] == [1, 20, 20]
    assert sorted(a.name for batch in batches for a in batch) == sorted(a.name for a in artifacts)


def test_nothing_to_download_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_pip", None)
    download.download_wheels([], "3.10", Store(tmp_path), Watcher())
    assert not (tmp_path / "incoming").exists()
