"""A fetch brings what is missing, and nothing else."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from artifact_world import WHEELS, artifact, filled, small_python, small_release, small_set, with_python

from fatecloud.artifacts import derive, fetch, index
from fatecloud.artifacts.index import Interpreter
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement
from fatecloud.model.release import Release


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


def test_a_complete_store_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled(tmp_path / "store")
    monkeypatch.setattr(fetch, "download_wheels", None)
    monkeypatch.setattr(fetch, "derive_wheels", None)
    assert fetch.fetch(small_release(), store, Watcher()) is False


def test_only_what_is_missing_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled(tmp_path / "store")
    new = Artifact("gamma==3", "gamma-3-py3-none-any.whl", "0" * 64, 1, "wheel")
    asked: list[Artifact] = []

    def arrive(wheels: Sequence[Artifact], minor: str, into: Store, progress: Progress) -> None:
        asked.extend(wheels)

    monkeypatch.setattr(fetch, "download_wheels", arrive)
    watcher = Watcher()
    assert fetch.fetch(small_release(WHEELS[0], new), store, watcher) is True
    assert asked == [new]
    assert watcher.wanted == ["gamma==3"]


def test_another_interpreter_changes_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled(tmp_path / "store")
    release = small_release()
    before = small_set(store, release)

    def choose(*_: object) -> Interpreter:
        index.write_interpreter(small_python(), store, other)
        return other

    python = artifact(store, "cpython==3.10.8", "other.tar.gz", "interpreter")
    other = Interpreter(python, "registry", "there", (), "2.17")
    monkeypatch.setattr("fatecloud.artifacts.interpreter.choose", choose)
    monkeypatch.setattr(fetch, "download_wheels", lambda missing, *_: pytest.fail("fetched") if missing else None)
    assert fetch.fetch(release, store, Watcher(), "maven") is True
    after = small_set(store, release)
    assert before.digest != after.digest
    assert after.interpreter == other.artifact
    assert after.wheels == WHEELS


def test_an_interpreter_that_is_insisted_on_counts_for_the_sets_that_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, held = filled(tmp_path / "store")
    asked: list[tuple[str, str]] = []

    def choose(python: PythonRequirement, _store: Store, _say: object, insist: str = "") -> Interpreter:
        asked.append((python.minor, insist))
        if insist and python.minor != "3.10":
            raise ArtifactError("it is CPython 3.10")
        return held.interpreters["fate"]

    monkeypatch.setattr("fatecloud.artifacts.interpreter.choose", choose)
    python = small_python()
    both = replace(small_release(), pythons={"old": replace(python, minor="3.6"), "fate": python})
    fetch.fetch(both, store, Watcher(), "/opt/python3.10")
    assert asked == [("3.6", "/opt/python3.10"), ("3.6", ""), ("3.10", "/opt/python3.10")]
    neither = replace(both, pythons={"old": both.pythons["old"]})
    with pytest.raises(ArtifactError, match=r"it is CPython 3\.10"):
        fetch.fetch(neither, store, Watcher(), "/opt/python3.10")


def test_a_failed_download_leaves_it_incomplete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled(tmp_path / "store")
    store.discard(WHEELS[0].sha256)

    def fail(*_: object) -> None:
        raise ArtifactError("the index is away")

    monkeypatch.setattr(fetch, "download_wheels", fail)
    with pytest.raises(ArtifactError, match="index is away"):
        fetch.fetch(small_release(), store, Watcher())
    assert fetch.stored(small_release(), store) is None


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


BUILDER = Artifact("setuptools==80", "setuptools-80-py3-none-any.whl", "1" * 64, 1, "wheel")
SDISTS = tuple(Artifact(f"{name}==1", f"{name}-1.tar.gz", "2" * 63 + name[0], 1, "sdist") for name in ("alpha", "beta"))


def with_sources(**made: Artifact) -> Release:
    release = small_release(BUILDER, *SDISTS)
    wheels = {f"{name}==1": wheel for name, wheel in made.items()}
    return with_python(release, made=wheels)


def test_a_wheel_derived_before_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    release = with_sources(alpha=WHEELS[0], beta=replace(WHEELS[1], sha256="0" * 64))
    asked: list[Artifact] = []
    monkeypatch.setattr(fetch, "download_wheels", lambda *_: None)
    monkeypatch.setattr(fetch, "derive_wheels", lambda _r, _i, sdists, *_: asked.extend(sdists))
    fetch.fetch(release, store, Watcher())
    assert asked == [SDISTS[1]]
    monkeypatch.setattr(derive, "_build_environment", None)
    derive.derive_wheels(release.pythons["fate"], held.interpreters["fate"], [], store, Watcher())


def test_each_wheel_that_is_built_is_named_while_it_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, held = filled(tmp_path / "store")
    release, watcher = with_sources(alpha=WHEELS[0], beta=WHEELS[1]), Watcher()
    monkeypatch.setattr(derive, "_build_environment", lambda *_: tmp_path / "python")
    monkeypatch.setattr(derive, "download_sdists", lambda *_: None)
    monkeypatch.setattr(derive, "_build", lambda *_: None)
    derive.derive_wheels(release.pythons["fate"], held.interpreters["fate"], SDISTS, store, watcher)
    assert watcher.steps[-3:] == ["building wheel 1 of 2: alpha", "building wheel 2 of 2: beta", ""]


def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Artifact, content: bytes) -> Store:
    """A store after a build that gave this content. The build sees nothing of the operator's environment."""
    store, _ = filled(tmp_path / "store")
    sdist = artifact(store, "alpha==1", "alpha-1.tar.gz", "sdist")
    release = small_release(BUILDER, sdist)
    release = with_python(release, made={"alpha==1": made})

    def run(argv: list[str], doing: str, environment: dict[str, str]) -> None:
        assert "OPERATORS" not in environment
        assert environment["SOURCE_DATE_EPOCH"] == "315532800"
        out = Path(argv[argv.index("--out-dir") + 1])
        out.mkdir()
        with zipfile.ZipFile(out / "alpha-1-py3-none-any.whl", "w") as archive:
            archive.writestr("alpha.py", content)

    monkeypatch.setenv("OPERATORS", "own")
    monkeypatch.setattr(derive, "_run", run)
    with store.workspace() as scratch:
        derive._build(release.pythons["fate"], sdist, scratch / "python", {}, store, scratch)
    return store


def test_a_build_with_other_bytes_than_the_catalogue_names_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "alpha-1-py3-none-any.whl", "w") as archive:
        archive.writestr("alpha.py", b"good")
    normal = derive._normalise(tmp_path / "alpha-1-py3-none-any.whl", tmp_path / "normal")
    made = Artifact("alpha==1", normal.name, sha256_of(normal), normal.stat().st_size, "wheel")
    assert built(tmp_path / "one", monkeypatch, made, b"good").holds(made)
    with pytest.raises(HashMismatch, match=r"made here of alpha==1: alpha-1-py3-none-any\.whl: expected"):
        built(tmp_path / "two", monkeypatch, made, b"evil")
    with pytest.raises(ArtifactError, match="expected alpha-1-cp310"):
        built(tmp_path / "three", monkeypatch, replace(made, filename="alpha-1-cp310-cp310-any.whl"), b"good")


@pytest.mark.parametrize(("minor", "read_by"), [("3.8", "read"), ("3.10", "build")])
def test_what_an_sdist_says_is_read_by_the_controllers_python_where_pip_does_not_run_in_the_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minor: str, read_by: str
) -> None:
    store, held = filled(tmp_path / "store")
    python = replace(with_sources(alpha=WHEELS[0]).pythons["fate"], minor=minor)
    asked: list[str] = []
    monkeypatch.setattr(derive, "metadata", lambda _: {"Requires-Python": ">=3.10"})
    monkeypatch.setattr(derive, "unpack", lambda *_: None)
    monkeypatch.setattr(derive, "_environment", lambda _p, _base, name, *_: Path(name))
    monkeypatch.setattr(derive, "download_sdists", lambda _s, program, *_: asked.append(str(program)))
    monkeypatch.setattr(derive, "_build", lambda *_: None)
    monkeypatch.setattr(Store, "holds", lambda *_: False)
    monkeypatch.setattr(Store, "verified", lambda *_: tmp_path)
    derive.derive_wheels(python, held.interpreters["fate"], SDISTS[:1], store, Watcher())
    assert asked == [read_by]
